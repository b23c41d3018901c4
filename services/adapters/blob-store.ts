import { open, stat, statfs } from 'node:fs/promises';
import type { BlobReader, BlobStore, ByteFlow, Clock, ReceivedBlob } from '../chacra/ports.ts';
import type { BlobShelf } from '../chacra/verification-ports.ts';
import type { PackageHeader } from '../domain/package-header.ts';
import type { BlobRef } from '../domain/repo.ts';
import type { PackageTap } from '../formats/package-tap.ts';
import { directWriter } from '../platform/file-writer.ts';
import type { FileWriter } from '../platform/file-writer.ts';
import { isMissing } from '../platform/durable-file.ts';
import { Lanes } from '../platform/lanes.ts';
import { BesideBlobs } from './beside-blob.ts';
import { BlobDigests } from './blob-digests.ts';
import { BlobHeaders } from './blob-headers.ts';
import { takeIn } from './blob-intake.ts';
import { BlobPlaces } from './blob-places.ts';
import { openBlobReader } from './blob-reader.ts';
import { BodyGarbage } from './body-garbage.ts';
import { BodyMemory } from './body-memory.ts';
import { DiskBlobShelf } from './blob-shelf.ts';
import { sweepFolder } from './blob-sweep.ts';
import { readOrDamaged } from './read-or-damaged.ts';
import { ReceivedBytes } from './received-bytes.ts';
import { ReceivedFile } from './received-file.ts';
import { Sha512Thread } from './sha512-thread.ts';

const HEADER_CACHE_BYTES = 32 * 1024 * 1024;
const FREE_SPACE_MILLISECONDS = 1000;
/** Of whole packages, for the headers that are lost. */
const PARALLEL_READS = 4;

export interface BlobStoreOptions {
  readonly root: string;
  readonly clock: Clock;
  readonly tapFor: (name: string) => PackageTap | null;
  /** False computes a sha512 only when it is asked for. */
  readonly sha512: boolean;
  readonly headerCacheBytes?: number;
  readonly files?: FileWriter;
  readonly thread?: Sha512Thread;
}

/** Opens the blobs below a folder, after clearing away what a former process left half done. */
export async function openBlobStore(options: BlobStoreOptions): Promise<DiskBlobStore> {
  const places = new BlobPlaces(options.root);
  await places.prepare();
  return new DiskBlobStore(places, options);
}

/** Blobs as files named by their sha256; see docs/adr/0002. */
export class DiskBlobStore implements BlobStore {
  readonly #root: string;
  readonly #clock: Clock;
  readonly #follows: boolean;
  readonly #files: FileWriter;
  readonly #places: BlobPlaces;
  readonly #thread: Sha512Thread;
  readonly #garbage = new BodyGarbage();
  readonly #memory = new BodyMemory();
  readonly #wholeReads = new Lanes(PARALLEL_READS);
  readonly #headers: BlobHeaders;
  readonly #digests: BlobDigests;
  /** The same blobs for whoever doubts them. */
  readonly shelf: BlobShelf;
  /** How many hold each blob. */
  readonly #held = new Map<string, number>();
  /** While a sweep runs: what was taken up since it began. */
  #touched: Set<string> | null = null;
  #sweeping: Promise<void> = Promise.resolve();
  /** Then nothing is removed any more: the folder may soon be another process's, with blobs that we do not know. */
  #areSweepsOver = false;
  #free = { bytes: 0, until: 0 };

