import { buildKey } from '../domain/build.ts';
import type { Build } from '../domain/build.ts';
import type { Commit } from '../domain/commit.ts';
import type { Moment, ShamanRepo } from '../domain/shaman-repo.ts';
import { nameOnDisk } from './name-on-disk.ts';
import type { CommitDocument, RecordLine } from './shaman-format.ts';

/** One sha1 in memory: its records, its tombstones, and how far its document is behind. */
export class StoredCommit implements Commit {
  readonly project: string;
  readonly sha1: string;
  readonly seen = new Map<string, Moment>();
  readonly repos = new Map<string, ShamanRepo>();
  readonly builds = new Map<string, Build>();
  readonly tombstones = new Map<string, ShamanRepo>();
  /** Of the last change it contains: journal lines up to this one are in it already. */
  order = 0;
  /** Changes that are not durable yet; its document must wait for them. */
  pending = 0;

  constructor(project: string, sha1: string) {
    this.project = project;
    this.sha1 = sha1;
  }

  get key(): string {
    return commitKey(this);
  }

  /** True when there is nothing left to remember. */
  get isEmpty(): boolean {
    return this.repos.size + this.builds.size + this.tombstones.size === 0;
  }

  /** True when it has anything but tombstones. */
  get isLiving(): boolean {
    return this.repos.size + this.builds.size > 0;
  }

  /** Brings it up to date with a line; start and change share it so that they cannot differ. */
  play({ order, repos = [], forget = [], builds = [], drop = [] }: RecordLine): void {
    for (const url of forget) {
      this.repos.delete(url);
      this.tombstones.delete(url);
    }
    for (const repo of repos) this.#put(repo);
    for (const key of drop) this.builds.delete(key);
    for (const build of builds) {
      this.builds.set(buildKey(build), build);
      this.#see(build.identity.ref, build.modified);
    }
    // Its document goes with its last record, and when it was seen goes with that.
    if (this.isEmpty) this.seen.clear();
    this.order = order;
  }

  /** Fills it from its document. */
  load(document: CommitDocument): void {
    for (const { ref, first } of document.seen) this.seen.set(ref, first);
    for (const repo of document.repos) this.#put(repo);
    for (const build of document.builds) this.builds.set(buildKey(build), build);
    this.order = document.order;
  }

  /** What its document holds. */
  print(): CommitDocument {
    const { order, project, sha1 } = this;
    return {
      order,
      project,
      sha1,
      seen: [...this.seen].map(([ref, first]) => ({ ref, first })),
      repos: [...this.repos.values(), ...this.tombstones.values()],
      builds: [...this.builds.values()],
    };
  }

  /** Notes what a line would change, and answers how to take it back. */
  undoOf({ repos = [], forget = [], builds = [], drop = [] }: RecordLine): () => void {
    const urls = new Set([...repos.map(({ chacraUrl }) => chacraUrl), ...forget]);
    const keys = new Set([...builds.map(buildKey), ...drop]);
    const oldRepos = [...urls].map((url) => [url, this.repos.get(url)] as const);
    const oldTombstones = [...urls].map((url) => [url, this.tombstones.get(url)] as const);
    const oldBuilds = [...keys].map((key) => [key, this.builds.get(key)] as const);
    const oldSeen = [...this.seen];
    return () => {
      restore(this.repos, oldRepos);
      restore(this.tombstones, oldTombstones);
      restore(this.builds, oldBuilds);
      this.seen.clear();
      for (const [ref, first] of oldSeen) this.seen.set(ref, first);
    };
  }

  #put(repo: ShamanRepo): void {
    const isGone = repo.status === 'deleted';
    (isGone ? this.repos : this.tombstones).delete(repo.chacraUrl);
    (isGone ? this.tombstones : this.repos).set(repo.chacraUrl, repo);
    if (!isGone) this.#see(repo.identity.ref, repo.modified);
  }

  #see(ref: string, moment: Moment): void {
    if (!this.seen.has(ref)) this.seen.set(ref, moment);
  }
}

function restore<T>(map: Map<string, T>, old: readonly (readonly [string, T | undefined])[]): void {
  for (const [key, value] of old) {
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }
}

/** A sha1's key: its parts hold no line break. */
export function commitKey({ project, sha1 }: { project: string; sha1: string }): string {
  return `${project}\n${sha1}`;
}

/** A sha1's name on disk. */
export function commitDigest(commit: { project: string; sha1: string }): string {
  return nameOnDisk(commitKey(commit));
}
