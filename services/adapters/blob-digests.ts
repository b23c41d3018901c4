import type { BlobRef } from '../domain/repo.ts';
import { readBeside, writeBeside } from './beside-blob.ts';
import type { BlobPlaces } from './blob-places.ts';
import { ByteCache } from './byte-cache.ts';
import type { Sha512Thread } from './sha512-thread.ts';

const DIGEST = /^[0-9a-f]{128}$/;
const CACHE_BYTES = 4 * 1024 * 1024;
/** What one digest costs in memory, roughly: its own text and its key's. */
const ENTRY_BYTES = 256;

/** The sha512 of blobs: being computed, in memory, beside the blob, or computed again. */
export class BlobDigests {
  readonly #places: BlobPlaces;
  readonly #thread: Sha512Thread;
  readonly #memory = new ByteCache<string>(CACHE_BYTES);
  readonly #running = new Map<string, Promise<string>>();

  constructor(places: BlobPlaces, thread: Sha512Thread) {
    this.#places = places;
    this.#thread = thread;
  }

  /** A digest is under way for a blob that is kept now. */
  expect(sha256: string, digest: Promise<string>): void {
    if (this.#running.has(sha256)) return;
    const run = this.#settle(sha256, digest);
    this.#running.set(sha256, run);
    // Whoever asks meets a failure, or, when nobody asks now, has it computed again later.
    run.catch(() => undefined);
  }

  async of({ sha256, size }: BlobRef): Promise<string> {
    const running = this.#running.get(sha256);
    if (running !== undefined) return running;
    const known = this.#memory.get(sha256);
    if (known !== undefined) return known;
    const text = (await readBeside(this.#places.beside(sha256, 'sha512')))?.trim();
    if (text !== undefined && DIGEST.test(text)) {
      this.#memory.set(sha256, text, ENTRY_BYTES);
      return text;
    }
    const again = this.#running.get(sha256);
    if (again !== undefined) return again;
    const run = this.#settle(sha256, this.#thread.follow(this.#places.blob(sha256)).finish(size));
    this.#running.set(sha256, run);
    return run;
  }

  async #settle(sha256: string, digest: Promise<string>): Promise<string> {
    try {
      const text = await digest;
      this.#memory.set(sha256, text, ENTRY_BYTES);
      await writeBeside(this.#places.beside(sha256, 'sha512'), `${text}\n`);
      return text;
    } finally {
      this.#running.delete(sha256);
    }
  }
}
