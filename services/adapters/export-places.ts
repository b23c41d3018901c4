import { lstat, mkdir, readlink, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { encodeSegment } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { isMissing, temporaryPath } from '../platform/durable-file.ts';
import { repoDigest } from './repo-digest.ts';

/** Our own folder below the root: no web server lists it, and no `*` of a shell means it. */
const OWN = '.gitbuilder';
const LONGEST_NAME = 255;

/** Which of a repo's two trees. */
export type Shelf = 'live' | 'older';

export const SHELVES: readonly Shelf[] = ['older', 'live'];

/**
 * Where things are below the export root: a link per repo under the path that it has in our URLs,
 * which leads to a tree in our own folder. To switch is to replace the link.
 */
export class ExportPlaces {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** The folder of all repos' trees. */
  get trees(): string {
    return join(this.#root, OWN, 'trees');
  }

  treesOf(identity: RepoIdentity): string {
    return join(this.trees, repoDigest(identity));
  }

  /** Where readers find a repo. */
  link(identity: RepoIdentity, shelf: Shelf): string {
    const { project, ref, sha1, distro, distroVersion, flavor } = identity;
    const path = [project, ...ref.split('/'), sha1, distro, distroVersion, 'flavors', flavor];
    return join(this.#shelf(shelf), ...path);
  }

  /** The name of the tree that a link leads to; null when there is no link. */
  async current(identity: RepoIdentity, shelf: Shelf): Promise<string | null> {
    if (isOwn(identity)) return null;
    try {
      const target = await readlink(this.link(identity, shelf));
      return target.slice(target.lastIndexOf(sep) + 1);
    } catch (cause) {
      // What is no link is not ours: to put one there fails, and says so.
      if (isMissing(cause) || ['ENOTDIR', 'EINVAL'].some((code) => hasCode(cause, code)))
        return null;
      throw cause;
    }
  }

  /** Makes the link lead to a tree: readers see the one before or this one, never none. */
  async point(identity: RepoIdentity, shelf: Shelf, tree: string): Promise<void> {
    if (isOwn(identity)) throw new Error(`${join(this.#root, OWN)} is in the way: it is our own`);
    const link = this.link(identity, shelf);
    await this.#makeFolders(dirname(link), shelf);
    await putLink(link, relative(dirname(link), tree));
    const alias = this.#alias(identity, shelf);
    if (alias !== null) await putLink(alias, identity.ref);
  }

  /** Takes the link away, and the folders above it that nothing is left in. */
  async unpoint(identity: RepoIdentity, shelf: Shelf): Promise<void> {
    const link = this.link(identity, shelf);
    if ((await this.current(identity, shelf)) === null) return;
    await rm(link);
    for (let folder = dirname(link); folder !== this.#shelf(shelf); folder = dirname(folder)) {
      if (!(await removeIfEmpty(folder))) break;
    }
    const alias = this.#alias(identity, shelf);
    if (alias === null || (await isThere(join(dirname(alias), identity.ref)))) return;
    await rm(alias, { force: true });
    await removeIfEmpty(dirname(alias));
  }

  /** apt asks for a ref with slashes with `%2F`, which no web server takes for a slash any more. */
  #alias({ project, ref }: RepoIdentity, shelf: Shelf): string | null {
    const name = encodeSegment(ref);
    const isUsable = ref.includes('/') && name.length <= LONGEST_NAME;
    return isUsable ? join(this.#shelf(shelf), project, name) : null;
  }

  #shelf(shelf: Shelf): string {
    return shelf === 'live' ? this.#root : join(this.#root, OWN, 'older');
  }

  /** As `mkdir -p`, but through no link: behind one, another repo's files begin. */
  async #makeFolders(folder: string, shelf: Shelf): Promise<void> {
    const root = this.#shelf(shelf);
    await mkdir(root, { recursive: true });
    let at = root;
    for (const name of relative(root, folder).split(sep)) {
      at = join(at, name);
      await mkdir(at).catch(async (cause: unknown) => {
        if (!hasCode(cause, 'EEXIST')) throw cause;
        if ((await lstat(at)).isDirectory()) return;
        throw new Error(`${at} is in the way: another repository stands there`, { cause });
      });
    }
  }
}

/** Below a project of this name stand all repos' trees, and the links of others. */
function isOwn({ project }: RepoIdentity): boolean {
  return project === OWN;
}

async function putLink(path: string, target: string): Promise<void> {
  const temporary = temporaryPath(dirname(path));
  await symlink(target, temporary);
  try {
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  }
}

async function removeIfEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (cause) {
    if (isMissing(cause) || hasCode(cause, 'ENOTEMPTY') || hasCode(cause, 'EEXIST')) return false;
    throw cause;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (cause) {
    if (isMissing(cause)) return false;
    throw cause;
  }
}

function hasCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}
