import { buildFacts, reposOf } from './builds-on-node.ts';
import type { UseCollaborators } from './builds-on-node.ts';
import { markDeleted, removeFiles } from './delete-repo.ts';
import type { DeleteRepoCollaborators } from './delete-repo.ts';
import type { Doomed } from './judge-builds.ts';
import { pinInForce } from './pin-build.ts';
import type { Log, PinStore } from './ports.ts';

export interface DeleteBuildCollaborators extends DeleteRepoCollaborators, UseCollaborators {
  readonly pins: PinStore;
  readonly log: Log;
  /** Told of each build that is deleted, before its files go. */
  readonly onDeleted: (doomed: Doomed) => void;
}

/**
 * Deletes a build whole, if nothing of what was decided on has changed: looked at again and taken
 * away in one tick, so that no upload, reader or pin can come in between. False when it stays.
 */
export async function deleteBuild(
  collaborators: DeleteBuildCollaborators,
  one: Doomed,
): Promise<boolean> {
  const { repos, pins, clock, onDeleted, log } = collaborators;
  const now = clock.now();
  const [first, ...others] = reposOf(repos, one.build);
  if (first === undefined) return false;
  const facts = buildFacts([first, ...others], collaborators, now);
  if (facts.use !== null || pinInForce(pins, one.build, now) !== null) return false;
  if (facts.written !== one.build.written || facts.repos !== one.build.repos) return false;
  const repoIdentities = [first, ...others].map(({ identity }) => identity);
  const marked = repoIdentities.map((each) => markDeleted(collaborators, each));
  // Each at once: when shaman knows of it, who makes the repo again begins with generation 1.
  const removed = Promise.all(
    marked.map(async (each) => {
      const repo = await each;
      if (repo !== null) await removeFiles(collaborators, repo);
    }),
  );
  // Met below, or that of a tombstone.
  removed.catch(() => undefined);
  await Promise.all(marked);
  onDeleted(one);
  const { project, ref, sha1, flavor } = one.build;
  log.info({ project, ref, sha1, flavor, rule: one.rule, why: one.why }, 'deleted by retention');
  await removed;
  return true;
}
