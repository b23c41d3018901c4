import type { AskedPlatform } from '../domain/asked-platform.ts';
import type { Commit } from '../domain/commit.ts';
import type { DistroTable } from '../domain/distros.ts';
import { wantedCell } from './cell.ts';
import type { WantedCell } from './cell.ts';
import { isCellReady, judgeCell } from './judge-cell.ts';
import type { JudgedCell } from './judge-cell.ts';
import type { Commits } from './ports.ts';

/** "What is the latest sha1 I can use for main on trusty, xenial and centos7?" */
export interface LatestQuestion {
  readonly project: string;
  readonly ref: string;
  readonly flavor: string;
  /** At least one. */
  readonly platforms: readonly AskedPlatform[];
  /** Take the newest sha1 that is ready on any of the platforms. */
  readonly allowPartial: boolean;
}

/** One sha1 on the platforms that were asked for, in their order. */
export interface Candidate {
  readonly sha1: string;
  /** When it was first seen under the ref; RFC 3339 UTC. */
  readonly firstSeen: string;
  readonly isComplete: boolean;
  readonly cells: readonly JudgedCell[];
}

export interface LatestAnswer {
  /** Null when there is none. */
  readonly found: Candidate | null;
  /** The newest sha1 of the ref, ready or not; null while nothing is known of the ref. */
  readonly newest: Candidate | null;
  /** The newest one that is ready on all platforms: differs from `found` only when that is partial. */
  readonly complete: Candidate | null;
}

interface Collaborators {
  readonly commits: Commits;
  readonly distros: DistroTable;
}

/**
 * The newest sha1 of a ref that is ready on all platforms, and what keeps the newest one of all from
 * being it. "Newest" goes by when the sha1 was first seen under the ref, so rebuilding changes nothing.
 */
export function answerLatest(
  { commits, distros }: Collaborators,
  question: LatestQuestion,
): LatestAnswer {
  const { ref, allowPartial } = question;
  const wanted = wantedBy(question, distros);
  let newest: Commit | undefined;
  let partial: Commit | undefined;
  let complete: Commit | undefined;
  for (const commit of commits.under(question.project, ref)) {
    newest ??= commit;
    if (allowPartial && isReadyOnAny(commit, wanted, ref)) partial ??= commit;
    if (isReadyOnAll(commit, wanted, ref)) {
      complete = commit;
      break;
    }
  }
  const found = allowPartial ? (partial ?? complete) : complete;
  const candidates = new Map<Commit, Candidate>();
  const describe = (commit: Commit | undefined): Candidate | null => {
    if (commit === undefined) return null;
    const known = candidates.get(commit) ?? candidateOf(commit, question, distros);
    candidates.set(commit, known);
    return known;
  };
  return { found: describe(found), newest: describe(newest), complete: describe(complete) };
}

/** Whether waiting is over: there is one, or the newest sha1 of the ref failed on one of the platforms. */
export function isLatestSettled({ found, newest }: LatestAnswer): boolean {
  if (found !== null) return true;
  return newest !== null && newest.cells.some(({ state }) => state === 'failed');
}

/** Whether one of these sha1s can have settled the question: a cheap look before it is asked again. */
export function couldSettleLatest(
  { commits, distros }: Collaborators,
  question: LatestQuestion,
  sha1s: Iterable<string>,
): boolean {
  const { ref } = question;
  const wanted = wantedBy(question, distros);
  const isReady = question.allowPartial ? isReadyOnAny : isReadyOnAll;
  for (const sha1 of sha1s) {
    const commit = commits.get(question.project, sha1);
    if (commit !== undefined && isReady(commit, wanted, ref)) return true;
  }
  const [newest] = commits.under(question.project, ref);
  if (newest === undefined) return false;
  return judged(newest, question, distros).some(({ state }) => state === 'failed');
}

function wantedBy({ platforms, flavor }: LatestQuestion, distros: DistroTable): WantedCell[] {
  return platforms.map((platform) => wantedCell({ ...platform, flavor }, distros));
}

function isReadyOnAll(commit: Commit, wanted: readonly WantedCell[], ref: string): boolean {
  return wanted.every((cell) => isCellReady(commit, cell, ref));
}

function isReadyOnAny(commit: Commit, wanted: readonly WantedCell[], ref: string): boolean {
  return wanted.some((cell) => isCellReady(commit, cell, ref));
}

function judged(commit: Commit, question: LatestQuestion, distros: DistroTable): JudgedCell[] {
  const { ref, flavor } = question;
  return question.platforms.map((platform) =>
    judgeCell(commit, { ...platform, flavor }, { ref, generation: null }, distros),
  );
}

function candidateOf(commit: Commit, question: LatestQuestion, distros: DistroTable): Candidate {
  const cells = judged(commit, question, distros);
  return {
    sha1: commit.sha1,
    firstSeen: commit.seen.get(question.ref)?.at ?? '',
    isComplete: cells.every(({ state }) => state === 'ready'),
    cells,
  };
}
