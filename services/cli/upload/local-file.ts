import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseBinaryName } from '../../domain/names.ts';
import { Problem } from './problem.ts';

const CHUNK_BYTES = 1_048_576;

/** A file as it was when its digest was taken. */
export interface LocalFile {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  /** Differs as soon as somebody wrote to the file or put another in its place. */
  readonly version: string;
}

export interface DigestedFile extends LocalFile {
  readonly sha256: string;
}

/** Finds a file and the name it will have. */
export async function findFile(path: string): Promise<LocalFile> {
  const name = parseBinaryName(basename(path));
  return { path, name, ...(await versionOf(() => stat(path, { bigint: true }))) };
}

/** Reads a file once for its sha256; memory does not grow with it. */
export async function digestFile(file: LocalFile): Promise<DigestedFile> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, file.size));
  for await (const chunk of fileChunks(file, () => buffer)) hash.update(chunk);
  return { ...file, sha256: hash.digest('hex') };
}

/**
 * The bytes of a file: exactly as many as were promised, of the very file that was looked at. One
 * that is being written meanwhile is no package yet.
 */
export async function* fileChunks(
  file: LocalFile,
  // Not zeroed, and another for each: a chunk may still be on its way when the next one is read.
  bufferOf: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafe(bytes),
): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await reachable(() => open(file.path));
  try {
    await requireUnchanged(file, handle);
    for (let left = file.size; left > 0;) {
      const wanted = Math.min(CHUNK_BYTES, left);
      const chunk = bufferOf(wanted);
      const { bytesRead } = await handle.read(chunk, 0, wanted);
      if (bytesRead === 0) throw changed();
      left -= bytesRead;
      // Before the last byte is given away, not after: without it nobody keeps the others.
      if (left === 0) await requireUnchanged(file, handle);
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function requireUnchanged(file: LocalFile, handle: FileHandle): Promise<void> {
  const { version } = await versionOf(() => handle.stat({ bigint: true }));
  if (version !== file.version) throw changed();
}

function changed(): Problem {
  return new Problem(
    'it changed while it was read; nothing was kept',
    'Upload it when it is complete.',
  );
}

interface Stat {
  isFile(): boolean;
  readonly size: bigint;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mtimeNs: bigint;
}

async function versionOf(look: () => Promise<Stat>): Promise<Pick<LocalFile, 'size' | 'version'>> {
  const found = await reachable(look);
  if (!found.isFile())
    throw new Problem('it is not a file', 'Name files, or a pattern such as dir/*.deb.');
  const { size, dev, ino, mtimeNs } = found;
  return { size: Number(size), version: [dev, ino, size, mtimeNs].join(':') };
}

/** Says in words why a file cannot be read. */
async function reachable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause;
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'there is no such file',
      EACCES: 'it cannot be read: permission denied',
    };
    const reason = reasons[String(cause.code)] ?? `it cannot be read: ${cause.message}`;
    throw new Problem(reason, null, { cause });
  }
}
