import type { RpmDependency } from './rpm-dependencies.ts';
import type { RpmPackage } from './rpm-package.ts';
import { SENSE } from './rpm-tags.ts';
import { rpmvercmp } from './rpm-version.ts';

/** A requirement, and whether it must be there before the package's scripts run. */
export interface Requirement extends RpmDependency {
  readonly pre: boolean;
}

export interface ListedRequires {
  readonly requires: readonly Requirement[];
  /** Requirements that may be missing, as rpm 4 wrote recommendations before it had a tag for them. */
  readonly recommends: readonly RpmDependency[];
}

/**
 * The requirements as createrepo_c lists them: without rpm's own features and what the package itself
 * brings, each once, and of glibc's symbol versions only the highest, at the end.
 */
export function listedRequires({ dependencies, files }: RpmPackage): ListedRequires {
  const own = new Set([
    ...dependencies.provides.map(sameAs),
    ...files.filter(({ path }) => path.startsWith('/') && isPrimary(path)).map(({ path }) => path),
  ]);
  const lastOfName = new Map<string, string>();
  const requires: Requirement[] = [];
  const recommends: RpmDependency[] = [];
  let libc: Requirement | null = null;
  for (const dependency of dependencies.requires) {
    const { name, flags } = dependency;
    if (name.startsWith('rpmlib(') || own.has(name) || own.has(sameAs(dependency))) continue;
    const pre = (flags & (SENSE.prerequisite | SENSE.scriptPre | SENSE.scriptPost)) !== 0;
    const requirement = { ...dependency, pre };
    const key = `${sameAs(dependency)}\0${pre}`;
    if (lastOfName.get(name) === key) continue;
    if (flags & SENSE.missingOk) {
      recommends.push(dependency);
    } else if (name.startsWith('libc.so.6')) {
      if (libc === null || compareSymbolVersions(libc.name, name) < 0) libc = requirement;
    } else {
      lastOfName.set(name, key);
      requires.push(requirement);
    }
  }
  return { requires: libc === null ? requires : [...requires, libc], recommends };
}

/** The files that primary.xml lists, so that clients can resolve paths without fetching the file lists. */
export function isPrimary(path: string): boolean {
  return path.startsWith('/etc/') || path.includes('bin/') || path === '/usr/lib/sendmail';
}

const COMPARISONS = new Map([
  [SENSE.less, 'LT'],
  [SENSE.greater, 'GT'],
  [SENSE.equal, 'EQ'],
  [SENSE.less | SENSE.equal, 'LE'],
  [SENSE.greater | SENSE.equal, 'GE'],
]);

/** How a dependency compares versions; undefined when it asks for none. */
export function comparison(flags: number): string | undefined {
  return COMPARISONS.get(flags & 15);
}

/** Never equal to a path: a NUL stands in no name. */
function sameAs({ name, flags, version }: RpmDependency): string {
  return `${name}\0${comparison(flags) ?? ''}\0${version}`;
}

/** `libc.so.6(GLIBC_2.4)(64bit)` is more than `libc.so.6(GLIBC_2.3.4)(64bit)`, and that than `libc.so.6()(64bit)`. */
function compareSymbolVersions(a: string, b: string): number {
  const [one, two] = [a, b].map((name) => {
    const inside = /\(([^)]*)\)/.exec(name)?.[1];
    return {
      version: /\d.*/s.exec(inside ?? '')?.[0],
      rank: inside === undefined ? 0 : inside === '' ? 1 : 2,
    };
  });
  if (one?.version !== undefined && two?.version !== undefined) {
    return rpmvercmp(one.version, two.version);
  }
  const rank = (side: typeof one): number => (side?.version === undefined ? (side?.rank ?? 0) : 3);
  return rank(one) - rank(two);
}
