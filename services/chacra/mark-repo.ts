import type { RepoHead } from '../domain/repo.ts';
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
    case 'queued':
      return head;
  }
}
