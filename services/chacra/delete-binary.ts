import { GitbuilderError } from '../domain/errors.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { binaryKey } from '../domain/repo.ts';
import type { RepoChange } from '../domain/repo.ts';
import { deletedHead, removeFiles } from './delete-repo.ts';
import { afterBinaryChange } from './mark-repo.ts';
import type { Clock, GenerationStore, ProjectStore, RepoStore } from './ports.ts';
import { rulesOfRepo } from './project-rules.ts';
import type { RulesOf } from './project-rules.ts';

export interface DeleteBinaryCollaborators {
  readonly repos: RepoStore;
  readonly projects: ProjectStore;
  readonly generations: GenerationStore;
  readonly clock: Clock;
  readonly rulesOf: RulesOf;
}

/**
 * Removes a binary. The live generation serves it until the next publish; with its last binary the
 * repo goes too, and with its last repo the project, as the original does.
 */
export async function deleteBinary(
  { repos, projects, generations, clock, rulesOf }: DeleteBinaryCollaborators,
  identity: RepoIdentity,
  arch: string,
  name: string,
): Promise<void> {
  const key = binaryKey(arch, name);
  const repo = await repos.change(identity, (current): RepoChange => {
    if (current === undefined || !current.binaries.has(key)) {
      throw new GitbuilderError('NOT_FOUND', { what: `binary ${name}` });
    }
    const now = clock.now();
    if (current.binaries.size === 1) return { head: deletedHead(current, now), remove: [key] };
    const { head } = current;
    const changed = { ...head, revision: head.revision + 1, modified: now.toISOString() };
    return { head: afterBinaryChange(changed, rulesOfRepo(rulesOf, identity)), remove: [key] };
  });
  if (repo?.head.status === 'deleted') await removeFiles({ repos, projects, generations }, repo);
}
