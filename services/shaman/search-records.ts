import type { AskedPlatform } from '../domain/asked-platform.ts';
import { canonicalArch } from '../domain/distros.ts';
import type { DistroTable } from '../domain/distros.ts';
import { fitsPattern } from '../domain/name-pattern.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';
import { holdsArch, isOfRelease, wantedPlatform } from './cell.ts';
import type { WantedPlatform } from './cell.ts';
import type { Commits, RepoRecords } from './ports.ts';

/** Up to so many records of several refs are sorted together; more are picked out of the project's. */
const FEW = 5000;

/** What a repo must be to be found: all given parts together. */
export interface RecordFilter {
  readonly project: string | null;
  /** A pattern: `*` stands for anything. */
  readonly ref: string | null;
  readonly sha1: string | null;
  readonly flavor: string | null;
  readonly status: string | null;
  /** Any of them; none: all. */
  readonly platforms: readonly AskedPlatform[];
  readonly arch: string | null;
  /** Milliseconds since 1970: modified at or after it. */
  readonly since: number | null;
  /** Modified before it. */
  readonly until: number | null;
  /** Fields of `extra`, as text. */
  readonly extra: ReadonlyMap<string, string>;
}

/** A page of what was found; `next` goes on after it. */
export interface RecordPage {
  readonly found: readonly ShamanRepo[];
  readonly next: number | null;
}

interface Collaborators {
  readonly repos: RepoRecords;
  readonly commits: Commits;
  readonly distros: DistroTable;
}

/**
 * Finds repos, newest modified first, a page at a time. A cursor is a place in the order of all
 * changes, so nothing comes twice, whatever changes between two pages.
 */
export function searchRecords(
  collaborators: Collaborators,
  filter: RecordFilter,
  page: { readonly limit: number; readonly cursor: number | null },
): RecordPage {
  const { since } = filter;
  // A change's place in the order is never before its time in microseconds.
  const oldest = since === null ? 0 : since * 1000;
  const wanted = {
    platforms: filter.platforms.map((each) => wantedPlatform(each, collaborators.distros)),
    arch: filter.arch === null ? null : canonicalArch(filter.arch),
    since: timeText(filter.since),
    until: timeText(filter.until),
  };
  const found: ShamanRepo[] = [];
  for (const repo of candidates(collaborators, filter)) {
    if (repo.modified.order < oldest) break;
    if (page.cursor !== null && repo.modified.order >= page.cursor) continue;
    if (!fits(repo, filter, wanted)) continue;
    if (found.length === page.limit) return { found, next: found.at(-1)?.modified.order ?? null };
    found.push(repo);
  }
  return { found, next: null };
}

/** Every record that can fit, newest modified first, by the best index there is. */
function candidates(
  { repos, commits }: Collaborators,
  { project, ref, sha1 }: RecordFilter,
): readonly ShamanRepo[] {
  const where = { ...(project === null ? {} : { project }), ...(sha1 === null ? {} : { sha1 }) };
  if (ref === null || sha1 !== null) return repos.find(where);
  if (!ref.includes('*')) return repos.find({ ...where, ref });
  if (project === null) return repos.find(where);
  const refs = [...(commits.refs(project) ?? [])].filter((name) => fitsPattern(ref, name));
  const lists = refs.map((name) => repos.find({ project, ref: name }));
  const [only] = lists;
  if (lists.length < 2) return only ?? [];
  if (lists.reduce((sum, { length }) => sum + length, 0) > FEW) return repos.find(where);
  return lists.flat().sort((a, b) => b.modified.order - a.modified.order);
}

/** The parts of a filter that are prepared once, for records are many. */
interface Wanted {
  readonly platforms: readonly WantedPlatform[];
  readonly arch: string | null;
  /** As records have it, so that the texts compare as the times do. */
  readonly since: string | null;
  readonly until: string | null;
}

function fits(repo: ShamanRepo, filter: RecordFilter, wanted: Wanted): boolean {
  const { ref, flavor, status, extra } = filter;
  const { arch, since, until, platforms } = wanted;
  const { identity } = repo;
  if (status !== null && repo.status !== status) return false;
  if (flavor !== null && identity.flavor !== flavor) return false;
  if (since !== null && repo.modified.at < since) return false;
  if (until !== null && repo.modified.at >= until) return false;
  if (!holdsArch(repo, arch)) return false;
  if (ref !== null && !fitsPattern(ref, identity.ref)) return false;
  for (const [name, text] of extra) if (textOf(repo.extra, name) !== text) return false;
  if (platforms.length === 0) return true;
  return platforms.some((each) => isOfRelease(repo, each) && holdsArch(repo, each.arch));
}

function timeText(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

function textOf(extra: Readonly<Record<string, unknown>>, name: string): string | null {
  if (!Object.hasOwn(extra, name)) return null;
  const value = extra[name];
  return typeof value === 'string' ? value : JSON.stringify(value);
}
