import { link, lstat, readFile, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { ExportStore } from '../chacra/ports.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { ExportTrees, TreeFile } from '../domain/export-tree.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { reasonOf } from '../domain/reason.ts';
import {
  isMissing,
  isTemporary,
  makeFolder,
  temporaryPath,
  writeDurably,
} from '../platform/durable-file.ts';
import { BlobPlaces } from './blob-places.ts';
import { ExportPlaces, SHELVES } from './export-places.ts';
import type { Shelf } from './export-places.ts';
import { buildTree, isSameTree, isTreeWhole, treeName, treeSeconds } from './export-tree.ts';
import type { TreeSources } from './export-tree.ts';
import { namesIn } from './generation-files.ts';
import { repoIdentitySchema } from './repo-identity-schema.ts';
import { SerialByKey } from './serial-by-key.ts';

/** Says whose trees lie beside it, so that those of a repo that is gone can be found and removed. */
const OWNER = 'repo.json';
const LINKS = 'links';

type PutOptions = Parameters<ExportStore['put']>[2];

interface Options {
  /** The export root. */
  readonly folder: string;
  /** The folder of this service's data, with the blobs. */
  readonly root: string;
}

/** Opens an export root, or throws EXPORT_ROOT_UNFIT when no hard link can lead from there to a blob. */
export async function openExportFolder(options: Options): Promise<ExportFolder> {
  const { folder, root } = options;
  const refuse = (reason: string, cause?: unknown): never => {
    throw new GitbuilderError('EXPORT_ROOT_UNFIT', { folder, data: root, reason }, { cause });
  };
  if (isWithin(folder, root)) refuse('it lies in the folder of the service itself');
  if (isWithin(root, folder)) refuse('the folder of the service lies in it');
  const opened = new ExportFolder(options);
  const [own, other] = [temporaryPath(join(root, 'incoming')), temporaryPath(opened.trees)];
  try {
    await makeFolder(opened.trees);
    await writeFile(own, '', { flag: 'wx' });
    await link(own, other);
  } catch (cause) {
    refuse(reasonOf(cause), cause);
  } finally {
    for (const path of [own, other]) await rm(path, { force: true }).catch(() => undefined);
  }
  return opened;
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`);
}

/** Repos as folders of hard links below the export root. Nothing is fsynced: all of it is derivable. */
export class ExportFolder implements ExportStore {
  readonly #places: ExportPlaces;
  readonly #blobs: BlobPlaces;
  /** One at a time for each repo; links one at a time over all, for repos share the folders they stand in. */
  readonly #serial = new SerialByKey();
  /** Folders of trees that this process has put in order. */
  readonly #tidied = new Set<string>();

  constructor({ folder, root }: Options) {
    this.#places = new ExportPlaces(folder);
    this.#blobs = new BlobPlaces(root);
  }

  get trees(): string {
    return this.#places.trees;
  }

  async identities(): Promise<readonly RepoIdentity[]> {
    const owners = await Promise.all(
      (await namesIn(this.trees)).map((name) => ownerOf(join(this.trees, name))),
    );
    return owners.filter((owner) => owner !== null);
  }

  put(identity: RepoIdentity, trees: ExportTrees, options: PutOptions): Promise<void> {
    const folder = this.#places.treesOf(identity);
    return this.#serial.run(folder, async () => {
      await this.#tidy(folder, identity);
      try {
        // First what readers of the live tree will need when it is replaced.
        for (const shelf of SHELVES) await this.#place(identity, shelf, trees[shelf], options);
      } catch (cause) {
        // Somebody may have removed it: the next attempt makes it anew.
        this.#tidied.delete(folder);
        throw cause;
      }
    });
  }

  remove(identity: RepoIdentity): Promise<void> {
    const folder = this.#places.treesOf(identity);
    return this.#serial.run(folder, async () => {
      // Links before trees: a crash in between leaves trees, which the next start finds and removes.
      await this.#serial.run(LINKS, async () => {
        for (const shelf of SHELVES) await this.#places.unpoint(identity, shelf);
      });
      this.#tidied.delete(folder);
      const gone = temporaryPath(this.trees);
      try {
        await rename(folder, gone);
      } catch (cause) {
        if (isMissing(cause)) return;
        throw cause;
      }
      await rm(gone, { recursive: true, force: true });
    });
  }

  async sweep(replacedBefore: Date): Promise<void> {
    for (const name of await namesIn(this.trees)) {
      const folder = join(this.trees, name);
      await this.#serial.run(folder, async () => {
        const owner = await ownerOf(folder);
        if (owner !== null) await this.#sweepTrees(folder, owner, replacedBefore);
        // What a removal left when it was interrupted.
        else await rm(folder, { recursive: true, force: true });
      });
    }
  }

  async #place(
    identity: RepoIdentity,
    shelf: Shelf,
    files: readonly TreeFile[],
    { bytes, now, isCheck }: PutOptions,
  ): Promise<void> {
    const folder = this.#places.treesOf(identity);
    const before = await this.#places.current(identity, shelf);
    if (files.length === 0) {
      await this.#serial.run(LINKS, () => this.#places.unpoint(identity, shelf));
    } else {
      const seconds = Math.max(Math.floor(now.getTime() / 1000), treeSeconds(before ?? '') + 1);
      const name = treeName(files, seconds);
      const sources: TreeSources = { blob: (sha256) => this.#blobs.blob(sha256), bytes };
      if (before !== null && isSameTree(before, name)) {
        const there = join(folder, before);
        if (isCheck ? await isTreeWhole(there, files, sources) : await isFolder(there)) return;
      }
      const path = await freePath(folder, files, seconds);
      await buildTree(path, files, sources);
      await this.#serial.run(LINKS, () => this.#places.point(identity, shelf, path));
    }
    // Its own time says when it was replaced: that is how long readers have been warned.
    if (before !== null) await utimes(join(folder, before), now, now).catch(() => undefined);
  }

  async #tidy(folder: string, identity: RepoIdentity): Promise<void> {
    if (this.#tidied.has(folder)) return;
    await makeFolder(folder);
    for (const name of await readdir(folder)) {
      if (isTemporary(name)) await rm(join(folder, name), { recursive: true, force: true });
    }
    if ((await ownerOf(folder)) === null)
      await writeDurably(join(folder, OWNER), JSON.stringify(identity));
    this.#tidied.add(folder);
  }

  async #sweepTrees(folder: string, owner: RepoIdentity, replacedBefore: Date): Promise<void> {
    const used = await Promise.all(SHELVES.map((shelf) => this.#places.current(owner, shelf)));
    for (const name of await readdir(folder)) {
      if (name === OWNER || used.includes(name)) continue;
      const path = join(folder, name);
      const { mtime } = await lstat(path);
      if (mtime < replacedBefore) await rm(path, { recursive: true, force: true });
    }
  }
}

/** A tree to which nothing points any more, as after a crash, may have been made in the same second. */
async function freePath(
  folder: string,
  files: readonly TreeFile[],
  seconds: number,
): Promise<string> {
  const path = join(folder, treeName(files, seconds));
  return (await isFolder(path)) ? freePath(folder, files, seconds + 1) : path;
}

async function ownerOf(folder: string): Promise<RepoIdentity | null> {
  try {
    return repoIdentitySchema.parse(JSON.parse(await readFile(join(folder, OWNER), 'utf8')));
  } catch {
    return null;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (cause) {
    if (isMissing(cause)) return false;
    throw cause;
  }
}
