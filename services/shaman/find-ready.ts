import { canonicalPlatform, isOfPlatform } from '../domain/platform.ts';
import type { DistroTable } from '../domain/distros.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { Commit } from '../domain/commit.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';
import type { Commits } from './ports.ts';

/** What a URL below `/api/repos/` says of a repo; undefined: it ends before that. */
export interface RepoAddress {
  readonly project: string;
  readonly ref: string;
  /** A sha1, or `latest`. */
  readonly sha1: string;
  readonly distro?: string | undefined;
  readonly version?: string | undefined;
  readonly arch?: string | undefined;
  readonly flavor?: string | undefined;
}

interface Collaborators {
  readonly commits: Commits;
  readonly distros: DistroTable;
}

/** The newest ready repo at an address, of any storage node; NOT_READY when there is none. */
export function findReady(collaborators: Collaborators, address: RepoAddress): ShamanRepo {
  const { commits } = collaborators;
  const fits = fitting(collaborators, address);
  const { project, ref, sha1 } = address;
  const commit =
    sha1 === 'latest' ? latestReady(commits, address, fits) : commits.get(project, sha1);
  const found = commit === undefined ? undefined : newestOf(commit, fits);
  if (found === undefined) throw new GitbuilderError('NOT_READY', { repo: `${project}/${ref}` });
  return found;
}

/**
 * The sha1 that an address means: `latest` is the one first seen last under the ref that has a ready
 * repo for as much as the address says; NOT_READY when there is none.
 */
export function resolveSha1(collaborators: Collaborators, address: RepoAddress): string {
  const { project, ref, sha1 } = address;
  if (sha1 !== 'latest') return sha1;
  const fits = fitting(collaborators, address);
  const commit = latestReady(collaborators.commits, address, fits);
  if (commit === undefined) throw new GitbuilderError('NOT_READY', { repo: `${project}/${ref}` });
  return commit.sha1;
}

function latestReady(
  commits: Commits,
  { project, ref }: RepoAddress,
  fits: (repo: ShamanRepo) => boolean,
): Commit | undefined {
  for (const commit of commits.under(project, ref)) {
    for (const repo of commit.repos.values()) if (fits(repo)) return commit;
  }
  return undefined;
}

function newestOf(commit: Commit, fits: (repo: ShamanRepo) => boolean): ShamanRepo | undefined {
  let newest: ShamanRepo | undefined;
  for (const repo of commit.repos.values()) {
    if (!fits(repo)) continue;
    if (newest === undefined || repo.modified.order > newest.modified.order) newest = repo;
  }
  return newest;
}

function fitting(
  { distros }: Collaborators,
  { ref, distro, version, arch, flavor }: RepoAddress,
): (repo: ShamanRepo) => boolean {
  const platform =
    distro === undefined || version === undefined
      ? null
      : canonicalPlatform(distros, distro, version, arch ?? null);
  return ({ status, identity, archs }) =>
    status === 'ready' &&
    identity.ref === ref &&
    (flavor === undefined || identity.flavor === flavor) &&
    (distro === undefined || identity.distro === distro) &&
    (platform === null || isOfPlatform(distros, platform, identity, archs));
}
