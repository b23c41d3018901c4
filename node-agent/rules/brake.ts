/** A template's failures in a row. */
export interface Brake {
  /** Of the template whose agents failed: another text starts anew. */
  readonly templateDigest: string;
  readonly failures: number;
  /** Why the last one failed. */
  readonly reason: string;
  /** Nothing is made before this time, and then one to try; RFC 3339 UTC. */
  readonly until: string;
}

const FIRST_PAUSE = 5000;
const LONGEST_PAUSE = 300_000;
const QUARANTINE_AFTER = 5;

/** The brake after one more failure: it pauses twice as long each time, up to five minutes. */
export function braked(
  before: Brake | undefined,
  failure: { readonly templateDigest: string; readonly reason: string },
  now: Date,
): Brake {
  const isSame = before?.templateDigest === failure.templateDigest;
  const failures = (isSame ? before.failures : 0) + 1;
  const pause = Math.min(FIRST_PAUSE * 2 ** Math.min(failures - 1, 16), LONGEST_PAUSE);
  return { ...failure, failures, until: new Date(now.getTime() + pause).toISOString() };
}

/** How many agents may be on their way: any number without a brake, none in its pause, then one to try. */
export function brakeAllows(
  brake: Brake | undefined,
  templateDigest: string,
  now: Date,
): { readonly onTheirWay: number; readonly reason: string | null } {
  if (brake === undefined || brake.templateDigest !== templateDigest) {
    return { onTheirWay: Infinity, reason: null };
  }
  const word = isQuarantined(brake) ? 'is in quarantine' : 'pauses';
  const reason = `${word} after ${brake.failures} failures in a row, the last one: ${brake.reason}`;
  return { onTheirWay: Date.parse(brake.until) <= now.getTime() ? 1 : 0, reason };
}

/** Whether so much went wrong that somebody should look. */
export function isQuarantined(brake: Brake): boolean {
  return brake.failures >= QUARANTINE_AFTER;
}
