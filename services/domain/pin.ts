/** What a pin holds: everything of one sha1 of a project and ref. */
export interface PinnedCommit {
  readonly project: string;
  readonly ref: string;
  readonly sha1: string;
}

/** Somebody's word that a sha1 stays, whatever the retention rules say. */
export interface Pin extends PinnedCommit {
  readonly reason: string;
  /** RFC 3339 UTC; null: for ever. */
  readonly until: string | null;
  /** The user who said so. */
  readonly by: string;
  /** RFC 3339 UTC. */
  readonly since: string;
}

/** Whether a pin still holds. */
export function isInForce({ until }: Pin, now: Date): boolean {
  return until === null || Date.parse(until) > now.getTime();
}
