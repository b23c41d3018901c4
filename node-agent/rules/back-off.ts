/** What could not be done, and when it is tried again. */
export interface Attempts {
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly next: number;
  readonly reason: string;
}

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;

/** After one more failure: twice the pause, up to a minute, for ever. */
export function triedAgain(before: Attempts | undefined, reason: string, now: Date): Attempts {
  const count = (before?.count ?? 0) + 1;
  const pause = Math.min(FIRST_PAUSE * 2 ** Math.min(count - 1, 10), LONGEST_PAUSE);
  return { count, next: now.getTime() + pause, reason };
}
