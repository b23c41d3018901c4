import { canonicalPlatform, isOfPlatform } from '../domain/platform.ts';
import type { Platform } from '../domain/platform.ts';
import type { DistroTable } from '../domain/distros.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';
import { firstSeen } from './first-seen.ts';
import type { Commits, RepoRecords, Where } from './ports.ts';

/** What a repo must be to be found: all given parts together. */
export interface RepoFilter {
  readonly project?: string;
  readonly ref?: string;
  /** A sha1, or `latest`. */
  readonly sha1?: string;
  readonly flavor?: string;
  readonly status?: string;
  /** Any of them. */
  readonly platforms?: readonly Platform[];
}

export interface SearchCollaborators {
  readonly repos: RepoRecords;
  readonly commits: Commits;
  readonly distros: DistroTable;
}

/** Reads `distro/version[/arch]`, several with commas: the original's way to ask for platforms. */
export function parsePlatforms(text: string, distros: DistroTable): Platform[] {
  return text.split(',').map((entry) => {
    const [distro = '', version = '', arch, ...rest] = entry.trim().split('/');
    if (distro === '' || version === '' || arch === '' || rest.length > 0) {
      throw new GitbuilderError('PLATFORM_INVALID', { entry });
    }
    return canonicalPlatform(distros, distro, version, arch ?? null);
  });
}

/**
 * Finds repos, newest modified first. `sha1=latest` means the sha1 first seen last that has what is
 * asked for: without platforms all its repos, with platforms one for each, in their order.
 */
export function searchRepos(
  collaborators: SearchCollaborators,
  filter: RepoFilter,
): readonly ShamanRepo[] {
  const { repos, distros } = collaborators;
  const { sha1, flavor, status, platforms } = filter;
  const found = repos.find(placeOf(filter)).filter((repo) => {
    if (flavor !== undefined && repo.identity.flavor !== flavor) return false;
    if (status !== undefined && repo.status !== status) return false;
    if (platforms === undefined) return true;
    return platforms.some((platform) => isOn(distros, repo, platform));
  });
  return sha1 === 'latest' ? latestOf(collaborators, found, platforms) : found;
}

/** Where all records are that a search looks at; nothing else decides what it finds. */
export function placeOf({ project, ref, sha1 }: RepoFilter): Where {
  return {
    ...(project === undefined ? {} : { project }),
    ...(ref === undefined ? {} : { ref }),
    ...(sha1 === undefined || sha1 === 'latest' ? {} : { sha1 }),
  };
}

function isOn(distros: DistroTable, { identity, archs }: ShamanRepo, platform: Platform): boolean {
  return isOfPlatform(distros, platform, identity, archs);
}

function latestOf(
  { commits, distros }: SearchCollaborators,
  found: readonly ShamanRepo[],
  platforms: readonly Platform[] | undefined,
): readonly ShamanRepo[] {
  const bySha1 = new Map<string, { first: number; repos: ShamanRepo[] }>();
  for (const repo of found) {
    const { sha1 } = repo.identity;
    const group = bySha1.get(sha1) ?? { first: 0, repos: [] };
    group.first = Math.max(group.first, firstSeen(commits, repo.identity));
    group.repos.push(repo);
    bySha1.set(sha1, group);
  }
  const newestFirst = [...bySha1.values()].sort((a, b) => b.first - a.first);
  for (const { repos } of newestFirst) {
    if (platforms === undefined) return repos;
    const each = platforms.map((platform) => repos.find((repo) => isOn(distros, repo, platform)));
    const complete = each.filter((repo) => repo !== undefined);
    if (complete.length === platforms.length) return complete;
  }
  return [];
}
