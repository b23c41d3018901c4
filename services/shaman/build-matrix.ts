import { platformName } from '../domain/asked-platform.ts';
import type { AskedPlatform } from '../domain/asked-platform.ts';
import type { Commit } from '../domain/commit.ts';
import { canonicalArch, versionOf } from '../domain/distros.ts';
import type { DistroTable } from '../domain/distros.ts';
import { DEFAULT_FLAVOR } from '../domain/identity.ts';
import { isCellReady, judgeCell } from './judge-cell.ts';
import type { JudgedCell } from './judge-cell.ts';
import { wantedCell } from './cell.ts';
import type { Cell } from './cell.ts';
import type { Commits } from './ports.ts';

/** "Is sha1 X built for xenial?", and everything else that is known of it. */
export interface MatrixQuestion {
  readonly project: string;
  /** Null: the newest of the ref. */
  readonly sha1: string | null;
  /** Null: every ref that the sha1 was seen under. */
  readonly ref: string | null;
  /** Null: `default` where platforms are asked for, else every flavor. */
  readonly flavor: string | null;
  /** None: every cell that is on record, and those that the sha1 before it had. */
  readonly platforms: readonly AskedPlatform[];
  readonly generation: number | null;
}

export interface MatrixAnswer {
  /** Null while nothing is known of the ref. */
  readonly sha1: string | null;
  /** The yes or no: everything that was asked for, or that one would expect, is ready. */
  readonly isBuilt: boolean;
  /** One for each platform that was asked for, in that order. */
  readonly asked: readonly JudgedCell[];
  /** Every single cell, by distro, version, arch and flavor. */
  readonly cells: readonly JudgedCell[];
}

interface Collaborators {
  readonly commits: Commits;
  readonly distros: DistroTable;
}

/** Every cell of a sha1 with its build and its repo, and whether all of it is ready. */
export function buildMatrix(collaborators: Collaborators, question: MatrixQuestion): MatrixAnswer {
  const { commits, distros } = collaborators;
  const { ref, platforms, generation } = question;
  const commit = commitOf(commits, question);
  const judge = (cell: Cell) => judgeCell(commit, cell, { ref, generation }, distros);
  const flavor = question.flavor ?? (platforms.length > 0 ? DEFAULT_FLAVOR : null);
  const asked = platforms.map((platform) =>
    judge({ ...platform, flavor: flavor ?? DEFAULT_FLAVOR }),
  );
  const isWanted = (cell: Cell) =>
    (flavor === null || cell.flavor === flavor) &&
    (platforms.length === 0 || platforms.some((platform) => covers(platform, cell)));
  const known = commit === undefined ? [] : cellsOf(commit, ref, distros).filter(isWanted);
  const cells = known.map(judge);
  if (platforms.length === 0 && commit !== undefined) {
    cells.push(...expected(collaborators, commit, ref, known).filter(isWanted).map(judge));
  }
  const decisive = platforms.length > 0 ? asked : cells;
  return {
    sha1: commit?.sha1 ?? question.sha1,
    isBuilt: decisive.length > 0 && decisive.every(({ state }) => state === 'ready'),
    asked,
    cells: cells.sort((a, b) => (sortName(a) < sortName(b) ? -1 : 1)),
  };
}

/** Whether waiting is over: all of it is ready, or something failed. */
export function isMatrixSettled({ isBuilt, asked, cells }: MatrixAnswer): boolean {
  const decisive = asked.length > 0 ? asked : cells;
  return isBuilt || decisive.some(({ state }) => state === 'failed');
}

function commitOf(commits: Commits, { project, sha1, ref }: MatrixQuestion): Commit | undefined {
  if (sha1 !== null) return commits.get(project, sha1);
  if (ref === null) return undefined;
  const [newest] = commits.under(project, ref);
  return newest;
}

/** Each cell that a repo or a build of the sha1 is of, once; arch names as they were told first. */
function cellsOf(commit: Commit, ref: string | null, distros: DistroTable): Cell[] {
  const found = new Map<string, Cell>();
  const add = (distro: string, told: string, arch: string | null, flavor: string) => {
    const cell = { distro, version: versionOf(distros, distro, told), arch, flavor };
    if (!found.has(nameOf(cell))) found.set(nameOf(cell), cell);
  };
  for (const { identity, archs } of commit.repos.values()) {
    if (ref !== null && identity.ref !== ref) continue;
    const { distro, distroVersion, flavor } = identity;
    for (const arch of archs) add(distro, distroVersion, arch, flavor);
    if (archs.length === 0) add(distro, distroVersion, null, flavor);
  }
  for (const { identity } of commit.builds.values()) {
    if (ref !== null && identity.ref !== ref) continue;
    const { distro, distroVersion, distroArch, flavor } = identity;
    if (distro === null || distroVersion === null) continue;
    add(distro, distroVersion, distroArch, flavor);
  }
  // Where single archs are known, "some arch" is none of its own.
  const all = [...found.values()];
  return all.filter(
    (cell) =>
      cell.arch !== null ||
      !all.some((other) => other !== cell && other.flavor === cell.flavor && covers(cell, other)),
  );
}

/** Cells that the newest older sha1 with anything ready has and this one lacks: they are yet to come. */
function expected(
  { commits, distros }: Collaborators,
  commit: Commit,
  ref: string | null,
  known: readonly Cell[],
): Cell[] {
  const names = new Set(known.map(nameOf));
  const found = new Map<string, Cell>();
  for (const under of ref === null ? commit.seen.keys() : [ref]) {
    let isOlder = false;
    for (const other of commits.under(commit.project, under)) {
      if (other.sha1 === commit.sha1) isOlder = true;
      else if (isOlder) {
        const cells = cellsOf(other, under, distros);
        const ready = cells.filter((cell) => isCellReady(other, wantedCell(cell, distros), under));
        for (const cell of ready) if (!names.has(nameOf(cell))) found.set(nameOf(cell), cell);
        if (ready.length > 0) break;
      }
    }
  }
  return [...found.values()];
}

function covers({ distro, version, arch }: AskedPlatform, cell: Cell): boolean {
  return (
    (distro === null || distro === cell.distro) &&
    version === cell.version &&
    (arch === null || (cell.arch !== null && canonicalArch(arch) === canonicalArch(cell.arch)))
  );
}

function nameOf({ distro, version, arch, flavor }: Cell): string {
  return [distro, version, arch === null ? '' : canonicalArch(arch), flavor].join('/');
}

function sortName(cell: Cell): string {
  return `${platformName(cell)} ${cell.flavor}`;
}
