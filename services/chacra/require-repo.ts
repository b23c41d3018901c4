import { GitbuilderError } from '../domain/errors.ts';
import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Repo } from '../domain/repo.ts';
import type { RepoStore } from './ports.ts';

/** The repo at an identity; REPO_NOT_FOUND when it was never made or is deleted. */
export function requireRepo(repos: Pick<RepoStore, 'get'>, identity: RepoIdentity): Repo {
  return requireThere(repos.get(identity), identity);
}

/** As `requireRepo`, of what the store has there. */
export function requireThere(repo: Repo | undefined, identity: RepoIdentity): Repo {
  if (repo !== undefined && repo.head.status !== 'deleted') return repo;
  throw new GitbuilderError('REPO_NOT_FOUND', { repo: repoPath(identity) });
}
