import type { RepoIdentity } from './identity.ts';
import type { AnnouncedStatus } from './repo-status.ts';
import type { RepoType } from './repo.ts';

/** A moment, and its place in the one order of all changes: two of one millisecond have an order too. */
export interface Moment {
  /** RFC 3339 UTC. */
  readonly at: string;
  /** Grows with each change, through restarts; about the microseconds since 1970. */
  readonly order: number;
}

/** What shaman knows of one repo on one storage node. Its key is `chacraUrl`. */
export interface ShamanRepo {
  /** `distroVersion` as it was announced: a codename for apt, a number for yum. */
  readonly identity: RepoIdentity;
  /** Where the node describes it; ends in "/". */
  readonly chacraUrl: string;
  /** Where packages are fetched from; ends in "/"; empty while nobody has told. */
  readonly url: string;
  /** `deleted`: a tombstone, kept for a day because of its sequence, and in no listing. */
  readonly status: AnnouncedStatus;
  /** Why it failed. */
  readonly reason: string | null;
  /** Null when the node did not say: then it follows from the distro. */
  readonly type: RepoType | null;
  /** Of the live generation; before there is one, those that were uploaded. */
  readonly archs: readonly string[];
  readonly extra: Readonly<Record<string, unknown>>;
  /** Of the last event taken; null after bodies without one, which are the original's. */
  readonly sequence: number | null;
  /** Of the publish that the last event is about; null when the node does not number them. */
  readonly generation: number | null;
  /** What clients of the repo see; null before the first one, or when the node does not number them. */
  readonly liveGeneration: number | null;
  /** First event of this record. RFC 3339 UTC. */
  readonly created: string;
  /** The last event, and its place among all changes: listings go by `modified.order`, newest first. */
  readonly modified: Moment;
  /** Set while the node answers that it has no such repo: the record is `failed` then, and was this before. */
  readonly gone: { readonly since: string; readonly was: AnnouncedStatus } | null;
}
