import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

const TEMPORARY = '.tmp-';
/** Several times as fast as `Buffer.from` for a document of some size. */
const UTF8 = new TextEncoder();

/** A free name in a folder for bytes that are not complete yet; the sweep at start knows it by its shape. */
export function temporaryPath(folder: string): string {
  return join(folder, `${TEMPORARY}${randomUUID()}`);
}

/** Whether a name is one of those that `temporaryPath` gives. */
export function isTemporary(name: string): boolean {
  return name.startsWith(TEMPORARY);
}

/**
 * Puts bytes under a name so that after a crash or power loss either the old or the new file is
 * there, whole: temporary file, fsync, rename, fsync of the folder, in this order.
 */
export function writeDurably(
  path: string,
  bytes: string | Uint8Array,
  options: { readonly mode?: number } = {},
): Promise<void> {
  return writeWhole(path, bytes, { ...options, durable: true });
}

/** The same, where `durable: false` spares the fsyncs; `beginIn` is the folder of the temporary file. */
export async function writeWhole(
  path: string,
  bytes: string | Uint8Array,
  options: {
    readonly durable: boolean;
    readonly beginIn?: string | undefined;
    readonly mode?: number;
  },
): Promise<void> {
  const { durable, beginIn = dirname(path), mode = 0o644 } = options;
  const temporary = temporaryPath(beginIn);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(typeof bytes === 'string' ? UTF8.encode(bytes) : bytes);
      if (durable) await file.sync();
      await rename(temporary, path);
    } finally {
      closeSoon(file);
    }
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  if (durable) await syncFolder(dirname(path));
}

/** Makes the names in a folder survive power loss: a rename or unlink alone is only in memory. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    closeSoon(folder);
  }
}

/** Closes a file whose bytes are durable already: nobody has to wait for that. */
export function closeSoon(file: FileHandle): void {
  file.close().catch(() => undefined);
}

/** Removes a file so that it cannot come back after power loss; one that is gone already is fine. */
export async function removeDurably(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Makes a folder and the missing ones above it, each name durable in its parent. One by one: where the
 * system refuses a name as if its parent were missing, as in /proc, Node's own recursion never ends.
 */
export async function makeFolder(path: string): Promise<void> {
  const folder = resolve(path);
  const parent = dirname(folder);
  try {
    if (!(await makeOne(folder))) return;
  } catch (error) {
    if (!isMissing(error) || folder === parent) throw error;
    await makeFolder(parent);
    if (!(await makeOne(folder))) return;
  }
  await syncFolder(parent);
}

/** False when it is there already. */
async function makeOne(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    const found = await stat(folder).catch(() => null);
    if (found?.isDirectory() === true) return false;
    throw error;
  }
}

/** Removes what interrupted writes left below a folder; call it once, before anything writes there. */
export async function sweepTemporaries(folder: string): Promise<number> {
  let removed = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (isTemporary(entry.name)) {
      await rm(path, { recursive: true, force: true });
      removed += 1;
    } else if (entry.isDirectory()) {
      removed += await sweepTemporaries(path);
    }
  }
  return removed;
}

/** True for the one file system error that is an answer: there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
