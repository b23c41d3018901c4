import { GitbuilderError } from '../domain/errors.ts';
import { keptGenerations } from './kept-generations.ts';
import { Pauses } from './pauses.ts';
import type { Pause } from './pauses.ts';
import type { GenerationStore, RepoStore } from './ports.ts';

/** Bytes that something names, and as which kinds of files: one name for each. */
export interface ExpectedBlob {
  readonly size: number;
  readonly names: readonly string[];
}

/** Every blob that a binary or a kept generation names. */
export async function expectedBlobs({
  repos,
  generations,
  pause,
}: {
  readonly repos: RepoStore;
  readonly generations: GenerationStore;
  readonly pause: Pause;
}): Promise<Map<string, ExpectedBlob>> {
  const expected = new Map<string, ExpectedBlob>();
  const kinds = new KindNames();
  const pauses = new Pauses(pause);
  const add = (sha256: string, size: number, name: string): void => {
    const before = expected.get(sha256);
    const names = kinds.with(before?.names ?? kinds.none, name);
    if (names !== before?.names) expected.set(sha256, { size, names });
  };
  for (const repo of [...repos.all()]) {
    for (const { name, blob } of repo.binaries.values())
      if (blob !== null) add(blob.sha256, blob.size, name);
    for (const number of keptGenerations(repo)) {
      try {
        const { packages } = await generations.read(repo.identity, number);
        for (const { path, sha256, size } of packages) add(sha256, size, path);
        await pauses.after(packages.length);
      } catch (cause) {
        // Its time is over, or its document is damaged, which those learn who look at its index files.
        if (!(cause instanceof GitbuilderError)) throw cause;
      }
    }
    await pauses.after(repo.binaries.size);
  }
  return expected;
}

/** Hundreds of thousands of blobs share a handful of lists of kinds. */
class KindNames {
  readonly none: readonly string[] = [];
  readonly #lists = new Map<string, readonly string[]>();

  with(names: readonly string[], name: string): readonly string[] {
    const kind = `file${/\.[a-z]+$/.exec(name)?.[0] ?? ''}`;
    if (names.includes(kind)) return names;
    const list = [...names, kind].sort();
    const key = list.join();
    const known = this.#lists.get(key) ?? list;
    this.#lists.set(key, known);
    return known;
  }
}
