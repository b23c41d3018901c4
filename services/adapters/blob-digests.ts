import type { BlobRef } from '../domain/repo.ts';
import { writeBeside } from './beside-blob.ts';
import type { BesideBlobs } from './beside-blob.ts';
import type { BlobPlaces } from './blob-places.ts';
import type { FileWriter } from '../platform/file-writer.ts';
import { ByteCache } from '../platform/byte-cache.ts';
import type { Sha512Thread } from './sha512-thread.ts';

const DIGEST = /^[0-9a-f]{128}$/;
const CACHE_BYTES = 4 * 1024 * 1024;
/** What one digest costs in memory, roughly: its own text and its key's. */
const ENTRY_BYTES = 256;

/** The sha512 of blobs: being computed, in memory, beside the blob, or computed again. */
export class BlobDigests {
  readonly #places: BlobPlaces;
  readonly #thread: Sha512Thread;
  readonly #beside: BesideBlobs;
  readonly #files: FileWriter;
  readonly #memory = new ByteCache<string>(CACHE_BYTES);
  readonly #running = new Map<string, Promise<string>>();

  constructor(options: {
    readonly places: BlobPlaces;
    readonly thread: Sha512Thread;
    readonly beside: BesideBlobs;
    readonly files: FileWriter;
  }) {
    this.#files = options.files;
    this.#places = options.places;
    this.#thread = options.thread;
    this.#beside = options.beside;
  }

  /** A digest is under way for a blob that is kept now. */
  expect(ref: BlobRef, digest: Promise<string>): void {
    if (this.#running.has(ref.sha256)) return;
    // A thread that was busy may come to open the file only when it has its other name.
    const run = this.#settle(
      ref.sha256,
      digest.catch(() => this.#compute(ref)),
    );
    // Whoever asks meets a failure, or, when nobody asks now, has it computed again later.
    run.catch(() => undefined);
  }

  async of(ref: BlobRef): Promise<string> {
    const { sha256 } = ref;
    const running = this.#running.get(sha256);
    if (running !== undefined) return this.#thread.hurried(running);
    const known = this.#memory.get(sha256);
    if (known !== undefined) return known;
    const text = (await this.#beside.read(this.#places.beside(sha256, 'sha512')))?.trim();
    if (text !== undefined && DIGEST.test(text)) {
      this.#memory.set(sha256, text, ENTRY_BYTES);
      return text;
    }
    const digest = this.#running.get(sha256) ?? this.#settle(sha256, this.#compute(ref));
    return this.#thread.hurried(digest);
  }

  /** Puts right what is kept of a digest that was computed anew; true when it was wrong. */
  async mend(sha256: string, digest: string): Promise<boolean> {
    const path = this.#places.beside(sha256, 'sha512');
    if ((await this.#beside.read(path))?.trim() === digest || this.#running.has(sha256))
      return false;
    this.#memory.set(sha256, digest, ENTRY_BYTES);
    await writeBeside(this.#files, this.#places.incoming, path, `${digest}\n`);
    return true;
  }

  /** Waits for what is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }

  #compute({ sha256, size }: BlobRef): Promise<string> {
    return this.#thread.follow(this.#places.blob(sha256)).finish(size);
  }

  #settle(sha256: string, digest: Promise<string>): Promise<string> {
    const run = digest
      .then(async (text) => {
        this.#memory.set(sha256, text, ENTRY_BYTES);
        // What cannot be written, as on a full disk, is computed again in the next life.
        const path = this.#places.beside(sha256, 'sha512');
        await writeBeside(this.#files, this.#places.incoming, path, `${text}\n`).catch(
          () => undefined,
        );
        return text;
      })
      .finally(() => this.#running.delete(sha256));
    this.#running.set(sha256, run);
    return run;
  }
}
