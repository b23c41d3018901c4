import { isUnderWay } from '../domain/build.ts';
import type { Build } from '../domain/build.ts';
import type { Commit } from '../domain/commit.ts';
import { canonicalArch } from '../domain/distros.ts';
import type { DistroTable } from '../domain/distros.ts';
import { isPending } from '../domain/repo-status.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';
import { holdsArch, isBuildOf, isRepoOf, wantedCell } from './cell.ts';
import type { Cell, WantedCell } from './cell.ts';

/** `missing`: nothing is on record that could still bring it. */
export type CellState = 'ready' | 'pending' | 'failed' | 'missing';

/** Which records of a sha1 count. */
export interface Scope {
  /** Null: of any ref that the sha1 was seen under. */
  readonly ref: string | null;
  /** Only this publish of the repo satisfies, or a later one. */
  readonly generation: number | null;
}

/** What is to be said of a cell. */
export interface JudgedCell extends Cell {
  readonly state: CellState;
  /** Why it is not ready, in a few words. */
  readonly why: string | null;
  /** The one that makes it ready, else the one that is nearest to it. */
  readonly repo: ShamanRepo | null;
  /** The one that is under way, else the newest. */
  readonly build: Build | null;
}

/**
 * Whether a cell can be used: a repo of it is ready with that arch, and no build of the cell is
 * queued or started under the same ref.
 */
export function isCellReady(commit: Commit, cell: WantedCell, ref: string | null): boolean {
  for (const repo of commit.repos.values()) if (makesReady(repo, commit, cell, ref)) return true;
  return false;
}

/** What is known of a cell of a sha1, and why it is not ready; undefined: of a sha1 that nobody knows. */
export function judgeCell(
  commit: Commit | undefined,
  cell: Cell,
  { ref, generation }: Scope,
  distros: DistroTable,
): JudgedCell {
  if (commit === undefined) return missing(cell, 'nothing is on record', null, null);
  const wanted = wantedCell(cell, distros);
  const repos = newestFirst(commit.repos.values()).filter((repo) => isRepoOf(repo, wanted, ref));
  const builds = newestFirst(commit.builds.values()).filter((each) => isBuildOf(each, wanted, ref));
  const under = builds.find(({ status }) => isUnderWay(status)) ?? null;
  const build = under ?? builds[0] ?? null;
  if (generation !== null) return judgeGeneration(cell, wanted, generation, repos, build);
  const ready = repos.find((repo) => makesReady(repo, commit, wanted, ref));
  if (ready !== undefined) return { ...cell, state: 'ready', why: null, repo: ready, build };
  const near = repos.find((repo) => holdsArch(repo, wanted.arch)) ?? repos[0] ?? null;
  if (under !== null) {
    return { ...cell, state: 'pending', why: `build ${under.status}`, repo: near, build };
  }
  const coming = repos.find(({ status }) => isPending(status));
  if (coming !== undefined) {
    return { ...cell, state: 'pending', why: `repository ${coming.status}`, repo: coming, build };
  }
  return judgeEnded(cell, repos, builds, near);
}

/** Nothing is under way any more, and it is not ready. */
function judgeEnded(
  cell: Cell,
  repos: readonly ShamanRepo[],
  builds: readonly Build[],
  near: ShamanRepo | null,
): JudgedCell {
  const build = builds[0] ?? null;
  const failed = repos.find(({ status }) => status === 'failed');
  if (failed !== undefined) {
    const why = `repository failed: ${failed.reason ?? 'the storage node did not say why'}`;
    return { ...cell, state: 'failed', why, repo: failed, build };
  }
  if (build !== null && newestOfEachArch(builds).every(({ status }) => status !== 'completed')) {
    return { ...cell, state: 'failed', why: `build ${build.status}`, repo: near, build };
  }
  if (near !== null) return missing(cell, 'the repository is ready without this arch', near, build);
  if (build !== null) return missing(cell, 'built, but in no repository yet', near, build);
  return missing(cell, 'nothing is on record', null, null);
}

/** Ready when what clients see is that publish or a later one; failed when one of those failed. */
function judgeGeneration(
  cell: Cell,
  { arch }: WantedCell,
  wanted: number,
  repos: readonly ShamanRepo[],
  build: Build | null,
): JudgedCell {
  const live = repos.filter(({ liveGeneration }) => (liveGeneration ?? -1) >= wanted);
  // Of several refs or nodes, another one may be newer without the arch.
  const ready = live.find((repo) => holdsArch(repo, arch));
  if (ready !== undefined) return { ...cell, state: 'ready', why: null, repo: ready, build };
  const failed = repos.find(
    ({ status, generation }) => status === 'failed' && (generation ?? -1) >= wanted,
  );
  if (failed !== undefined) {
    const why = `repository failed: ${failed.reason ?? 'the storage node did not say why'}`;
    return { ...cell, state: 'failed', why, repo: failed, build };
  }
  const [without] = live;
  if (without !== undefined) {
    // It was published, and waiting longer for that publish brings nothing.
    const why = `generation ${without.liveGeneration ?? ''} is live without this arch`;
    return { ...cell, state: 'failed', why, repo: without, build };
  }
  const [repo = null] = repos;
  if (repo === null) return missing(cell, 'nothing is on record', null, build);
  const why = `generation ${wanted} is not live; live is ${repo.liveGeneration ?? 'none'}`;
  return { ...cell, state: 'pending', why, repo, build };
}

function makesReady(
  repo: ShamanRepo,
  commit: Commit,
  cell: WantedCell,
  ref: string | null,
): boolean {
  if (repo.status !== 'ready' || !isRepoOf(repo, cell, ref)) return false;
  return holdsArch(repo, cell.arch) && !isBuilding(commit, cell, repo.identity.ref);
}

function isBuilding(commit: Commit, cell: WantedCell, ref: string): boolean {
  for (const build of commit.builds.values()) {
    if (isUnderWay(build.status) && isBuildOf(build, cell, ref)) return true;
  }
  return false;
}

function newestOfEachArch(newestFirst: readonly Build[]): Build[] {
  const found = new Map<string, Build>();
  for (const build of newestFirst) {
    const arch = canonicalArch(build.identity.distroArch ?? '');
    if (!found.has(arch)) found.set(arch, build);
  }
  return [...found.values()];
}

function newestFirst<T extends ShamanRepo | Build>(records: Iterable<T>): T[] {
  return [...records].sort((a, b) => b.modified.order - a.modified.order);
}

function missing(
  cell: Cell,
  why: string,
  repo: ShamanRepo | null,
  build: Build | null,
): JudgedCell {
  return { ...cell, state: 'missing', why, repo, build };
}
