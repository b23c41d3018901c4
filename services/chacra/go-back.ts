import { GitbuilderError } from '../domain/errors.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { requireGeneration } from './kept-generations.ts';
import type { Clock, RepoStore } from './ports.ts';
import { whyDisabled } from './project-rules.ts';
import type { RulesOf } from './project-rules.ts';
import { acceptUpdate } from './request-update.ts';
import { requireRepo } from './require-repo.ts';
import type { AcceptedUpdate } from './request-update.ts';

/**
 * Accepts, durably, to serve the packages of an earlier generation again: as a publish of its own,
 * with the next number, so that shaman and everybody who waits for a number sees it as any other.
 * What is uploaded stays as it is, and the next publish shows it.
 */
export function goBack(
  collaborators: {
    readonly repos: RepoStore;
    readonly clock: Clock;
    readonly rulesOf: RulesOf;
    readonly start: (identity: RepoIdentity) => void;
  },
  identity: RepoIdentity,
  number: number,
): Promise<AcceptedUpdate> {
  const { repos, rulesOf } = collaborators;
  // `acceptUpdate` decides in this same tick: the generation cannot end in between.
  const goBackTo = requireGeneration(requireRepo(repos, identity), number);
  if (rulesOf(identity.project).disabled) {
    throw new GitbuilderError('REQUEST_INVALID', { reason: whyDisabled(identity.project) });
  }
  return acceptUpdate(collaborators, identity, { goBackTo });
}
