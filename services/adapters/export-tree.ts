import { createHash } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { KeptIndex, TreeFile } from '../domain/export-tree.ts';
import { isMissing, temporaryPath } from '../platform/durable-file.ts';
import { inParallel } from './in-parallel.ts';

const PARALLEL = 8;
const NAME = /^(\d+)-([0-9a-f]{16})$/;

/** What a folder of files is made of. */
export interface TreeSources {
  /** Where a blob lies. */
  readonly blob: (sha256: string) => string;
  readonly bytes: (index: KeptIndex) => Promise<Uint8Array>;
}

/** A name for a tree of these files: its time in seconds, and what it holds. */
export function treeName(files: readonly TreeFile[], seconds: number): string {
  const hash = createHash('sha256');
  for (const line of files.map(({ path, sha256 }) => `${sha256} ${path}\n`).sort())
    hash.update(line);
  return `${seconds}-${hash.digest('hex').slice(0, 16)}`;
}

/** The time in a tree's name; 0 for a name that is none. */
export function treeSeconds(name: string): number {
  return Number(NAME.exec(name)?.[1] ?? 0);
}

/** Whether two trees of these names hold the same, whenever they were made. */
export function isSameTree(one: string, other: string): boolean {
  const held = NAME.exec(one)?.[2];
  return held !== undefined && held === NAME.exec(other)?.[2];
}

/**
 * Builds a tree beside where it shall stand and gives it its name when it is whole. Packages are
 * hard links to their blobs. Index files are written, all with the time of the tree: web servers
 * tell clients what is new by times in seconds, and two generations can be made within one.
 */
export async function buildTree(
  path: string,
  files: readonly TreeFile[],
  sources: TreeSources,
): Promise<void> {
  const building = temporaryPath(dirname(path));
  try {
    await mkdir(building);
    const folders = new Set(files.map((file) => dirname(inside(building, file.path))));
    for (const folder of folders) await mkdir(folder, { recursive: true });
    const seconds = treeSeconds(basename(path));
    const written = new Map<string, Promise<string>>();
    await inParallel(files, PARALLEL, async (file) => {
      const at = inside(building, file.path);
      if (file.kind === 'package') {
        await link(sources.blob(file.sha256), at);
        return;
      }
      // The same file by its own name and by its hash: written once.
      const first = written.get(file.sha256);
      if (first !== undefined) {
        await link(await first, at);
        return;
      }
      const writing = writeIndex(at, file.index, seconds, sources);
      written.set(file.sha256, writing);
      await writing;
    });
    await rename(building, path);
  } catch (cause) {
    await rm(building, { recursive: true, force: true });
    throw cause;
  }
}

async function writeIndex(
  path: string,
  index: KeptIndex,
  seconds: number,
  { bytes }: TreeSources,
): Promise<string> {
  await writeFile(path, await bytes(index), { flag: 'wx' });
  await utimes(path, seconds, seconds);
  return path;
}

/** Whether a tree holds these files and no other bytes under their names: a power loss leaves anything. */
export async function isTreeWhole(
  path: string,
  files: readonly TreeFile[],
  { blob }: TreeSources,
): Promise<boolean> {
  for (const file of files) {
    const at = inside(path, file.path);
    const isWhole =
      file.kind === 'package'
        ? await isSameFile(at, blob(file.sha256))
        : await hasDigest(at, file.sha256);
    if (!isWhole) return false;
  }
  return true;
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  try {
    const [a, b] = await Promise.all([stat(one), stat(other)]);
    return a.ino === b.ino && a.dev === b.dev;
  } catch (cause) {
    if (isMissing(cause)) return false;
    throw cause;
  }
}

async function hasDigest(path: string, sha256: string): Promise<boolean> {
  try {
    const bytes = await readFile(path);
    return createHash('sha256').update(bytes).digest('hex') === sha256;
  } catch (cause) {
    if (isMissing(cause)) return false;
    throw cause;
  }
}

/** A path below a folder. Names were parsed when they came in; that none leaves is seen to here once more. */
function inside(folder: string, path: string): string {
  const full = join(folder, path);
  if (!full.startsWith(`${folder}/`)) throw new Error(`${path} leaves its folder`);
  return full;
}
