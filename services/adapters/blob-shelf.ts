import { renameSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobShelf } from '../chacra/verification-ports.ts';
import { isMissing, makeFolder, syncFolder } from '../platform/durable-file.ts';
import type { BlobDigests } from './blob-digests.ts';
import type { BlobHeaders } from './blob-headers.ts';
import type { BlobPlaces } from './blob-places.ts';

const BLOB = /^[0-9a-f]{64}$/;
const CHUNK = 256 * 1024;
/** What a disk or its file system says of bytes that it lost; anything else is no judgement on them. */
const DISK_ERRORS: readonly string[] = ['EIO', 'EBADMSG', 'EUCLEAN', 'ENODATA', 'EREMOTEIO'];

/** Blobs as files, for whoever doubts them. */
export class DiskBlobShelf implements BlobShelf {
  readonly #places: BlobPlaces;
  readonly #headers: BlobHeaders;
  readonly #digests: BlobDigests;

  constructor(options: {
    readonly places: BlobPlaces;
    readonly headers: BlobHeaders;
    readonly digests: BlobDigests;
  }) {
    this.#places = options.places;
    this.#headers = options.headers;
    this.#digests = options.digests;
  }

  get prefixes(): readonly string[] {
    return this.#places.prefixes;
  }

  async list(prefix: string): Promise<readonly string[]> {
    const names = await readdir(this.#places.folder(prefix));
    return names.filter((name) => BLOB.test(name)).sort();
  }

  async read(sha256: string, observe: (chunk: Uint8Array) => Promise<void>) {
    let file: FileHandle;
    try {
      file = await open(this.#places.blob(sha256), 'r');
    } catch (cause) {
      if (isMissing(cause)) return null;
      throw cause;
    }
    try {
      const which = identify(await file.stat());
      const buffer = Buffer.allocUnsafe(CHUNK);
      for (;;) {
        const chunk = await readChunk(file, buffer);
        if (typeof chunk === 'string') return { file: which, unreadable: chunk };
        if (chunk.length === 0) return { file: which, unreadable: null };
        await observe(chunk);
      }
    } finally {
      await file.close();
    }
  }

  async setAside(sha256: string, file: string): Promise<string | null> {
    const from = this.#places.blob(sha256);
    const to = join(this.#places.damaged, sha256);
    await makeFolder(this.#places.damaged);
    try {
      if (identify(statSync(from)) !== file) return null;
      renameSync(from, to);
      // Another thread may have put whole bytes there in between.
      if (identify(statSync(to)) !== file) {
        renameSync(to, from);
        return null;
      }
    } catch (cause) {
      if (isMissing(cause)) return null;
      throw cause;
    }
    await syncFolder(this.#places.damaged);
    await syncFolder(this.#places.folder(sha256));
    return to;
  }

  async mend(sha256: string, known: Parameters<BlobShelf['mend']>[1]) {
    let headers = 0;
    for (const header of known.headers) if (await this.#headers.mend(sha256, header)) headers += 1;
    const isDigestWrong = await this.#digests.mend(sha256, known.sha512);
    return { sha512: isDigestWrong ? 1 : 0, headers };
  }
}

/** A text for what the disk cannot give. */
async function readChunk(file: FileHandle, buffer: Buffer): Promise<Buffer | string> {
  try {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (!DISK_ERRORS.includes(code)) throw cause;
    return `the disk cannot read it (${code})`;
  }
}

/** Tells a file from another one under the same name. */
function identify({ ino, mtimeMs, size }: Stats): string {
  return `${ino} ${mtimeMs} ${size}`;
}
