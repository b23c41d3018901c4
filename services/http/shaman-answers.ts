import { cellJson, repoAnswerJson } from '../api/shaman-answers-json.ts';
import { platformName } from '../domain/asked-platform.ts';
import type { DistroTable } from '../domain/distros.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';
import { isLatestSettled } from '../shaman/answer-latest.ts';
import type { Candidate, LatestAnswer, LatestQuestion } from '../shaman/answer-latest.ts';
import { isMatrixSettled } from '../shaman/build-matrix.ts';
import type { MatrixAnswer, MatrixQuestion } from '../shaman/build-matrix.ts';
import type { JudgedCell } from '../shaman/judge-cell.ts';
import type { RecordPage } from '../shaman/search-records.ts';
import type { Forms } from './answer-question.ts';

/** How the answer to "latest" is written. */
export function latestForms(question: LatestQuestion, distros: DistroTable): Forms<LatestAnswer> {
  const candidate = ({ sha1, firstSeen, isComplete, cells }: Candidate) => ({
    sha1,
    first_seen: firstSeen,
    complete: isComplete,
    platforms: cells.map((cell) => cellJson(cell, distros)),
    missing: cells.filter(isNotReady).map(missingJson),
  });
  return {
    json(answer) {
      const { found, newest, complete } = answer;
      const none = { sha1: null, first_seen: null, complete: false, platforms: [], missing: [] };
      return {
        project: question.project,
        ref: question.ref,
        flavor: question.flavor,
        done: isLatestSettled(answer),
        ...(found === null ? none : candidate(found)),
        newest: newest === null ? null : candidate(newest),
        complete_sha1: complete?.sha1 ?? null,
      };
    },
    facts(answer) {
      const { found, newest, complete } = answer;
      return [
        `sha1 ${found?.sha1 ?? '-'}`,
        `complete ${yesNo(found?.isComplete === true)}`,
        `done ${yesNo(isLatestSettled(answer))}`,
        ...(found === null ? [] : [`first_seen ${found.firstSeen}`, ...cellFacts(found.cells)]),
        `complete_sha1 ${complete?.sha1 ?? '-'}`,
        `newest ${newest?.sha1 ?? '-'}`,
        ...(newest?.cells ?? []).filter(isNotReady).map((cell) => missingFact('newest', cell)),
      ];
    },
  };
}

/** How the answer to "is it built" is written. */
export function matrixForms(question: MatrixQuestion, distros: DistroTable): Forms<MatrixAnswer> {
  const lacking = ({ asked, cells }: MatrixAnswer) =>
    (asked.length > 0 ? asked : cells).filter(isNotReady);
  return {
    json: (answer) => ({
      project: question.project,
      ref: question.ref,
      sha1: answer.sha1,
      built: answer.isBuilt,
      done: isMatrixSettled(answer),
      platforms: answer.asked.map((cell) => cellJson(cell, distros)),
      missing: lacking(answer).map(missingJson),
      cells: answer.cells.map((cell) => cellJson(cell, distros)),
    }),
    facts: (answer) => [
      `built ${yesNo(answer.isBuilt)}`,
      `done ${yesNo(isMatrixSettled(answer))}`,
      `sha1 ${answer.sha1 ?? '-'}`,
      ...answer.asked.map(
        (cell) => `platform ${platformName(cell)} ${cell.flavor} ${cell.state} ${urlOf(cell)}`,
      ),
      ...cellFacts(answer.cells),
      ...lacking(answer).map((cell) => missingFact('', cell)),
    ],
  };
}

/** How a page of the search is written. */
export function searchForms(distros: DistroTable): Forms<RecordPage> {
  return {
    json: ({ found, next }) => ({
      repos: found.map((repo) => repoAnswerJson(repo, distros)),
      next: next === null ? null : String(next),
    }),
    facts: ({ found, next }) => [
      ...found.map((repo) => repoFact(repo, distros)),
      ...(next === null ? [] : [`next ${next}`]),
    ],
  };
}

function repoFact(repo: ShamanRepo, distros: DistroTable): string {
  const { project, ref, sha1, distro, distro_version, flavor, archs, status, url, chacra_url } =
    repoAnswerJson(repo, distros);
  const platform = `${distro}/${distro_version}`;
  const known = [status, project, ref, sha1, platform, flavor, archs.join(','), url, chacra_url];
  return ['repo', ...known.map(orDash)].join(' ');
}

/** `cell PLATFORM FLAVOR STATE BUILD REPO URL LOG`; a dash stands for what there is not. */
function cellFacts(cells: readonly JudgedCell[]): string[] {
  return cells.map((cell) =>
    [
      'cell',
      platformName(cell),
      cell.flavor,
      cell.state,
      cell.build?.status ?? '-',
      cell.repo?.status ?? '-',
      urlOf(cell),
      orDash(cell.build?.logUrl ?? ''),
    ].join(' '),
  );
}

function missingFact(of: '' | 'newest', cell: JudgedCell): string {
  const name = of === '' ? 'missing' : `${of}_missing`;
  return `${name} ${platformName(cell)} ${cell.flavor} ${cell.state} ${cell.why ?? '-'}`;
}

function missingJson(cell: JudgedCell) {
  const { flavor, state, why } = cell;
  return { platform: platformName(cell), flavor, state, why };
}

function isNotReady({ state }: JudgedCell): boolean {
  return state !== 'ready';
}

function urlOf({ state, repo }: JudgedCell): string {
  return state === 'ready' ? orDash(repo?.url ?? '') : '-';
}

function orDash(text: string): string {
  return text === '' ? '-' : text;
}

function yesNo(isSo: boolean): string {
  return isSo ? 'yes' : 'no';
}
