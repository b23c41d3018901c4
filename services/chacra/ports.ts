import type { ExportTrees, KeptIndex } from '../domain/export-tree.ts';
import type { Generation, IndexFile, PublishedPackage } from '../domain/generation.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { PackageHeader } from '../domain/package-header.ts';
import type { Pin, PinnedCommit } from '../domain/pin.ts';
import type { BlobRef, Repo, RepoChange } from '../domain/repo.ts';

export type { Clock } from '../domain/clock.ts';
export type { Log } from '../domain/log.ts';
type Level<T> = ReadonlyMap<string, T>;
/** project -> ref -> sha1 -> distro -> distro version -> flavor -> repo, without deleted ones. */
export type FlavorLevel = Level<Repo>;
export type VersionLevel = Level<FlavorLevel>;
export type DistroLevel = Level<VersionLevel>;
export type Sha1Level = Level<DistroLevel>;
export type RefLevel = Level<Sha1Level>;
export type ProjectLevel = Level<RefLevel>;

/**
 * The repositories of this node. One process owns them, so reads answer from memory at once;
 * only what must survive is awaited.
 */
export interface RepoStore {
  /** The repo, or its tombstone (status `deleted`) while shaman has not been told. */
  get(identity: RepoIdentity): Repo | undefined;
  /**
   * Decides on the current state and applies the change in the same tick, so that two callers never
   * decide on the same state; resolves when the change is durable. `null` changes nothing and resolves
   * when what it was decided on is durable. A write that fails rejects, and the state is again what
   * the disk holds.
   */
  change(
    identity: RepoIdentity,
    decide: (repo: Repo | undefined) => RepoChange | null,
  ): Promise<Repo | undefined>;
  /** As `change`, but durable only with the next durable change of the repo, or shortly after. */
  changeSoon(
    identity: RepoIdentity,
    decide: (repo: Repo | undefined) => RepoChange | null,
  ): Repo | undefined;
  /**
   * Resolves when every change that somebody waits for is durable, and rejects when one of them is not
   * to be: memory shows changes before. Writes nothing by itself.
   */
  settled(identity: RepoIdentity): Promise<void>;
  /** Forgets a tombstone that has nothing left to tell, durably; a repo that lives again stays. */
  drop(identity: RepoIdentity): Promise<void>;
  /** Everything there is, tombstones included. */
  all(): Iterable<Repo>;
  tree(): ProjectLevel;
  /**
   * Calls after each change: for `change` when it is durable, for `changeSoon` at once. Also when a
   * `change` has failed, with what is there: others may have seen what was taken back.
   */
  watch(listener: (repo: Repo) => void): void;
}

