import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { GitbuilderError } from '../domain/errors.ts';
import type { BlobRef } from '../domain/repo.ts';
import { temporaryPath } from '../platform/durable-file.ts';
import type { BodyGarbage } from './body-garbage.ts';
import type { BodyMemory } from './body-memory.ts';
import { asDiskFull } from './full-disk.ts';
import { GrowingFile } from './growing-file.ts';
import type { Following, Sha512Thread } from './sha512-thread.ts';

/** A short body, complete in memory. */
export interface TakenBytes {
  readonly kind: 'bytes';
  readonly ref: BlobRef;
  readonly bytes: Uint8Array;
}

/** Bytes in a temporary file, complete but neither durable nor named. */
export interface TakenFile {
  readonly kind: 'file';
  readonly ref: BlobRef;
  readonly path: string;
  readonly file: FileHandle;
  /** Null when nothing follows the file. */
  readonly following: Following | null;
}

interface Intake {
  readonly limit: number;
  readonly observe: (chunk: Uint8Array) => void;
  readonly garbage: BodyGarbage;
  readonly memory: BodyMemory;
}

/**
 * Takes a body in, in one pass, hashing what passes: a short one in memory, a longer one into a
 * temporary file. When anything throws, the file is gone again.
 */
export async function takeIn(
  folder: string,
  thread: Sha512Thread | null,
  body: AsyncIterable<Uint8Array>,
  { limit, observe, garbage, memory }: Intake,
): Promise<TakenBytes | TakenFile> {
  const hash = createHash('sha256');
  let size = 0;
  let gathered: Uint8Array[] = [];
  let large: LargeBody | null = null;
  const inMemory = memory.begin();
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > limit) throw new GitbuilderError('BODY_TOO_LARGE', { limit });
      observe(chunk);
      hash.update(chunk);
      garbage.passed(chunk.length);
      gathered.push(chunk);
      if (large === null) {
        if (inMemory.fits(size, gathered.length)) continue;
        // At once: those that come beside it need not go as well.
        inMemory.end();
        large = await LargeBody.begin(folder, thread);
      }
      for (const part of gathered) {
        const full = large.append(part);
        if (full !== null) await full;
      }
      gathered = [];
    }
    if (large === null) {
      const bytes = Buffer.concat(gathered);
      return { kind: 'bytes', ref: { sha256: hash.digest('hex'), size }, bytes };
    }
    const ended = await large.end();
    return { kind: 'file', ref: { sha256: hash.digest('hex'), size }, ...ended };
  } catch (cause) {
    await large?.giveUp();
    throw asDiskFull(cause);
  } finally {
    inMemory.end();
  }
}

/** A body on its way into a temporary file. */
class LargeBody {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #following: Following | null;
  readonly #growing: GrowingFile;

  private constructor(path: string, file: FileHandle, following: Following | null) {
    this.#path = path;
    this.#file = file;
    this.#following = following;
    this.#growing = new GrowingFile(file, (size) => following?.advance(size));
  }

  static async begin(folder: string, thread: Sha512Thread | null): Promise<LargeBody> {
    const path = temporaryPath(folder);
    const file = await open(path, 'wx');
    return new LargeBody(path, file, thread?.follow(path) ?? null);
  }

  append(chunk: Uint8Array): Promise<void> | null {
    return this.#growing.append(chunk);
  }

  async end(): Promise<Pick<TakenFile, 'path' | 'file' | 'following'>> {
    await this.#growing.end();
    return { path: this.#path, file: this.#file, following: this.#following };
  }

  async giveUp(): Promise<void> {
    this.#following?.drop();
    await this.#file.close();
    await rm(this.#path, { force: true });
  }
}
