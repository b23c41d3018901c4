import type { Clock } from '../domain/clock.ts';

/**
 * So long, what comes is the first signal once more: to a whole group of processes, npm and launch.mjs
 * pass on what we have had already.
 */
const COPIES_MILLISECONDS = 1000;

/** Resolves with the first signal to stop; one that is no copy of it ends the process at once. */
export function toldToStop(
  signals: readonly NodeJS.Signals[],
  clock: Clock,
): Promise<NodeJS.Signals> {
  return new Promise((done) => {
    let first: number | null = null;
    const hear = (signal: NodeJS.Signals): void => {
      const now = clock.now().getTime();
      first ??= now;
      if (now - first < COPIES_MILLISECONDS) return done(signal);
      for (const each of signals) process.off(each, hear);
      process.kill(process.pid, signal);
    };
    for (const each of signals) process.on(each, hear);
  });
}
