import { GitbuilderError } from '../domain/errors.ts';
import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { announce } from '../domain/repo-events.ts';
import { archsOf } from '../domain/repo.ts';
import type { Repo, RepoChange, RepoHead } from '../domain/repo.ts';
import type { RepoStatus } from '../domain/repo-status.ts';
import type { Clock, RepoStore } from './ports.ts';
import type { ProjectRules, RulesOf } from './project-rules.ts';
import { requireThere } from './require-repo.ts';

/** Adds the event of a state that a repo enters before its publish has run. */
export function announceState(
  repo: Repo,
  head: RepoHead,
  status: 'requested' | 'queued' | 'building' | 'deleted',
  now: Date,
): RepoHead {
  const archs = head.live?.archs ?? archsOf(repo.binaries.values());
  return announce(head, { status, generation: head.generation + 1, archs, reason: null }, now);
}

/**
 * What an `update` does to a repo: it is requested and, since nothing has to be waited for, queued
 * in the same durable step. One that comes during a publish is taken up when that ends.
 */
export function requestUpdate(
  repo: Repo,
  rules: ProjectRules,
  now: Date,
  kind: UpdateKind,
): RepoHead | null {
  const head: RepoHead = {
    ...repo.head,
    rebuild: repo.head.rebuild || kind === 'recreate',
    // Of an update and a going back, the one that was asked last counts.
    goBackTo: typeof kind === 'object' ? kind.goBackTo : null,
  };
  if (rules.disabled) return null;
  switch (head.status) {
    case 'building':
      return { ...head, again: 'now' };
    case 'queued':
      return head;
    case 'collecting':
    case 'requested':
    case 'ready':
    case 'failed': {
      const asked: RepoHead = { ...head, status: 'requested' };
      // As for automatic projects, a raw repo is not announced before it is queued.
      const requested = head.type === 'raw' ? asked : announceState(repo, asked, 'requested', now);
      const queued = announceState(repo, { ...requested, status: 'queued' }, 'queued', now);
      return { ...queued, modified: now.toISOString() };
    }
    case 'deleted':
      throw new GitbuilderError('REPO_NOT_FOUND', { repo: repoPath(repo.identity) });
  }
}

/** `recreate` makes every file anew, even when nothing changed; going back serves what was served then. */
export type UpdateKind = 'update' | 'recreate' | { readonly goBackTo: number };

/** The number of the publish that will cover what the repo holds now. */
export function coveringGeneration(head: RepoHead): number {
  return head.generation + 1;
}

/** How an accepted `update` looks to its caller: requested, though it may be further by now. */
export interface AcceptedUpdate {
  readonly repo: Repo;
  readonly status: RepoStatus;
  readonly generation: number;
}

/** Accepts an `update` durably; the queue takes it from there. */
export async function acceptUpdate(
  collaborators: {
    readonly repos: RepoStore;
    readonly clock: Clock;
    readonly rulesOf: RulesOf;
    readonly start: (identity: RepoIdentity) => void;
  },
  identity: RepoIdentity,
  kind: UpdateKind,
): Promise<AcceptedUpdate> {
  const { repos, clock, rulesOf, start } = collaborators;
  let accepted = { status: 'requested' as RepoStatus, generation: 0 };
  const repo = await repos.change(identity, (current): RepoChange | null => {
    const there = requireThere(current, identity);
    const head = requestUpdate(there, rulesOf(identity.project), clock.now(), kind);
    const after = head ?? there.head;
    accepted = { status: after.status, generation: coveringGeneration(after) };
    return head === null ? null : { head };
  });
  start(identity);
  return { repo: requireThere(repo, identity), ...accepted };
}
