import { renameSync } from 'node:fs';
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, isTemporary } from '../platform/durable-file.ts';
import { inParallel } from './in-parallel.ts';
import type { BlobPlaces } from './blob-places.ts';

const BLOB = /^[0-9a-f]{64}$/;
/** Of the four threads that Node has for files: requests find a free one, and a busy process gets on. */
const PARALLEL = 2;

/**
 * Removes the blobs that `isFree` lets go, and what lies beside them. Asked and moved away in one
 * tick, so that nobody can take a blob up in between; its bytes go afterwards.
 */
export async function sweepFolder(
  folder: string,
  places: BlobPlaces,
  isFree: (sha256: string) => boolean,
): Promise<{ removed: number; bytes: number }> {
  const names = await readdir(folder);
  const blobs = new Set(names.filter((name) => BLOB.test(name)));
  let removed = 0;
  let bytes = 0;
  await inParallel([...blobs].filter(isFree), PARALLEL, async (sha256) => {
    const size = await sizeOf(join(folder, sha256));
    if (!moveAway(folder, places.trash, sha256, isFree)) return;
    await removeIfThere(join(places.trash, sha256));
    blobs.delete(sha256);
    removed += 1;
    bytes += size;
  });
  const left = names.filter((name) => {
    const [sha256 = ''] = name.split('.', 1);
    // Left half done by a release that began them here; now that is done in another folder.
    if (isTemporary(name)) return true;
    if (!BLOB.test(sha256)) return false;
    // A blob that was just taken in has its header beside it before it has its own name.
    return name !== sha256 && !blobs.has(sha256);
  });
  await inParallel(left, PARALLEL, async (name) => {
    const [sha256 = ''] = name.split('.', 1);
    if (isTemporary(name) || isFree(sha256)) await removeIfThere(join(folder, name));
  });
  return { removed, bytes };
}

function moveAway(
  folder: string,
  trash: string,
  sha256: string,
  isFree: (sha256: string) => boolean,
): boolean {
  if (!isFree(sha256)) return false;
  try {
    renameSync(join(folder, sha256), join(trash, sha256));
    return true;
  } catch (cause) {
    if (isMissing(cause)) return false;
    throw cause;
  }
}

/** One call where `rm` takes two: there are hundreds of thousands when years of builds go. */
async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if (isMissing(cause)) return 0;
    throw cause;
  }
}