  constructor(places: BlobPlaces, options: BlobStoreOptions) {
    this.#root = options.root;
    this.#clock = options.clock;
    this.#follows = options.sha512;
    this.#files = options.files ?? directWriter;
    this.#thread = options.thread ?? new Sha512Thread();
    this.#places = places;
    const beside = new BesideBlobs();
    const [thread, files] = [this.#thread, this.#files];
    this.#digests = new BlobDigests({ places, thread, beside, files });
    this.#headers = new BlobHeaders({
      places,
      tapFor: options.tapFor,
      readThrough: (ref, tap) => this.#readThrough(ref, tap),
      beside,
      cacheBytes: options.headerCacheBytes ?? HEADER_CACHE_BYTES,
      files,
    });
    this.shelf = new DiskBlobShelf({ places, headers: this.#headers, digests: this.#digests });
  }

  async receive(
    body: ByteFlow,
    options: { readonly limit: number; readonly observe: (chunk: Uint8Array) => void },
  ): Promise<ReceivedBlob> {
    const thread = this.#follows ? this.#thread : null;
    const taken = await takeIn(this.#places.incoming, thread, body, {
      ...options,
      garbage: this.#garbage,
      memory: this.#memory,
    });
    const received = {
      places: this.#places,
      headers: this.#headers,
      digests: this.#digests,
      thread: this.#thread,
      files: this.#files,
      follows: this.#follows,
      hold: (sha256: string) => this.hold([sha256]),
    };
    return taken.kind === 'bytes'
      ? new ReceivedBytes(taken, received)
      : new ReceivedFile(taken, received);
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.sizeOf(sha256)) !== null;
  }

  async sizeOf(sha256: string): Promise<number | null> {
    try {
      return (await stat(this.#places.blob(sha256))).size;
    } catch (cause) {
      if (isMissing(cause)) return null;
      throw cause;
    }
  }

  open(sha256: string): Promise<BlobReader> {
    return openBlobReader(this.#places.blob(sha256), this.#garbage);
  }

  knownHeader(ref: BlobRef, name: string): PackageHeader | null | undefined {
    return this.#headers.known(ref, name);
  }

  header(ref: BlobRef, name: string): Promise<PackageHeader | null> {
    return this.#headers.of(ref, name);
  }

  sha512(ref: BlobRef): Promise<string> {
    return this.#digests.of(ref);
  }

  hold(sha256s: Iterable<string>): () => void {
    const held = [...sha256s];
    for (const sha256 of held) {
      this.#held.set(sha256, (this.#held.get(sha256) ?? 0) + 1);
      this.#touched?.add(sha256);
    }
    let over = false;
    return () => {
      if (over) return;
      over = true;
      for (const sha256 of held) this.#letGo(sha256);
    };
  }

  #letGo(sha256: string): void {
    const left = (this.#held.get(sha256) ?? 0) - 1;
    if (left > 0) this.#held.set(sha256, left);
    else this.#held.delete(sha256);
  }

  async freeBytes(): Promise<number> {
    const now = this.#clock.now().getTime();
    if (now >= this.#free.until) {
      const { bavail, bsize } = await statfs(this.#root);
      this.#free = { bytes: bavail * bsize, until: now + FREE_SPACE_MILLISECONDS };
    }
    return this.#free.bytes;
  }

  sweep(inUse: () => Promise<ReadonlySet<string>>): Promise<{ removed: number; bytes: number }> {
    const sweeping = this.#sweep(inUse);
    this.#sweeping = sweeping.then(
      () => undefined,
      () => undefined,
    );
    return sweeping;
  }

  async #sweep(
    inUse: () => Promise<ReadonlySet<string>>,
  ): Promise<{ removed: number; bytes: number }> {
    const touched = new Set(this.#held.keys());
    this.#touched = touched;
    try {
      const used = await inUse();
      const isFree = (sha256: string): boolean =>
        !this.#areSweepsOver &&
        !used.has(sha256) &&
        !touched.has(sha256) &&
        !this.#held.has(sha256);
      let removed = 0;
      let bytes = 0;
      for (const folder of this.#places.folders()) {
        if (this.#areSweepsOver) break;
        const swept = await sweepFolder(folder, this.#places, isFree);
        removed += swept.removed;
        bytes += swept.bytes;
      }
      return { removed, bytes };
    } finally {
      this.#touched = null;
    }
  }

  /** Removes nothing more; the sweep under way, which may have hundreds of thousands before it, is over then. */
  async endSweeps(): Promise<void> {
    this.#areSweepsOver = true;
    await this.#sweeping;
  }

  /** Ends sweeps and the digest thread; digests that were not ready are computed when they are asked for. */
  async close(): Promise<void> {
    await this.endSweeps();
    await this.#thread.close();
    await this.#digests.settled();
  }

  #readThrough({ sha256 }: BlobRef, tap: PackageTap): Promise<PackageHeader> {
    return this.#wholeReads.run(async () => {
      const path = this.#places.blob(sha256);
      const file = await readOrDamaged(path, () => open(path, 'r'));
      const bytes: AsyncIterable<Buffer> = file.createReadStream();
      for await (const chunk of bytes) tap.write(chunk);
      return tap.end();
    });
  }
}
