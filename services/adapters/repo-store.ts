import { join } from 'node:path';
import type { Clock, Log, ProjectLevel, RepoStore } from '../chacra/ports.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Repo, RepoChange } from '../domain/repo.ts';
import { directWriter } from '../platform/file-writer.ts';
import type { FileWriter } from '../platform/file-writer.ts';
import { asDiskFull } from './full-disk.ts';
import { inParallel } from './in-parallel.ts';
import { loadRepos, repoFilesPath } from './load-repos.ts';
import type { LoadedRepo, OnDamaged } from './load-repos.ts';
import { repoDigest } from './repo-digest.ts';
import { RepoFiles } from './repo-files.ts';
import { RepoTree } from './repo-tree.ts';
import { StoredRepo } from './stored-repo.ts';

const SOON_MILLISECONDS = 1000;
const PARALLEL_CLOSES = 16;

type Decide = (repo: Repo | undefined) => RepoChange | null;

interface Options {
  /** The folder of this service's data; the store makes `repos` in it. */
  readonly root: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly files?: FileWriter;
  /** Without it, a file that cannot be read stops the start. */
  readonly onDamaged?: OnDamaged;
}

/**
 * The repositories on disk, one lowdb document and one journal each, and all of them in memory.
 * The head of a `Repo` it hands out is of that moment, its `binaries` are a live view.
 */
export class DiskRepoStore implements RepoStore {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #files: FileWriter;
  readonly #repos = new Map<string, StoredRepo>();
  readonly #tree = new RepoTree();
  readonly #listeners: Array<(repo: Repo) => void> = [];
  /** Ends the wait of those with changes that nobody waits for. */
  readonly #timers = new Map<StoredRepo, () => void>();
  #closed = false;

  constructor(options: Options, loaded: readonly LoadedRepo[]) {
    this.#folder = reposFolder(options.root);
    this.#clock = options.clock;
    this.#log = options.log;
    this.#files = options.files ?? directWriter;
    for (const { record, files } of loaded) this.#add(record.identity, files, record);
  }

  get(identity: RepoIdentity): Repo | undefined {
    return this.#repos.get(keyOf(identity))?.repo;
  }

  async change(identity: RepoIdentity, decide: Decide): Promise<Repo | undefined> {
    const stored = this.#open(identity);
    const changed = stored.apply(decide);
    const { repo } = stored;
    try {
      await stored.flush();
    } catch (cause) {
      if (stored.repo !== undefined) this.#notify(stored.repo);
      throw asDiskFull(cause);
    }
    if (changed && repo !== undefined) this.#notify(stored.repo ?? repo);
    return repo;
  }

  changeSoon(identity: RepoIdentity, decide: Decide): Repo | undefined {
    const stored = this.#open(identity);
    if (!stored.apply(decide)) return stored.repo;
    const { repo } = stored;
    this.#saveSoon(stored);
    if (repo !== undefined) this.#notify(repo);
    return repo;
  }

  async settled(identity: RepoIdentity): Promise<void> {
    try {
      await this.#repos.get(keyOf(identity))?.settled();
    } catch (cause) {
      throw asDiskFull(cause);
    }
  }

  async drop(identity: RepoIdentity): Promise<void> {
    if (this.get(identity) !== undefined) await this.#open(identity).drop();
  }

  *all(): Iterable<Repo> {
    for (const { repo } of this.#repos.values()) if (repo !== undefined) yield repo;
  }

  tree(): ProjectLevel {
    return this.#tree.projects;
  }

  watch(listener: (repo: Repo) => void): void {
    this.#listeners.push(listener);
  }

  /** Makes everything durable and takes no more changes. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await inParallel([...this.#repos.values()], PARALLEL_CLOSES, (stored) =>
      stored.close().catch((cause: unknown) => this.#complain(stored, cause)),
    );
  }

  #open(identity: RepoIdentity): StoredRepo {
    if (this.#closed) throw new GitbuilderError('STOPPING');
    const known = this.#repos.get(keyOf(identity));
    if (known !== undefined) return known;
    const path = repoFilesPath(this.#folder, repoDigest(identity));
    return this.#add(identity, new RepoFiles(path, null, this.#files), null);
  }

  /** A repo enters the map with its first state: asking for one that is not there leaves no trace. */
  #add(identity: RepoIdentity, files: RepoFiles, record: LoadedRepo['record'] | null): StoredRepo {
    return new StoredRepo(identity, files, record, (stored) => this.#place(stored));
  }

  #place(stored: StoredRepo): void {
    const { identity, repo } = stored;
    const key = keyOf(identity);
    if (repo !== undefined) this.#repos.set(key, stored);
    else if (stored.isGone) this.#repos.delete(key);
    if (repo === undefined || repo.head.status === 'deleted') this.#tree.remove(identity);
    else this.#tree.put(repo);
  }

  #saveSoon(stored: StoredRepo): void {
    if (this.#timers.has(stored)) return;
    const cancel = this.#clock.after(SOON_MILLISECONDS, () => {
      this.#timers.delete(stored);
      stored.flush().catch((cause: unknown) => this.#complain(stored, cause));
    });
    this.#timers.set(stored, cancel);
  }

  #notify(repo: Repo): void {
    for (const listener of this.#listeners) listener(repo);
  }

  #complain(stored: StoredRepo, cause: unknown): void {
    const fields = { repo: repoPath(stored.identity), err: cause };
    this.#log.error(fields, 'cannot save a repository; its last changes are lost');
  }
}

/** Loads every repository that the data folder holds; DATA_DAMAGED names a file that cannot be read. */
export async function openRepoStore(options: Options): Promise<DiskRepoStore> {
  return new DiskRepoStore(
    options,
    await loadRepos(reposFolder(options.root), options.onDamaged, options.files),
  );
}

function reposFolder(root: string): string {
  return join(root, 'repos');
}

/** In memory a line break parts the words: none of them can hold one, and nothing needs encoding. */
function keyOf({ project, ref, sha1, distro, distroVersion, flavor }: RepoIdentity): string {
  return `${project}\n${ref}\n${sha1}\n${distro}\n${distroVersion}\n${flavor}`;
}
