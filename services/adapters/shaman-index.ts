import { buildKey } from '../domain/build.ts';
import type { Build } from '../domain/build.ts';
import type { Moment, ShamanRepo } from '../domain/shaman-repo.ts';
import type { Where } from '../shaman/ports.ts';
import { OrderedRecords } from './ordered-records.ts';
import type { StoredCommit } from './shaman-commit.ts';

interface SeenCommit {
  readonly commit: StoredCommit;
  readonly first: Moment;
}

/** The living records of a project, or of a ref of it. */
class Shelf {
  readonly repos = new OrderedRecords<ShamanRepo>(({ modified }) => modified.order);
  readonly builds = new OrderedRecords<Build>(({ modified }) => modified.order);

  get isEmpty(): boolean {
    return this.repos.size + this.builds.size === 0;
  }
}

class RefShelf extends Shelf {
  /** By sha1, the one first seen last at the beginning. */
  readonly commits = new OrderedRecords<SeenCommit>(({ first }) => first.order);
}

class ProjectShelf extends Shelf {
  readonly refs = new Map<string, RefShelf>();
}

/** Where records are found by project, ref and sha1; derived from the commits, in memory only. */
export class ShamanIndex {
  readonly #projects = new Map<string, ProjectShelf>();
  readonly #bySha1 = new Map<string, Set<StoredCommit>>();

  /** Moves a repo from what it was to what it is, after its commit has changed. */
  moveRepo(commit: StoredCommit, before: ShamanRepo | undefined, after: ShamanRepo | undefined) {
    if (before !== undefined && before.status !== 'deleted') {
      this.#take(commit, before.identity.ref, (shelf) => shelf.repos.delete(before.chacraUrl));
    }
    if (after !== undefined && after.status !== 'deleted') {
      this.#put(commit, after.identity.ref, (shelf) => shelf.repos.put(after.chacraUrl, after));
    }
  }

  /** Moves a build, as `moveRepo`. */
  moveBuild(commit: StoredCommit, before: Build | undefined, after: Build | undefined) {
    if (before !== undefined) {
      this.#take(commit, before.identity.ref, (shelf) => shelf.builds.delete(buildKey(before)));
    }
    if (after !== undefined) {
      this.#put(commit, after.identity.ref, (shelf) => shelf.builds.put(buildKey(after), after));
    }
  }

  repos(where: Where): readonly ShamanRepo[] {
    if (where.sha1 === undefined) return this.#shelved(where, (shelf) => shelf.repos);
    return this.#ofSha1(where, (commit) => commit.repos.values());
  }

  builds(where: Where): readonly Build[] {
    if (where.sha1 === undefined) return this.#shelved(where, (shelf) => shelf.builds);
    return this.#ofSha1(where, (commit) => commit.builds.values());
  }

  *under(project: string, ref: string): Iterable<StoredCommit> {
    const shelf = this.#projects.get(project)?.refs.get(ref);
    for (const { commit } of shelf?.commits.list() ?? []) yield commit;
  }

  projects(): Iterable<string> {
    return this.#projects.keys();
  }

  refs(project: string): Iterable<string> | undefined {
    return this.#projects.get(project)?.refs.keys();
  }

  #put(commit: StoredCommit, ref: string, put: (shelf: Shelf) => void): void {
    let project = this.#projects.get(commit.project);
    if (project === undefined) this.#projects.set(commit.project, (project = new ProjectShelf()));
    let shelf = project.refs.get(ref);
    if (shelf === undefined) project.refs.set(ref, (shelf = new RefShelf()));
    put(project);
    put(shelf);
    const first = commit.seen.get(ref);
    if (first !== undefined && !shelf.commits.has(commit.sha1)) {
      shelf.commits.put(commit.sha1, { commit, first });
    }
    const commits = this.#bySha1.get(commit.sha1);
    if (commits === undefined) this.#bySha1.set(commit.sha1, new Set([commit]));
    else commits.add(commit);
  }

  #take(commit: StoredCommit, ref: string, take: (shelf: Shelf) => void): void {
    const project = this.#projects.get(commit.project);
    const shelf = project?.refs.get(ref);
    if (project === undefined || shelf === undefined) return;
    take(project);
    take(shelf);
    if (!hasRef(commit, ref)) shelf.commits.delete(commit.sha1);
    if (shelf.isEmpty) project.refs.delete(ref);
    if (project.isEmpty) this.#projects.delete(commit.project);
    if (commit.isLiving) return;
    const commits = this.#bySha1.get(commit.sha1);
    commits?.delete(commit);
    if (commits?.size === 0) this.#bySha1.delete(commit.sha1);
  }

  #shelved<T extends ShamanRepo | Build>(
    { project, ref }: Where,
    of: (shelf: Shelf) => OrderedRecords<T>,
  ): readonly T[] {
    const names = project === undefined ? [...this.#projects.keys()] : [project];
    const lists = names.flatMap((name) => {
      const found = this.#projects.get(name);
      const shelf = ref === undefined ? found : found?.refs.get(ref);
      return shelf === undefined ? [] : [of(shelf).list()];
    });
    const [only] = lists;
    if (lists.length < 2) return only ?? [];
    return newestFirst(lists.flat());
  }

  #ofSha1<T extends ShamanRepo | Build>(
    { project, ref, sha1 = '' }: Where,
    of: (commit: StoredCommit) => Iterable<T>,
  ): readonly T[] {
    const found: T[] = [];
    for (const commit of this.#bySha1.get(sha1) ?? []) {
      if (project !== undefined && commit.project !== project) continue;
      for (const record of of(commit)) {
        if (ref === undefined || record.identity.ref === ref) found.push(record);
      }
    }
    return newestFirst(found);
  }
}

function newestFirst<T extends ShamanRepo | Build>(records: T[]): readonly T[] {
  return records.sort((a, b) => b.modified.order - a.modified.order);
}

function hasRef({ repos, builds }: StoredCommit, ref: string): boolean {
  for (const { identity } of repos.values()) if (identity.ref === ref) return true;
  for (const { identity } of builds.values()) if (identity.ref === ref) return true;
  return false;
}
