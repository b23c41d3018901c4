import { versionOf } from '../domain/distros.ts';
import type { DistroTable } from '../domain/distros.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';
import type { Commits, RepoRecords } from './ports.ts';
import { resolveSha1 } from './find-ready.ts';
import type { RepoAddress } from './find-ready.ts';

interface Collaborators {
  readonly repos: RepoRecords;
  readonly commits: Commits;
  readonly distros: DistroTable;
}

/** Throws NOT_FOUND for a project of which nothing was ever reported; a ref or sha1 that is unknown is only empty. */
export function requireProject(commits: Commits, project: string): void {
  if (commits.refs(project) !== undefined) return;
  throw new GitbuilderError('NOT_FOUND', { what: `project ${project}` });
}

/** Refs and sha1s of every project, newest first. */
export function listProjects({ repos, commits }: Pick<Collaborators, 'repos' | 'commits'>) {
  return [...commits.projects()].sort().map((project) => {
    const all = repos.find({ project });
    return {
      project,
      refs: distinct(all, ({ identity }) => identity.ref),
      sha1s: distinct(all, ({ identity }) => identity.sha1),
    };
  });
}

/** Repos below an address, newest modified first; `latest` is resolved to one sha1. */
export function reposBelow(collaborators: Collaborators, address: RepoAddress): ShamanRepo[] {
  const { repos, commits, distros } = collaborators;
  const { project, ref, distro, version, flavor } = address;
  requireProject(commits, project);
  const sha1 = resolveSha1(collaborators, address);
  const wanted =
    distro === undefined || version === undefined ? null : versionOf(distros, distro, version);
  return repos
    .find({ project, ref, sha1 })
    .filter(
      ({ identity }) =>
        (distro === undefined || identity.distro === distro) &&
        (wanted === null ||
          versionOf(distros, identity.distro, identity.distroVersion) === wanted) &&
        (flavor === undefined || identity.flavor === flavor),
    );
}

/** What records differ in, each once, in the order in which it first comes. */
export function distinct<T>(records: Iterable<T>, of: (record: T) => string): string[] {
  const found = new Set<string>();
  for (const record of records) found.add(of(record));
  return [...found];
}
