import type { RepoIdentity } from '../domain/identity.ts';
import { isPending } from '../domain/repo-status.ts';
import type { Repo, RepoChange, RepoHead } from '../domain/repo.ts';
import type { Clock, GenerationStore, ProjectStore, RepoStore } from './ports.ts';
import { removeEmptyProject } from './remove-empty-project.ts';
import { announceState } from './request-update.ts';
import { requireRepo } from './require-repo.ts';

export interface DeleteRepoCollaborators {
  readonly repos: RepoStore;
  readonly projects: ProjectStore;
  readonly generations: Pick<GenerationStore, 'removeUpTo'>;
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
    goBackTo: null,
    kept: [],
    modified: now.toISOString(),
  };
  const wasTold = head.generation > 0 || head.events.length > 0 || isPending(head.status);
  return wasTold ? announceState(repo, gone, 'deleted', now) : gone;
}

/** Deletes a repo with its binaries and generations, and tells shaman. Durable when it resolves. */
export async function deleteRepo(
  collaborators: DeleteRepoCollaborators,
  identity: RepoIdentity,
): Promise<void> {
  requireRepo(collaborators.repos, identity);
  const gone = await markDeleted(collaborators, identity);
  if (gone !== null) await removeFiles(collaborators, gone);
}

/** Makes a tombstone of a repo, in this tick and then durably; answers it, or null when there is no repo. */
export async function markDeleted(
  { repos, clock }: Pick<DeleteRepoCollaborators, 'repos' | 'clock'>,
  identity: RepoIdentity,
): Promise<Repo | null> {
  const gone = await repos.change(identity, (repo): RepoChange | null => {
    if (repo === undefined || repo.head.status === 'deleted') return null;
    return { head: deletedHead(repo, clock.now()), remove: [...repo.binaries.keys()] };
  });
  return gone?.head.status === 'deleted' ? gone : null;
}

/** Removes what a tombstone leaves: its generations, itself once shaman knows, a project without repos. */
export async function removeFiles(
  { repos, projects, generations }: Omit<DeleteRepoCollaborators, 'clock'>,
  { identity, head }: Repo,
): Promise<void> {
  await generations.removeUpTo(identity, head.generation);
  await repos.drop(identity);
  await removeEmptyProject(repos, projects, identity.project);
}
