import type { Picked, PublishedPackage } from '../domain/generation.ts';
import { repoPath } from '../domain/identity.ts';
import type { BlobRef, LeftOut } from '../domain/repo.ts';
import type { TakenPath } from './arrangement.ts';

/** Names a pick that is not in the index. */
export function leftOut({ name, arch, origin }: Picked, reason: string): LeftOut {
  if (origin === null) return { name, arch, reason };
  return { name, arch, reason, from: repoPath(origin.repo) };
}

/**
 * Gives files their paths. A path that leads to other bytes, in this list or in a generation that
 * is still kept, is left to them: the newcomer gets a folder named by its hash.
 */
export class PlacedFiles {
  readonly #taken: TakenPath;
  /** By path: the same bytes, once for each suite. */
  readonly #here = new Map<string, [PublishedPackage, ...PublishedPackage[]]>();

  constructor(taken: TakenPath) {
    this.#taken = taken;
  }

  /** The path of one file below a folder ('' for the root). */
  place(folder: string, name: string, pick: Picked, blob: BlobRef): string {
    return this.placeTogether(folder, [{ name, pick, blob }]) + name;
  }

  /** The folder, with a slash at its end, in which several files can stand side by side. */
  placeTogether(
    folder: string,
    files: readonly { readonly name: string; readonly pick: Picked; readonly blob: BlobRef }[],
  ): string {
    const base = folder === '' ? '' : `${folder}/`;
    const [first] = files;
    const fits = files.every(({ name, blob }) => this.#isFree(`${base}${name}`, blob.sha256));
    const chosen = fits || first === undefined ? base : `${base}${first.blob.sha256.slice(0, 8)}/`;
    for (const { name, pick, blob } of files) this.#put(`${chosen}${name}`, pick, blob);
    return chosen;
  }

  /** Sorted by path, then suite: equal content gives an equal list. */
  sorted(): PublishedPackage[] {
    return [...this.#here.values()].flat().sort(byPathSuite);
  }

  #isFree(path: string, sha256: string): boolean {
    const holder = this.#here.get(path)?.[0].sha256 ?? this.#taken(path);
    return holder === undefined || holder === sha256;
  }

  #put(path: string, { time, suite }: Picked, { sha256, size }: BlobRef): void {
    const file = { path, sha256, size, time, suite };
    const here = this.#here.get(path);
    if (here === undefined) this.#here.set(path, [file]);
    else if (here.every((other) => other.suite !== suite)) here.push(file);
  }
}

function byPathSuite(a: PublishedPackage, b: PublishedPackage): number {
  if (a.path === b.path) return a.suite < b.suite ? -1 : 1;
  return a.path < b.path ? -1 : 1;
}
