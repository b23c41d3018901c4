import { rm } from 'node:fs/promises';
import type { ReceivedBlob } from '../chacra/ports.ts';
import type { PackageHeader } from '../domain/package-header.ts';
import { closeSoon } from '../platform/durable-file.ts';
import type { FileWriter } from '../platform/file-writer.ts';
import type { BlobDigests } from './blob-digests.ts';
import type { BlobHeaders } from './blob-headers.ts';
import type { TakenFile } from './blob-intake.ts';
import type { BlobPlaces } from './blob-places.ts';
import { asDiskFull } from './full-disk.ts';
import type { Following, Sha512Thread } from './sha512-thread.ts';

export interface ReceivedOptions {
  readonly places: BlobPlaces;
  readonly headers: BlobHeaders;
  readonly digests: BlobDigests;
  readonly thread: Sha512Thread;
  readonly files: FileWriter;
  /** Whether digests are computed before anybody asks for them. */
  readonly follows: boolean;
  /** Spares the blob from the sweep until the answer is called. */
  readonly hold: (sha256: string) => () => void;
}

/** A body in its temporary file, on its way to become a blob. */
export class ReceivedFile implements ReceivedBlob {
  readonly ref: ReceivedBlob['ref'];
  readonly #taken: TakenFile;
  readonly #options: ReceivedOptions;
  #digest: Promise<string> | null = null;
  #state: 'open' | 'kept' | 'gone' = 'open';
  #release: (() => void) | null = null;

  constructor(taken: TakenFile, options: ReceivedOptions) {
    this.ref = taken.ref;
    this.#taken = taken;
    this.#options = options;
  }

  sha512(): Promise<string> {
    return this.#options.thread.hurried(this.#whenReady());
  }

  async keep(header: PackageHeader | null): Promise<void> {
    const { places, headers, digests, files, hold } = this.#options;
    const { sha256 } = this.ref;
    this.#release = hold(sha256);
    try {
      const { fd: descriptor } = this.#taken.file;
      // Over the same bytes too: what stands there then is known to be whole and new to the sweep.
      const finished = files.finish({
        descriptor,
        from: this.#taken.path,
        path: places.blob(sha256),
      });
      const beside = header === null ? null : headers.keep(sha256, header);
      // A failure of the one must not leave the other running behind the answer.
      await Promise.allSettled([finished, beside]);
      await finished;
      this.#state = 'kept';
      closeSoon(this.#taken.file);
      if (this.#digest !== null || this.#taken.following !== null) {
        digests.expect(this.ref, this.#whenReady());
      }
      await beside;
    } catch (cause) {
      throw asDiskFull(cause);
    }
  }

  async discard(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'gone';
    this.#taken.following?.drop();
    await this.#taken.file.close();
    await rm(this.#taken.path, { force: true });
  }

  release(): void {
    this.#release?.();
    this.#release = null;
  }

  #whenReady(): Promise<string> {
    this.#digest ??= this.#following().finish(this.ref.size);
    return this.#digest;
  }

  #following(): Following {
    return this.#taken.following ?? this.#options.thread.follow(this.#taken.path);
  }
}
