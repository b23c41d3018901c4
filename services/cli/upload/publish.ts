import type { Clock } from '../../domain/clock.ts';
import { Problem } from './problem.ts';
import type { RepoState, StorageNode } from './storage-node.ts';

const FIRST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 2_000;

export interface PublishWish {
  readonly update: boolean;
  readonly waitSeconds: number | null;
}

/** Asks for a publish, or leaves that to the project's rules, and waits for it as long as is wished. */
export async function publish(
  node: StorageNode,
  { update, waitSeconds }: PublishWish,
  clock: Clock,
): Promise<RepoState> {
  const until = clock.now().getTime() + (waitSeconds ?? 0) * 1000;
  const asked = update ? await node.update(waitSeconds ?? 0) : null;
  if (asked?.status === 'collecting') {
    throw new Problem(
      'the storage node does not publish this project',
      'Its configuration says so.',
    );
  }
  if (waitSeconds === null) return asked ?? node.repo();
  const wanted = asked?.generation ?? null;
  let repo = asked ?? (await node.repo());
  for (
    let pause = FIRST_PAUSE_MILLISECONDS;
    ;
    pause = Math.min(pause * 1.5, LONGEST_PAUSE_MILLISECONDS)
  ) {
    if (isPublished(repo, wanted)) return repo;
    const left = until - clock.now().getTime();
    if (left <= 0) {
      throw new Problem(`not published within ${waitSeconds} s: the repository is ${repo.status}`);
    }
    await new Promise<void>((resume) => clock.after(Math.min(pause, left), resume));
    repo = await node.repo();
  }
}

/** Throws when it never will be. */
function isPublished(repo: RepoState, wanted: number | null): boolean {
  if (repo.status === 'failed' && repo.generation >= (wanted ?? 0)) {
    throw new Problem(`publishing failed: ${repo.reason ?? 'the node says not why'}`);
  }
  if (wanted !== null) return repo.liveGeneration !== null && repo.liveGeneration >= wanted;
  if (repo.status === 'collecting' || (repo.status === 'ready' && repo.unpublished > 0)) {
    throw new Problem('this project is not published by itself', 'Add --update.');
  }
  return repo.status === 'ready';
}
