import type { RepoIdentity } from '../domain/identity.ts';
import { announce, failureReason } from '../domain/repo-events.ts';
import { archsOf } from '../domain/repo.ts';
import type { Repo, RepoHead, RepoType } from '../domain/repo.ts';
import type { Clock, RepoStore } from './ports.ts';
import { requireThere } from './require-repo.ts';

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
  const repo = await repos.change(identity, (current) => {
    const now = clock.now();
    const head = next(requireThere(current, identity), now);
    return { head: { ...head, modified: now.toISOString() } };
  });
  return requireThere(repo, identity);
}
