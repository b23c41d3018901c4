import type { GenerationStore, RepoStore } from './ports.ts';

/**
 * Ends what a crash left of deletions: the files of repos that are only a tombstone by now, and of
 * those whose tombstone is gone too, because shaman was told before the files were removed.
 */
export async function resumeDeletions(
  repos: RepoStore,
  generations: GenerationStore,
): Promise<void> {
  const tombstones = [...repos.all()].filter(({ head }) => head.status === 'deleted');
  for (const { identity, head } of tombstones) {
    await generations.removeUpTo(identity, head.generation);
    await repos.drop(identity);
  }
  await generations.removeAllBut([...repos.all()].map(({ identity }) => identity));
}
