import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { GitbuilderError } from '../domain/errors.ts';
import type { BlobRef } from '../domain/repo.ts';
import { temporaryPath } from '../platform/durable-file.ts';
import type { BodyGarbage } from './body-garbage.ts';
import { asDiskFull } from './full-disk.ts';
import { GrowingFile } from './growing-file.ts';
import type { Following, Sha512Thread } from './sha512-thread.ts';

/** Bytes in a temporary file, complete but neither durable nor named. */
export interface TakenIn {
  readonly path: string;
  readonly file: FileHandle;
  readonly ref: BlobRef;
  /** Null when nothing follows the file. */
  readonly following: Following | null;
}

/**
 * Writes a body into a temporary file in one pass, hashing what passes. When anything throws, the
 * file is gone again.
 */
export async function takeIn(
  folder: string,
  thread: Sha512Thread | null,
  body: AsyncIterable<Uint8Array>,
  options: {
    readonly limit: number;
    readonly observe: (chunk: Uint8Array) => void;
    readonly garbage: BodyGarbage;
  },
): Promise<TakenIn> {
  const path = temporaryPath(folder);
  const file = await open(path, 'wx');
  let following: Following | null = null;
  try {
    following = thread?.follow(path) ?? null;
    const growing = new GrowingFile(file, (size) => following?.advance(size));
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > options.limit)
        throw new GitbuilderError('BODY_TOO_LARGE', { limit: options.limit });
      options.observe(chunk);
      hash.update(chunk);
      options.garbage.passed(chunk.length);
      const full = growing.append(chunk);
      if (full !== null) await full;
    }
    await growing.end();
    return { path, file, ref: { sha256: hash.digest('hex'), size }, following };
  } catch (cause) {
    following?.drop();
    await file.close();
    await rm(path, { force: true });
    throw asDiskFull(cause);
  }
}
