import { repoPath } from '../domain/identity.ts';
import type { Generation, IndexFile, PublishedPackage } from '../domain/generation.ts';
import type { Repo } from '../domain/repo.ts';
import type { GenerationStore } from './ports.ts';

/** An index file, and the generation that made it last. */
export interface KeptIndex {
  readonly file: IndexFile;
  readonly generation: number;
  readonly date: Date;
}

/** The files that a repo's kept generations name, by path: the live one's win. */
export interface Kept {
  package(path: string): PublishedPackage | undefined;
  index(path: string): KeptIndex | undefined;
  /** True for a path whose bytes never change: it holds their hash. */
  isImmutable(path: string): boolean;
  readonly live: Generation | null;
}

interface Entry {
  readonly numbers: Set<number>;
  readonly packages: Map<string, PublishedPackage>;
  readonly files: Map<string, KeptIndex>;
  live: Generation | null;
}

const MAX_REPOS = 32;

/**
 * Knows which path leads to which bytes, over all generations that a client may still be reading.
 * Remembered for the repos used last, and grown by one generation at each publish.
 */
export class KeptFiles {
  readonly #generations: GenerationStore;
  readonly #entries = new Map<string, Promise<Entry>>();

  constructor(generations: GenerationStore) {
    this.#generations = generations;
  }

  async of(repo: Repo): Promise<Kept> {
    const key = repoPath(repo.identity);
    const known = this.#entries.get(key);
    const entry = this.#grow(repo, known);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_REPOS) break;
      this.#entries.delete(oldest);
    }
    try {
      return view(await entry);
    } catch (cause) {
      this.#entries.delete(key);
      throw cause;
    }
  }

  async #grow(repo: Repo, known: Promise<Entry> | undefined): Promise<Entry> {
    const { live, older } = repo.head;
    const wanted = [...older.map(({ files }) => files), ...(live === null ? [] : [live.files])];
    const before = await known?.catch(() => undefined);
    const isGrowth = before !== undefined && [...before.numbers].every((n) => wanted.includes(n));
    const entry: Entry = isGrowth
      ? before
      : { numbers: new Set(), packages: new Map(), files: new Map(), live: null };
    for (const number of wanted) {
      if (entry.numbers.has(number) && number !== live?.files) continue;
      if (entry.live?.number === number) continue;
      const generation = await this.#generations.read(repo.identity, number);
      add(entry, generation);
      if (number === live?.files) entry.live = generation;
    }
    return entry;
  }
}

function add(entry: Entry, generation: Generation): void {
  entry.numbers.add(generation.number);
  for (const item of generation.packages) entry.packages.set(item.path, item);
  const date = new Date(generation.date);
  for (const file of generation.files) {
    const kept = { file, generation: generation.number, date };
    entry.files.set(file.path, kept);
    const byHash = byHashPath(file);
    if (byHash !== null) entry.files.set(byHash, kept);
  }
}

/** Where apt fetches an index file by its hash (Acquire-By-Hash); null for files no Release lists. */
function byHashPath({ path, sha256 }: IndexFile): string | null {
  if (!path.startsWith('dists/') || /\/(In)?Release(\.gpg)?$/.test(path)) return null;
  return `${path.slice(0, path.lastIndexOf('/'))}/by-hash/SHA256/${sha256}`;
}

function view(entry: Entry): Kept {
  return {
    package: (path) => entry.packages.get(path),
    index: (path) => entry.files.get(path),
    isImmutable: (path) => /\/by-hash\/|(^|\/)repodata\/[0-9a-f]{64}-/.test(path),
    live: entry.live,
  };
}
