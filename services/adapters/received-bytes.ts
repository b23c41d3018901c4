import { createHash } from 'node:crypto';
import type { ReceivedBlob } from '../chacra/ports.ts';
import type { PackageHeader } from '../domain/package-header.ts';
import type { TakenBytes } from './blob-intake.ts';
import { asDiskFull } from './full-disk.ts';
import type { ReceivedOptions } from './received-file.ts';

/** A longer one takes so long to hash that nobody who uploads should wait for it. */
const HASHED_AT_ONCE_BYTES = 64 * 1024;

/** A short body in memory, on its way to become a blob: its file is begun only when it is wanted. */
export class ReceivedBytes implements ReceivedBlob {
  readonly ref: ReceivedBlob['ref'];
  readonly #bytes: Uint8Array;
  readonly #options: ReceivedOptions;
  #digest: string | null = null;
  #release: (() => void) | null = null;

  constructor({ ref, bytes }: TakenBytes, options: ReceivedOptions) {
    this.ref = ref;
    this.#bytes = bytes;
    this.#options = options;
  }

  sha512(): Promise<string> {
    return Promise.resolve(this.#sha512());
  }

  async keep(header: PackageHeader | null): Promise<void> {
    const { places, headers, digests, files, follows, hold } = this.#options;
    const { sha256 } = this.ref;
    this.#release = hold(sha256);
    try {
      const path = places.blob(sha256);
      // Over the same bytes too: what stands there then is known to be whole and new to the sweep.
      const kept = files.put({
        ...{ path, bytes: this.#bytes, durable: true, beginIn: places.incoming },
      });
      const beside = header === null ? null : headers.keep(sha256, header);
      beside?.catch(() => undefined);
      await kept;
      await beside;
      if (follows) digests.expect(this.ref, this.#digestOf(path));
    } catch (cause) {
      throw asDiskFull(cause);
    }
  }

  async discard(): Promise<void> {}

  release(): void {
    this.#release?.();
    this.#release = null;
  }

  #digestOf(path: string): Promise<string> {
    const { size } = this.ref;
    if (this.#digest !== null || size <= HASHED_AT_ONCE_BYTES) return this.sha512();
    return this.#options.thread.follow(path).finish(size);
  }

  #sha512(): string {
    this.#digest ??= createHash('sha512').update(this.#bytes).digest('hex');
    return this.#digest;
  }
}
