import type { RepoIdentity } from '../domain/identity.ts';
import { isPending } from '../domain/repo-status.ts';
import type { Repo, RepoChange, RepoHead } from '../domain/repo.ts';
import type { Clock, GenerationStore, ProjectStore, RepoStore } from './ports.ts';
import { removeEmptyProject } from './remove-empty-project.ts';
import { announceState, requireRepo } from './request-update.ts';

export interface DeleteRepoCollaborators {
  readonly repos: RepoStore;
  readonly projects: ProjectStore;
  readonly generations: GenerationStore;
  readonly clock: Clock;
}

/** The tombstone of a repo: what is left of it until shaman was told, if it ever heard of it. */
export function deletedHead(repo: Repo, now: Date): RepoHead {
  const { head } = repo;
  const gone: RepoHead = {
    ...head,
    status: 'deleted',
    failure: null,
    live: null,
    older: [],
    again: null,
    modified: now.toISOString(),
  };
  const wasTold = head.generation > 0 || head.events.length > 0 || isPending(head.status);
  return wasTold ? announceState(repo, gone, 'deleted', now) : gone;
}

/** Deletes a repo with its binaries and generations, and tells shaman. Durable when it resolves. */
export async function deleteRepo(
  { repos, projects, generations, clock }: DeleteRepoCollaborators,
  identity: RepoIdentity,
): Promise<void> {
  requireRepo(repos, identity);
  const gone = await repos.change(identity, (repo): RepoChange | null => {
    if (repo === undefined || repo.head.status === 'deleted') return null;
    return { head: deletedHead(repo, clock.now()), remove: [...repo.binaries.keys()] };
  });
  if (gone?.head.status !== 'deleted') return;
  await generations.removeUpTo(identity, gone.head.generation);
  await repos.drop(identity);
  await removeEmptyProject(repos, projects, identity.project);
}
