import { GitbuilderError } from '../domain/errors.ts';
import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { announce, failureReason } from '../domain/repo-events.ts';
import { archsOf } from '../domain/repo.ts';
import type { Repo, RepoHead, RepoType } from '../domain/repo.ts';
import type { Clock, RepoStore } from './ports.ts';
import { requireRepo } from './request-update.ts';

interface Collaborators {
  readonly repos: RepoStore;
  readonly clock: Clock;
}

/** Sets what kind of repository this is; the next publish makes it so. */
export function setRepoType(
  collaborators: Collaborators,
  identity: RepoIdentity,
  type: RepoType,
): Promise<Repo> {
  return changeHead(collaborators, identity, ({ head }) =>
    head.type === type ? head : { ...head, type, revision: head.revision + 1 },
  );
}

/** Replaces the extra object; of a published repo shaman is told again, with the new one. */
export function setRepoExtra(
  collaborators: Collaborators,
  identity: RepoIdentity,
  extra: Readonly<Record<string, unknown>>,
): Promise<Repo> {
  return changeHead(collaborators, identity, ({ head, binaries }, now) => {
    const changed: RepoHead = { ...head, extra };
    if (head.status !== 'ready' && head.status !== 'failed') return changed;
    const { status, failure, live } = head;
    const generation = status === 'ready' ? (live?.number ?? head.generation) : head.generation;
    const reason = failure === null ? null : failureReason(failure);
    const archs = live?.archs ?? archsOf(binaries.values());
    return announce(changed, { status, generation, archs, reason }, now);
  });
}

async function changeHead(
  { repos, clock }: Collaborators,
  identity: RepoIdentity,
  next: (repo: Repo, now: Date) => RepoHead,
): Promise<Repo> {
  requireRepo(repos, identity);
  const repo = await repos.change(identity, (current) => {
    if (current === undefined || current.head.status === 'deleted') {
      throw new GitbuilderError('REPO_NOT_FOUND', { repo: repoPath(identity) });
    }
    const now = clock.now();
    return { head: { ...next(current, now), modified: now.toISOString() } };
  });
  return repo ?? requireRepo(repos, identity);
}
