import type { RepoIdentity } from './identity.ts';
import type { AnnouncedStatus, RepoStatus } from './repo-status.ts';

export const REPO_TYPES = ['deb', 'rpm', 'raw'] as const;

export type RepoType = (typeof REPO_TYPES)[number];

/** Bytes by their name in the blob store. */
export interface BlobRef {
  readonly sha256: string;
  readonly size: number;
}

/** An uploaded file. `blob` is null for one that was only announced by its metadata. */
export interface Binary {
  readonly name: string;
  readonly arch: string;
  readonly blob: BlobRef | null;
  /** RFC 3339 UTC. */
  readonly created: string;
  readonly modified: string;
  readonly builtBy: string | null;
  /** The repo's revision that brought these bytes: what a generation has not seen is newer. */
  readonly revision: number;
}

/** A package that is stored but not in the index, and why. */
export interface LeftOut {
  readonly name: string;
  readonly arch: string;
  readonly reason: string;
  /** The path of the repo it was uploaded to, where that is another one. */
  readonly from?: string;
}

/** Another repo whose files a generation holds, as that repo was at the time. */
export interface TakenFrom {
  /** Its path. */
  readonly repo: string;
  /** When it was made: made again, it counts its revisions anew. */
  readonly created: string;
  readonly revision: number;
}

/** Why a publish failed, and the package that made it fail when there is one. */
export interface Failure {
  readonly message: string;
  readonly package: string | null;
}

/** The generation that clients see now. */
export interface LiveGeneration {
  readonly number: number;
  /** The generation whose files are served: an older number when nothing had changed since. */
  readonly files: number;
  /** RFC 3339 UTC. */
  readonly published: string;
  /**
   * When what it holds of its own was published first, where that was earlier: repos that take
   * packages of others are published anew whenever those change, and are no younger for it.
   */
  readonly ownPublished?: string;
  /** The repo's revision it was made from. */
  readonly revision: number;
  readonly archs: readonly string[];
  readonly packages: number;
  /** Fingerprint of the key that signed it; null when it is unsigned. */
  readonly signedBy: string | null;
  /** Same package, version and arch as another one of other bytes, which was published instead. */
  readonly shadowed: readonly LeftOut[];
  /** A lower version than another one of the same package. */
  readonly superseded: readonly LeftOut[];
  /** Files that cannot be indexed alone, such as a .dsc whose tarball is missing. */
  readonly incomplete: readonly LeftOut[];
  /** The other repos it was made from, by path. */
  readonly sources: readonly TakenFrom[];
}

/** A state change that shaman has not acknowledged yet. */
export interface PendingEvent {
  readonly sequence: number;
  readonly status: AnnouncedStatus;
  readonly generation: number;
  readonly archs: readonly string[];
  readonly reason: string | null;
  /** RFC 3339 UTC. */
  readonly at: string;
}

/** A generation that somebody keeps, whatever its time. */
export interface KeptGeneration {
  readonly files: number;
  readonly reason: string;
  readonly by: string;
  /** RFC 3339 UTC. */
  readonly since: string;
}

/** Everything of a repository but its binaries. */
export interface RepoHead {
  readonly type: RepoType | null;
  readonly status: RepoStatus;
  readonly failure: Failure | null;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly created: string;
  readonly modified: string;
  /** Grows with each change of its binaries. */
  readonly revision: number;
  /** The last number a publish took; each takes the next one, failed ones too. */
  readonly generation: number;
  readonly live: LiveGeneration | null;
  /** Kept generations before the live one: they stay readable until their time is over. */
  readonly older: readonly { readonly files: number; readonly replaced: string }[];
  /** What came during a publish and is taken up when that ends: an `update`, or an upload that waits its quiet time. */
  readonly again: 'now' | 'quiet' | null;
  /** The next publish makes every file anew, even when nothing changed (`recreate`). */
  readonly rebuild: boolean;
  /** The next publish serves the packages of this kept generation again, whatever was uploaded. */
  readonly goBackTo: number | null;
  readonly kept: readonly KeptGeneration[];
  /** The last event's sequence. */
  readonly sequence: number;
  readonly events: readonly PendingEvent[];
}

/** A repository as it is now. */
export interface Repo {
  readonly identity: RepoIdentity;
  readonly head: RepoHead;
  /** By `binaryKey`. */
  readonly binaries: ReadonlyMap<string, Binary>;
}

/** What is written as one durable step. */
export interface RepoChange {
  readonly head?: RepoHead;
  readonly put?: readonly Binary[];
  /** Keys of binaries. */
  readonly remove?: readonly string[];
}

/** A binary's key within its repo: "/" stands in neither part. */
export function binaryKey(arch: string, name: string): string {
  return `${arch}/${name}`;
}

/** The head of a repo that its first upload makes. */
export function newRepoHead(now: string): RepoHead {
  return {
    type: null,
    status: 'collecting',
    failure: null,
    extra: {},
    created: now,
    modified: now,
    revision: 0,
    generation: 0,
    live: null,
    older: [],
    again: null,
    rebuild: false,
    goBackTo: null,
    kept: [],
    sequence: 0,
    events: [],
  };
}

/** How many changes of its binaries (added, replaced, removed) the live generation does not show. */
export function unpublishedCount(repo: Repo): number {
  const { live, revision } = repo.head;
  return live === null ? repo.binaries.size : revision - live.revision;
}

/** The distinct archs under which binaries were uploaded, sorted. */
export function archsOf(binaries: Iterable<Pick<Binary, 'arch'>>): string[] {
  const archs = new Set<string>();
  for (const binary of binaries) archs.add(binary.arch);
  return [...archs].sort();
}

/** The type that a repo takes from its first binary: as the original, everything but an rpm means deb. */
export function typeFromName(name: string): RepoType {
  return name.endsWith('.rpm') ? 'rpm' : 'deb';
}
