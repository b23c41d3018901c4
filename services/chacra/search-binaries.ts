import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Binary, Repo } from '../domain/repo.ts';
import type { Pauses } from './pauses.ts';

/** To print the path of a repo takes as long as to look at so many binaries. */
const PIECES_OF_A_PATH = 20;

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
  /** Its place in the repo. */
  readonly key: string;
  readonly binary: Binary;
}

/**
 * Finds binaries in a fixed order (by repo, then arch and name), so that pages never overlap; those of
 * one repo at a time, for all of them together may be more than fits into memory.
 */
export async function* searchBinaries(
  repos: Iterable<Repo>,
  filter: BinaryFilter,
  cursor: string | null,
  pauses: Pauses,
): AsyncGenerator<readonly FoundBinary[]> {
  const places: { readonly before: string; readonly repo: Repo }[] = [];
  for (const repo of repos) {
    if (repo.head.status === 'deleted' || !matchesRepo(repo.identity, filter)) continue;
    places.push({ before: `${repoPath(repo.identity)}/`, repo });
    await pauses.after(PIECES_OF_A_PATH);
  }
  places.sort((a, b) => (a.before < b.before ? -1 : 1));
  for (const { before, repo } of places) {
    // No key is as short as nothing: where the cursor is elsewhere, all of a repo come after it or none.
    const after = cursor?.startsWith(before) === true ? cursor.slice(before.length) : '';
    if (cursor !== null && after === '' && before < cursor) continue;
    const { identity, binaries } = repo;
    const found: FoundBinary[] = [];
    for (const [key, binary] of binaries)
      if (key > after && matchesBinary(binary, filter)) found.push({ identity, key, binary });
    await pauses.after(binaries.size);
    found.sort((a, b) => (a.key < b.key ? -1 : 1));
    if (found.length > 0) yield found;
  }
}

/** One page of what is found, and the cursor of the next one, if there is more. */
export async function pageOf(
  search: AsyncIterable<readonly FoundBinary[]>,
  limit: number,
): Promise<{ readonly found: readonly FoundBinary[]; readonly next: string | null }> {
  const found: FoundBinary[] = [];
  for await (const rows of search) {
    const room = limit - found.length;
    for (const row of rows.slice(0, room)) found.push(row);
    if (rows.length > room) return { found, next: cursorOf(found.at(-1)) };
  }
  return { found, next: null };
}

function cursorOf(last: FoundBinary | undefined): string | null {
  return last === undefined ? null : `${repoPath(last.identity)}/${last.key}`;
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
