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
  readonly #here = new Map<string, string>();
  readonly #packages = new Map<string, PublishedPackage>();

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
    return [...this.#packages.entries()]
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([, file]) => file);
  }

  #isFree(path: string, sha256: string): boolean {
    const holder = this.#here.get(path) ?? this.#taken(path);
    return holder === undefined || holder === sha256;
  }

  #put(path: string, pick: Picked, { sha256, size }: BlobRef): void {
    this.#here.set(path, sha256);
    const key = `${path}\n${pick.suite}`;
    if (this.#packages.has(key)) return;
    this.#packages.set(key, { path, sha256, size, time: pick.time, suite: pick.suite });
  }
}
