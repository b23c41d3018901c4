import { buildKey } from '../domain/build.ts';
import type { Build } from '../domain/build.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';
import { commitKey, StoredCommit } from './shaman-commit.ts';
import type { RecordLine } from './shaman-format.ts';
import { ShamanIndex } from './shaman-index.ts';

/** What a line changes at one key, to be moved in the indexes. */
interface Moved<T> {
  readonly key: string;
  readonly before: T | undefined;
}

/** A line that memory shows, and how to take it back. */
export interface Played {
  readonly commit: StoredCommit;
  readonly undo: () => void;
}

/** All records in memory: the commits, and the indexes over them, which always agree. */
export class ShamanMemory {
  readonly index = new ShamanIndex();
  readonly #commits: Map<string, StoredCommit>;
  readonly #byUrl = new Map<string, ShamanRepo>();
  #newest = 0;

  constructor(commits: Map<string, StoredCommit>) {
    this.#commits = commits;
    this.#takeAll();
  }

  /** The order of the last change that was loaded. */
  get newest(): number {
    return this.#newest;
  }

  repo(chacraUrl: string): ShamanRepo | undefined {
    return this.#byUrl.get(chacraUrl);
  }

  repos(): Iterable<ShamanRepo> {
    return this.#byUrl.values();
  }

  commit(project: string, sha1: string): StoredCommit | undefined {
    return this.#commits.get(commitKey({ project, sha1 }));
  }

  *builds(): Iterable<Build> {
    for (const commit of this.#commits.values()) yield* commit.builds.values();
  }

  /** Shows a line that is not durable yet. */
  play(line: RecordLine): Played {
    const commit = this.#open(line);
    const urls = [...(line.forget ?? []), ...(line.repos ?? []).map((repo) => repo.chacraUrl)];
    const keys = [...(line.drop ?? []), ...(line.builds ?? []).map(buildKey)];
    const noteRepos = () => urls.map((key) => ({ key, before: this.#byUrl.get(key) }));
    const noteBuilds = () => keys.map((key) => ({ key, before: commit.builds.get(key) }));
    const takeBack = commit.undoOf(line);
    const before = { repos: noteRepos(), builds: noteBuilds() };
    commit.play(line);
    commit.pending += 1;
    this.#move(commit, before.repos, before.builds);
    const undo = () => {
      const after = { repos: noteRepos(), builds: noteBuilds() };
      takeBack();
      commit.pending -= 1;
      this.#move(commit, after.repos, after.builds);
    };
    return { commit, undo };
  }

  #move(
    commit: StoredCommit,
    repos: readonly Moved<ShamanRepo>[],
    builds: readonly Moved<Build>[],
  ): void {
    for (const { key, before } of repos) {
      const after = commit.repos.get(key) ?? commit.tombstones.get(key);
      this.index.moveRepo(commit, before, after);
      if (after === undefined) this.#byUrl.delete(key);
      else this.#byUrl.set(key, after);
    }
    for (const { key, before } of builds) {
      this.index.moveBuild(commit, before, commit.builds.get(key));
    }
  }

  #open({ project, sha1 }: RecordLine): StoredCommit {
    const known = this.commit(project, sha1);
    if (known !== undefined) return known;
    const commit = new StoredCommit(project, sha1);
    this.#commits.set(commit.key, commit);
    return commit;
  }

  /** Puts what was loaded into the indexes, oldest first: then nothing has to be sorted again. */
  #takeAll(): void {
    const loaded: { readonly order: number; readonly take: () => void }[] = [];
    for (const commit of this.#commits.values()) {
      this.#newest = Math.max(this.#newest, commit.order);
      const none = (key: string) => ({ key, before: undefined });
      for (const [url, { modified }] of [...commit.repos, ...commit.tombstones]) {
        loaded.push({ order: modified.order, take: () => this.#move(commit, [none(url)], []) });
      }
      for (const [key, { modified }] of commit.builds) {
        loaded.push({ order: modified.order, take: () => this.#move(commit, [], [none(key)]) });
      }
    }
    loaded.sort((a, b) => a.order - b.order);
    for (const { take } of loaded) take();
  }
}
