import { createHash } from 'node:crypto';
import type { ReceivedBlob } from '../chacra/ports.ts';
import type { PackageHeader } from '../domain/package-header.ts';
import type { TakenBytes } from './blob-intake.ts';
import { asDiskFull } from './full-disk.ts';
import type { ReceivedOptions } from './received-file.ts';

/** A longer one takes so long to copy, and to hash, that nobody who uploads should wait for it. */
const COPIED_BYTES = 64 * 1024;

/** A short body in memory, on its way to become a blob: its file is begun only when it is wanted. */
export class ReceivedBytes implements ReceivedBlob {
  readonly ref: ReceivedBlob['ref'];
  /** Null once they are the file's. */
  #parts: readonly Uint8Array[] | null;
  readonly #options: ReceivedOptions;
  #digest: string | null = null;
  #release: (() => void) | null = null;

  constructor({ ref, parts }: TakenBytes, options: ReceivedOptions) {
    this.ref = ref;
    this.#parts = parts;
    this.#options = options;
  }

  sha512(): Promise<string> {
    if (this.#digest !== null) return Promise.resolve(this.#digest);
    const { places, thread } = this.#options;
    if (this.#parts === null)
      return thread.follow(places.blob(this.ref.sha256)).finish(this.ref.size);
    const hash = createHash('sha512');
    for (const part of this.#parts) hash.update(part);
    this.#digest = hash.digest('hex');
    return Promise.resolve(this.#digest);
  }

  async keep(header: PackageHeader | null): Promise<void> {
    const { places, headers, digests, files, follows, hold } = this.#options;
    const { sha256, size } = this.ref;
    const parts = this.#parts;
    if (parts === null) throw new Error('a body is kept once');
    this.#release = hold(sha256);
    try {
      const path = places.blob(sha256);
      const given = size > COPIED_BYTES;
      if (given) this.#parts = null;
      const bytes = given ? parts : Buffer.concat(parts);
      // Over the same bytes too: what stands there then is known to be whole and new to the sweep.
      const kept = files.put({ path, bytes, durable: true, beginIn: places.incoming });
      const beside = header === null ? null : headers.keep(sha256, header);
      // A failure of the one must not leave the other running behind the answer.
      await Promise.allSettled([kept, beside]);
      await kept;
      await beside;
      if (follows) digests.expect(this.ref, this.sha512());
    } catch (cause) {
      throw asDiskFull(cause);
    }
  }

  async discard(): Promise<void> {}

  release(): void {
    this.#release?.();
    this.#release = null;
  }
}
