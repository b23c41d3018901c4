import type { Origin } from '../domain/generation.ts';
import type { RepoType } from '../domain/repo.ts';
import { isSingleRoot } from '../domain/source-text.ts';
import { arrangeDeb } from './arrange-deb.ts';
import { arrangeRaw } from './arrange-raw.ts';
import { arrangeRpm } from './arrange-rpm.ts';
import type { Arrangement, Candidate, TakenPath } from './arrangement.ts';

/** Decides what of the picked files is published and where, by the rules of the repo's type. */
export function arrangeRepo(
  candidates: readonly Candidate[],
  options: {
    readonly type: RepoType;
    readonly distro: string;
    readonly suites: readonly string[];
    readonly takenPath: TakenPath;
  },
): Arrangement {
  const { type, distro, suites, takenPath } = options;
  // The first of two equals is the one published, and nothing else may depend on the order given.
  const ordered = [...candidates].sort(byOriginTimeName);
  const root = { type, suites: type === 'deb' ? suites : [], singleRoot: false };
  switch (type) {
    case 'deb':
      return { ...root, ...arrangeDeb(ordered, takenPath) };
    case 'rpm':
      return {
        ...root,
        ...arrangeRpm(ordered, takenPath),
        singleRoot: isSingleRoot(distro),
      };
    case 'raw':
      return { ...root, ...arrangeRaw(ordered, takenPath) };
  }
}

function byOriginTimeName(a: Candidate, b: Candidate): number {
  return (
    rank(a.pick.origin) - rank(b.pick.origin) ||
    a.pick.time - b.pick.time ||
    compare(a.pick.arch, b.pick.arch) ||
    compare(a.pick.name, b.pick.name) ||
    compare(a.pick.suite, b.pick.suite) ||
    compare(a.pick.blob?.sha256 ?? '', b.pick.blob?.sha256 ?? '')
  );
}

/** Of two equals a repo's own comes first, then what belongs to its build. */
function rank(origin: Origin | null): number {
  switch (origin?.kind) {
    case undefined:
      return 0;
    case 'combined':
    case 'generic':
      return 1;
    case 'extra':
      return 2;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
