import { createHash } from 'node:crypto';
import type { BlobReader, BlobStore, ByteFlow, ReceivedBlob } from '../../services/chacra/ports.ts';
import { GitbuilderError } from '../../services/domain/errors.ts';
import type { PackageHeader } from '../../services/domain/package-header.ts';
import type { BlobRef } from '../../services/domain/repo.ts';
import { tapFor } from '../../services/formats/tap-for.ts';

/** Blobs in memory, for tests of what is decided about them. */
export class MemoryBlobs implements BlobStore {
  readonly #bytes = new Map<string, Uint8Array>();
  readonly #held = new Map<string, number>();
  /** What reading a header waits for. */
  gate: Promise<unknown> = Promise.resolve();

  async receive(
    body: ByteFlow,
    { limit, observe }: { readonly limit: number; readonly observe: (chunk: Uint8Array) => void },
  ): Promise<ReceivedBlob> {
    const chunks: Uint8Array[] = [];
    await body((chunk) => {
      observe(chunk);
      chunks.push(chunk);
      return null;
    });
    const bytes = Buffer.concat(chunks);
    if (bytes.length > limit) throw new GitbuilderError('BODY_TOO_LARGE', { limit });
    const ref = { sha256: digest('sha256', bytes), size: bytes.length };
    const release = this.hold([ref.sha256]);
    return {
      ref,
      sha512: () => Promise.resolve(digest('sha512', bytes)),
      keep: () => {
        this.#bytes.set(ref.sha256, bytes);
        return Promise.resolve();
      },
      discard: () => Promise.resolve(),
      release,
    };
  }

  has(sha256: string): Promise<boolean> {
    return Promise.resolve(this.#bytes.has(sha256));
  }

  sizeOf(sha256: string): Promise<number | null> {
    return Promise.resolve(this.#bytes.get(sha256)?.length ?? null);
  }

  open(sha256: string): Promise<BlobReader> {
    const bytes = this.#read(sha256);
    return Promise.resolve({
      size: bytes.length,
      read: (buffer, position) => {
        const part = bytes.subarray(position, position + buffer.length);
        buffer.set(part);
        return Promise.resolve(part.length);
      },
      close: () => Promise.resolve(),
    });
  }

  async header({ sha256 }: BlobRef, name: string): Promise<PackageHeader | null> {
    const tap = tapFor(name);
    if (tap === null) return null;
    await this.gate;
    tap.write(this.#read(sha256));
    return tap.end();
  }

  knownHeader(): PackageHeader | null | undefined {
    return undefined;
  }

  sha512({ sha256 }: BlobRef): Promise<string> {
    return Promise.resolve(digest('sha512', this.#read(sha256)));
  }

  hold(sha256s: Iterable<string>): () => void {
    const held = [...sha256s];
    for (const sha256 of held) this.#held.set(sha256, (this.#held.get(sha256) ?? 0) + 1);
    return () => {
      for (const sha256 of held.splice(0))
        this.#held.set(sha256, (this.#held.get(sha256) ?? 0) - 1);
    };
  }

  freeBytes(): Promise<number> {
    return Promise.resolve(Number.MAX_SAFE_INTEGER);
  }

  async sweep(
    inUse: () => Promise<ReadonlySet<string>>,
  ): Promise<{ removed: number; bytes: number }> {
    const used = await inUse();
    let [removed, bytes] = [0, 0];
    for (const [sha256, { length }] of this.#bytes) {
      if (used.has(sha256) || this.isHeld(sha256)) continue;
      this.#bytes.delete(sha256);
      removed += 1;
      bytes += length;
    }
    return { removed, bytes };
  }

  isHeld(sha256: string): boolean {
    return (this.#held.get(sha256) ?? 0) > 0;
  }

  /** As a disk that lost its bytes. */
  damage(sha256: string): void {
    this.#bytes.set(sha256, this.#read(sha256).subarray(0, 100));
  }

  #read(sha256: string): Uint8Array {
    const bytes = this.#bytes.get(sha256);
    if (bytes === undefined) throw new GitbuilderError('NOT_FOUND', { what: `blob ${sha256}` });
    return bytes;
  }
}

function digest(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}
