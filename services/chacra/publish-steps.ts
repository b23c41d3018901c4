import { GitbuilderError } from '../domain/errors.ts';
import { reasonOf } from '../domain/reason.ts';
import { announce, failureReason } from '../domain/repo-events.ts';
import { archsOf } from '../domain/repo.ts';
import type { Failure, LiveGeneration, Repo, RepoHead } from '../domain/repo.ts';
import { announceState } from './request-update.ts';

/** A publish begins: it takes the next number. */
export function begin(repo: Repo, now: Date): RepoHead {
  const announced = announceState(repo, { ...repo.head, status: 'building' }, 'building', now);
  return { ...announced, generation: repo.head.generation + 1, modified: now.toISOString() };
}

/** The switch: from this durable step on clients see the new generation. */
export function succeed(repo: Repo, live: LiveGeneration, now: Date): RepoHead {
  const { head } = repo;
  const replaced = head.live !== null && head.live.files !== live.files ? [head.live.files] : [];
  const older = [
    ...head.older,
    ...replaced.map((files) => ({ files, replaced: now.toISOString() })),
  ];
  const done: RepoHead = {
    ...head,
    status: 'ready',
    failure: null,
    rebuild: head.again === 'now' && head.rebuild,
    goBackTo: stillAsked(head),
    live: withAge(live, head.live),
    older,
    modified: now.toISOString(),
  };
  const event = {
    status: 'ready',
    generation: live.number,
    archs: live.archs,
    reason: null,
  } as const;
  return takeUpAgain(repo, announce(done, event, now), now);
}

/** A generation that brings nothing new of the repo's own is as old as the one before. */
function withAge(live: LiveGeneration, before: LiveGeneration | null): LiveGeneration {
  if (before?.revision !== live.revision) return live;
  return { ...live, ownPublished: before.ownPublished ?? before.published };
}

/** The publish failed: the live generation, if any, stays. */
export function fail(repo: Repo, failure: Failure, now: Date): RepoHead {
  const { head } = repo;
  const failed: RepoHead = {
    ...head,
    status: 'failed',
    failure,
    goBackTo: stillAsked(head),
    modified: now.toISOString(),
  };
  const archs = head.live?.archs ?? archsOf(repo.binaries.values());
  const reason = failureReason(failure);
  const event = { status: 'failed', generation: head.generation, archs, reason } as const;
  return takeUpAgain(repo, announce(failed, event, now), now);
}

/** A going back that was asked for during the publish; the one that ran is over. */
function stillAsked({ again, goBackTo }: RepoHead): number | null {
  return again === 'now' ? goBackTo : null;
}

/** What was asked for during the publish is owed from the same durable write on. */
function takeUpAgain(repo: Repo, head: RepoHead, now: Date): RepoHead {
  switch (head.again) {
    case null:
      return head;
    case 'quiet':
      return { ...head, again: null, status: 'requested' };
    case 'now': {
      const requested = announceState(repo, { ...head, again: null }, 'requested', now);
      return announceState(repo, { ...requested, status: 'queued' }, 'queued', now);
    }
  }
}

/** What of an error stands in the repo's record, and which package it names. */
export function failureOf(cause: unknown): Failure {
  if (cause instanceof GitbuilderError) {
    const name = cause.fields['name'];
    return { message: cause.message, package: typeof name === 'string' ? name : null };
  }
  return { message: reasonOf(cause), package: null };
}
