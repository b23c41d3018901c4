import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Binary, Repo } from '../domain/repo.ts';

/** The filters of `/search/`, all exact but `name-has`; all given ones must hold. */
export type BinaryFilter = Readonly<
  Partial<
    Record<
      | 'project'
      | 'ref'
      | 'sha1'
      | 'distro'
      | 'distro_version'
      | 'arch'
      | 'flavor'
      | 'built_by'
      | 'size'
      | 'name'
      | 'name-has',
      string
    >
  >
>;

export interface FoundBinary {
  readonly identity: RepoIdentity;
  readonly binary: Binary;
}

/** Finds binaries in a fixed order (by repo, then arch and name), so that pages never overlap. */
export function searchBinaries(
  repos: Iterable<Repo>,
  filter: BinaryFilter,
  page: { readonly limit: number | null; readonly cursor: string | null },
): { readonly found: readonly FoundBinary[]; readonly next: string | null } {
  const found: { readonly at: string; readonly row: FoundBinary }[] = [];
  for (const { identity, head, binaries } of repos) {
    if (head.status === 'deleted' || !matchesRepo(identity, filter)) continue;
    const prefix = repoPath(identity);
    for (const [key, binary] of binaries) {
      if (!matchesBinary(binary, filter)) continue;
      const at = `${prefix}/${key}`;
      if (page.cursor === null || at > page.cursor) found.push({ at, row: { identity, binary } });
    }
  }
  found.sort((a, b) => (a.at < b.at ? -1 : 1));
  const shown = page.limit === null ? found : found.slice(0, page.limit);
  const last = shown.at(-1);
  const next = last !== undefined && shown.length < found.length ? last.at : null;
  return { found: shown.map(({ row }) => row), next };
}

function matchesRepo(identity: RepoIdentity, filter: BinaryFilter): boolean {
  return (
    is(filter.project, identity.project) &&
    is(filter.ref, identity.ref) &&
    is(filter.sha1, identity.sha1) &&
    is(filter.distro, identity.distro) &&
    is(filter.distro_version, identity.distroVersion) &&
    is(filter.flavor, identity.flavor)
  );
}

function matchesBinary(binary: Binary, filter: BinaryFilter): boolean {
  const part = filter['name-has'];
  return (
    is(filter.arch, binary.arch) &&
    is(filter.name, binary.name) &&
    is(filter.built_by, binary.builtBy) &&
    (filter.size === undefined || Number(filter.size) === (binary.blob?.size ?? 0)) &&
    (part === undefined || binary.name.includes(part))
  );
}

function is(wanted: string | undefined, actual: string | null): boolean {
  return wanted === undefined || wanted === actual;
}