/** The projects that exist, with or without repositories. */
export interface ProjectStore {
  has(name: string): boolean;
  names(): string[];
  /** Durable; an existing one is left as it is. */
  create(name: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/** What somebody pinned: at most one pin for each sha1 of a project and ref. */
export interface PinStore {
  get(commit: PinnedCommit): Pin | undefined;
  /** By project, ref and sha1; ended ones too, until they are removed. */
  all(): Pin[];
  /** Holds at once, durable when it resolves; takes the place of a former one. */
  put(pin: Pin): Promise<void>;
  /** Durable; there need not be one. */
  remove(commit: PinnedCommit): Promise<void>;
}

/**
 * Gets the next bytes, which must stay as they are from now on. Null when more may come at once; what
 * is promised is to be waited for before.
 */
export type Take = (chunk: Uint8Array) => Promise<void> | null;

/**
 * Bytes that come by themselves, for one who takes them all. Resolves after the last ones; rejects when
 * they break off or `take` fails, and gives it nothing more then.
 */
export type ByteFlow = (take: Take) => Promise<void>;

/** Bytes that arrived and are not kept yet. */
export interface ReceivedBlob {
  readonly ref: BlobRef;
  /** Hexadecimal; from a worker that follows the stream. */
  sha512(): Promise<string>;
  /** Makes the bytes a durable blob, with the header beside it. The sweep spares it until `release`. */
  keep(header: PackageHeader | null): Promise<void>;
  /** Removes what arrived; harmless after `keep`. */
  discard(): Promise<void>;
  /** The caller's document names the blob now (or never will). */
  release(): void;
}

export interface BlobReader {
  readonly size: number;
  /** Fills the buffer from the position; answers the bytes read. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/** Immutable bytes, each stored once under its sha256. */
export interface BlobStore {
  /**
   * Takes a body in: hashed while it is written, each chunk shown to `observe` as it passes.
   * Leaves nothing behind when the body, the limit (BODY_TOO_LARGE) or `observe` throws.
   */
  receive(
    body: ByteFlow,
    options: { readonly limit: number; readonly observe: (chunk: Uint8Array) => void },
  ): Promise<ReceivedBlob>;
  has(sha256: string): Promise<boolean>;
  /** How many bytes are stored under it; null when none are. */
  sizeOf(sha256: string): Promise<number | null>;
  open(sha256: string): Promise<BlobReader>;
  /**
   * The parsed header of a package: from memory, from beside the blob, or read again from its bytes.
   * `name` decides how it is read. Null when the name is no package's; PACKAGE_MALFORMED otherwise.
   */
  header(ref: BlobRef, name: string): Promise<PackageHeader | null>;
  /** The same as far as memory tells; undefined when it must be waited for. */
  knownHeader(ref: BlobRef, name: string): PackageHeader | null | undefined;
  /** Waits for the worker when it is still busy with this blob; computed again when it is missing. */
  sha512(ref: BlobRef): Promise<string>;
  /** Keeps the sweep away from blobs that no document names at the moment. */
  hold(sha256s: Iterable<string>): () => void;
  /** Free bytes of the file system, for the reserve. */
  freeBytes(): Promise<number>;
  /** Removes every blob that is neither in use nor held, received or kept since the sweep began. */
  sweep(inUse: () => Promise<ReadonlySet<string>>): Promise<{ removed: number; bytes: number }>;
}

/** Published generations: manifests are durable, index files are derivable from them. */
export interface GenerationStore {
  /**
   * Durable when it resolves, as far as the manifest goes. Its files, given by their path, can be read
   * then; they come to the disk behind it.
   */
  write(
    identity: RepoIdentity,
    generation: Generation,
    files: ReadonlyMap<string, Uint8Array>,
  ): Promise<void>;
  read(identity: RepoIdentity, number: number): Promise<Generation>;
  /** Those of its packages that are some of these bytes; none for a generation that is gone. */
  packagesOf(
    identity: RepoIdentity,
    number: number,
    sha256s: ReadonlySet<string>,
  ): Promise<readonly PublishedPackage[]>;
  /**
   * The bytes of an index file, checked against its hash when they come from disk for the first
   * time; null when they are lost or wrong, so that the caller derives them again.
   */
  bytes(identity: RepoIdentity, file: IndexFile): Promise<Uint8Array | null>;
  /** Whether an index file is on the disk as it should be, read anew; a wrong one is given up. */
  isWhole(identity: RepoIdentity, file: IndexFile): Promise<boolean>;
  /** Puts derived bytes back. */
  restore(identity: RepoIdentity, file: IndexFile, bytes: Uint8Array): Promise<void>;
  /** Removes a generation and the index files that no other one names. */
  remove(identity: RepoIdentity, number: number): Promise<void>;
  /** Removes every generation up to a number: a repo made again meanwhile has higher ones. */
  removeUpTo(identity: RepoIdentity, number: number): Promise<void>;
  /** Removes the generations of all other repos: called once, before anything is written. */
  removeAllBut(identities: Iterable<RepoIdentity>): Promise<void>;
  /** Waits until every file that was written is on the disk. */
  settled(): Promise<void>;
}

/** Published repositories as plain folders, for whoever reads files instead of asking this service. */
export interface ExportStore {
  /** Whose folders are there. */
  identities(): Promise<readonly RepoIdentity[]>;
  /**
   * Makes a repo's folders show these files; until then readers see what was there, whole. What stands
   * there under the same names is believed, unless `isCheck` asks to compare each file.
   */
  put(
    identity: RepoIdentity,
    trees: ExportTrees,
    options: {
      readonly bytes: (index: KeptIndex) => Promise<Uint8Array>;
      readonly now: Date;
      readonly isCheck: boolean;
    },
  ): Promise<void>;
  /** Removes a repo's folders; those that are not there are fine. */
  remove(identity: RepoIdentity): Promise<void>;
  /** Removes what was replaced before a time. */
  sweep(replacedBefore: Date): Promise<void>;
}

/** What shaman made of an event. */
export type Receipt =
  | { readonly taken: true }
  /** Shaman is there and does not want this event, for instance because our key is wrong. */
  | { readonly taken: false; readonly reason: string };

/** What this node says of itself: bytes, the load average of a minute, a version. */
export interface NodeReport {
  readonly url: string;
  readonly free_bytes: number;
  readonly load: number;
  readonly version: string;
}

export interface NodeRegistry {
  /** Registers this node, again and again; rejects when shaman did not take it. */
  reportNode(host: string, report: NodeReport): Promise<void>;
}

export interface ShamanClient {
  /** Rejects when shaman cannot be reached or is in trouble itself. */
  postRepo(project: string, body: object): Promise<Receipt>;
}
