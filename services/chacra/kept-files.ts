import type { KeptIndex } from '../domain/export-tree.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { isEntryFile } from '../domain/generation.ts';
import type { Generation, IndexFile, PublishedPackage } from '../domain/generation.ts';
import type { Repo, RepoHead } from '../domain/repo.ts';
import { unlessOver } from './kept-generations.ts';
import type { GenerationStore } from './ports.ts';

/**
 * The files that a repo's kept generations name, by path: the live one's win, and what a client begins
 * with is the live one's or is not there. An older one's InRelease would win over a Release of today.
 */
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
  /** All but the entry files. */
  readonly files: Map<string, KeptIndex>;
  live: Generation | null;
  /** Of the live generation. */
  entryFiles: ReadonlyMap<string, KeptIndex>;
}

/** What is remembered of a repo, and of which generations. */
interface Known {
  readonly live: RepoHead['live'];
  readonly older: RepoHead['older'];
  readonly entry: Promise<Entry>;
}

const MAX_REPOS = 32;

/**
 * Knows which path leads to which bytes, over all generations that a client may still be reading.
 * Remembered for the repos used last, and grown by one generation at each publish.
 */
export class KeptFiles {
  readonly #generations: GenerationStore;
  /** A store hands out one identity for each repo it has, so it is as good a key as its text. */
  readonly #known = new Map<RepoIdentity, Known>();

  constructor(generations: GenerationStore) {
    this.#generations = generations;
  }

  async of({ identity, head: { live, older } }: Repo): Promise<Kept> {
    const before = this.#known.get(identity);
    // Between two publishes nothing of this changes, and every read of a published file asks.
    const isSame = before !== undefined && before.live === live && before.older === older;
    const known = isSame
      ? before
      : { live, older, entry: this.#grow(identity, { live, older }, before) };
    this.#known.delete(identity);
    this.#known.set(identity, known);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_REPOS) break;
      this.#known.delete(oldest);
    }
    try {
      return view(await known.entry);
    } catch (cause) {
      if (this.#known.get(identity) === known) this.#known.delete(identity);
      throw cause;
    }
  }

  async #grow(
    identity: RepoIdentity,
    { live, older }: Pick<RepoHead, 'live' | 'older'>,
    known: Known | undefined,
  ): Promise<Entry> {
    const wanted = new Set(older.map(({ files }) => files));
    if (live !== null) {
      // Last, so that its paths win.
      wanted.delete(live.files);
      wanted.add(live.files);
    }
    const before = await known?.entry.catch(() => undefined);
    const isGrowth = before !== undefined && [...before.numbers].every((n) => wanted.has(n));
    const entry = isGrowth ? before : emptyEntry();
    for (const number of wanted) {
      if (entry.numbers.has(number) && number !== live?.files) continue;
      if (entry.live?.number === number) continue;
      const isLive = number === live?.files;
      const reading = this.#generations.read(identity, number);
      const generation = await (isLive ? reading : unlessOver(reading));
      if (generation === null) continue;
      add(entry, generation);
      if (isLive) makeLive(entry, generation);
    }
    return entry;
  }
}

function emptyEntry(): Entry {
  return {
    numbers: new Set(),
    packages: new Map(),
    files: new Map(),
    live: null,
    entryFiles: new Map(),
  };
}

function add(entry: Entry, generation: Generation): void {
  entry.numbers.add(generation.number);
  for (const item of generation.packages) entry.packages.set(item.path, item);
  for (const file of generation.files) {
    if (isEntryFile(file)) continue;
    const kept = keptIndex(file, generation);
    entry.files.set(file.path, kept);
    const byHash = byHashPath(file);
    if (byHash !== null) entry.files.set(byHash, kept);
  }
}

function makeLive(entry: Entry, generation: Generation): void {
  const files = generation.files.filter(isEntryFile);
  entry.live = generation;
  entry.entryFiles = new Map(files.map((file) => [file.path, keptIndex(file, generation)]));
}

/** An index file as a generation has it. */
export function keptIndex(file: IndexFile, { number, date }: Generation): KeptIndex {
  return { file, generation: number, date: new Date(date) };
}

/** Where apt fetches an index file by its hash (Acquire-By-Hash); null for files no Release lists. */
export function byHashPath(file: IndexFile): string | null {
  const { path, sha256 } = file;
  if (!path.startsWith('dists/') || isEntryFile(file)) return null;
  return `${path.slice(0, path.lastIndexOf('/'))}/by-hash/SHA256/${sha256}`;
}

function view(entry: Entry): Kept {
  return {
    package: (path) => entry.packages.get(path),
    index: (path) => entry.entryFiles.get(path) ?? entry.files.get(path),
    isImmutable: (path) => /\/by-hash\/|(^|\/)repodata\/[0-9a-f]{64}-/.test(path),
    live: entry.live,
  };
}
