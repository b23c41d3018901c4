import { newRepoHead } from '../domain/repo.ts';
import type { Repo, RepoHead } from '../domain/repo.ts';
import type { ProjectRules } from './project-rules.ts';

/**
 * What a change of a repo's binaries means for its status: in an automatic project a publish is
 * owed, elsewhere it waits for `update`.
 */
export function afterBinaryChange(head: RepoHead, rules: ProjectRules): RepoHead {
  if (!rules.automatic || rules.disabled) return head;
  switch (head.status) {
    case 'collecting':
    case 'ready':
    case 'failed':
    case 'deleted':
      return { ...head, status: 'requested' };
    case 'building':
      return { ...head, again: head.again ?? 'quiet' };
    case 'requested':
      return head;
    case 'queued':
      // A publish that goes back does not show what comes now.
      return head.goBackTo === null ? head : { ...head, again: head.again ?? 'quiet' };
  }
}

/**
 * What a start with the rules of now makes of a repo: what came while nothing was to be published by
 * itself is wanted where it is by now, and what only waited for its quiet time is not where nothing is.
 */
export function atStart({ head, binaries }: Repo, rules: ProjectRules): RepoHead {
  if (rules.disabled && head.status === 'requested') {
    const published = head.live === null ? 'collecting' : 'ready';
    return { ...head, status: head.failure === null ? published : 'failed' };
  }
  const isNew = head.status === 'collecting' && binaries.size > 0;
  return isNew ? afterBinaryChange(head, rules) : head;
}

/**
 * The head that an upload starts from. A repo made again after its deletion keeps what shaman has
 * still to be told, and its numbers.
 */
export function headForUpload(repo: Repo | undefined, now: string): RepoHead {
  if (repo === undefined) return newRepoHead(now);
  if (repo.head.status !== 'deleted') return repo.head;
  const { generation, sequence, events } = repo.head;
  return { ...newRepoHead(now), generation, sequence, events };
}
