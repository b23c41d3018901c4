import type { Clock } from '../../services/domain/clock.ts';

/** Waits so long, or until the engine is closed. Leaves no listener behind: feeds pause for as long as the service runs. */
export function untilOrClosed(
  clock: Clock,
  milliseconds: number,
  closed: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      closed.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(milliseconds, end);
    closed.addEventListener('abort', end);
  });
}
