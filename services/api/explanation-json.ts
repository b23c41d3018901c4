import type { ExplainedPackage, ExplainedSource, Explanation } from '../domain/explanation.ts';
import type { Origin } from '../domain/generation.ts';
import { repoPath } from '../domain/identity.ts';
import { packageArch, packageName, packageVersion } from '../domain/package-header.ts';

/** Why a repository holds what it holds, as JSON; its packages stand in `packages` behind the rest. */
export function explanationJson({
  repo,
  suites,
  sources,
  dependents,
}: Omit<Explanation, 'packages'>): object {
  return {
    repo: repoPath(repo.identity),
    status: repo.head.status,
    live_generation: repo.head.live?.number ?? null,
    suites,
    sources: sources.map((source) => ({
      ...edgeJson(source),
      suites: named(source.suites),
      files: source.repo.binaries.size,
      published: source.isPublished,
    })),
    dependents: dependents.map((dependent) => ({
      ...edgeJson(dependent),
      suites: named(dependent.suites),
    })),
  };
}

function edgeJson({ repo, origin }: Pick<ExplainedSource, 'repo' | 'origin'>) {
  return {
    repo: repoPath(repo.identity),
    why: why(origin),
    setting: origin?.setting ?? null,
    status: repo.head.status,
  };
}

/** One of its packages. */
export function packageJson(one: ExplainedPackage): object {
  const { name, binary, header, sha256, suite, path, state, reason, source } = one;
  return {
    file: name,
    package: header === null ? null : packageName(header),
    version: header === null ? null : packageVersion(header),
    arch: header === null ? (binary?.arch ?? null) : packageArch(header),
    sha256,
    suite: suite === '' ? null : suite,
    path,
    state,
    reason,
    from: source === null ? null : repoPath(source.repo.identity),
    why: source === null ? null : why(source.origin),
    setting: source?.origin?.setting ?? null,
    uploaded: binary?.modified ?? null,
    by: binary?.builtBy ?? null,
  };
}

/** The same for people and sh, one fact a line; one for each package comes behind. */
export function explanationLines({
  repo,
  sources,
  dependents,
}: Omit<Explanation, 'packages'>): string[] {
  const generation =
    repo.head.live === null ? 'never published' : `generation ${repo.head.live.number}`;
  return [
    `repo ${repoPath(repo.identity)} ${repo.head.status}, ${generation}`,
    ...sources.map((source) => {
      const news = source.isPublished ? '' : ', changed since it was published here';
      return `source ${edgeLine(source)}, ${filesOf(source.repo.binaries.size)}${news}`;
    }),
    ...dependents.map((dependent) => `dependent ${edgeLine(dependent)}`),
  ];
}

function edgeLine({
  repo,
  origin,
  suites,
}: Pick<ExplainedSource, 'repo' | 'origin' | 'suites'>): string {
  const setting =
    origin?.setting === undefined || origin.setting === null ? '' : ` by ${origin.setting}`;
  const under = named(suites).length === 0 ? '' : ` under ${named(suites).join(' ')}`;
  return `${repoPath(repo.identity)} ${why(origin)}${setting}${under}`;
}

/** What becomes of one of its packages. */
export function packageLine(one: ExplainedPackage): string {
  const { name, header, suite, path, state, reason, source, binary } = one;
  const what =
    header === null
      ? name
      : [packageName(header), packageVersion(header), packageArch(header)].join(' ');
  const where = [suite, path ?? ''].filter((word) => word !== '').join(' ');
  const because = reason === null ? '' : `: ${reason}`;
  const origin =
    source === null
      ? ''
      : `; ${why(source.origin)} of ${repoPath(source.repo.identity)}, uploaded ${binary?.modified ?? ''} by ${binary?.builtBy ?? 'nobody'}`;
  return `${state} ${what}${where === '' ? '' : ` at ${where}`}${because}${origin}`;
}

function why(origin: Origin | null): string {
  return origin?.kind ?? 'own';
}

function filesOf(count: number): string {
  return count === 1 ? '1 file' : `${count} files`;
}

function named(suites: readonly string[]): string[] {
  return suites.filter((suite) => suite !== '');
}
