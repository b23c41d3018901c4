import { createHash } from 'node:crypto';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../platform/durable-file.ts';
import type { FileWriter } from '../platform/file-writer.ts';

/**
 * The index files of one repo's generations, by their sha256: generations share what is equal. They
 * follow from the manifest, so they are not fsynced; what this process did not write itself is
 * hashed before it is believed.
 */
export class GenerationFiles {
  /** The paths of what is known to be whole on disk. */
  readonly #sound = new Set<string>();
  /** What is on its way to the disk, by path. */
  readonly #writing = new Map<string, Uint8Array>();
  readonly #files: FileWriter;

  constructor(files: FileWriter) {
    this.#files = files;
  }

  /** Skips what is there already; the rest begins after something else, and can be read meanwhile. */
  async write(
    folder: string,
    sha256: string,
    bytes: Uint8Array,
    after: Promise<unknown>,
  ): Promise<void> {
    const path = join(folder, sha256);
    if (this.#sound.has(path)) return;
    this.#writing.set(path, bytes);
    try {
      await after;
      await this.#files.put({ path, bytes, durable: false, behind: true });
      this.#sound.add(path);
    } finally {
      this.#writing.delete(path);
    }
  }

  /** Null when the file is missing or other than its name says. */
  async read(folder: string, sha256: string): Promise<Uint8Array | null> {
    const path = join(folder, sha256);
    const writing = this.#writing.get(path);
    if (writing !== undefined) return writing;
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch (cause) {
      if (!isMissing(cause)) throw cause;
      this.#sound.delete(path);
      return null;
    }
    if (!this.#sound.has(path)) {
      if (sha256Of(bytes) !== sha256) return null;
      this.#sound.add(path);
    }
    return bytes;
  }

  /** Reads a file from the disk whatever is known of it; a wrong one is removed. */
  async isWhole(folder: string, sha256: string): Promise<boolean> {
    this.#sound.delete(join(folder, sha256));
    if ((await this.read(folder, sha256)) !== null) return true;
    await rm(join(folder, sha256), { force: true });
    return false;
  }

  /** Removes every file but the needed ones, leftovers of interrupted writes too. */
  async removeOthers(folder: string, needed: ReadonlySet<string>): Promise<void> {
    for (const name of await namesIn(folder)) {
      if (needed.has(name)) continue;
      const path = join(folder, name);
      this.#sound.delete(path);
      await rm(path, { force: true });
    }
  }
}

/** The names in a folder; none when it does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cause;
  }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
