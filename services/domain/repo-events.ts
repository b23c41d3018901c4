import type { Failure, PendingEvent, RepoHead } from './repo.ts';

const MAX_WAITING = 1000;

/**
 * Adds a state change for shaman to the head. The sequence follows the clock, so that it keeps
 * growing when a repo is deleted and made again, or when this node's data was lost.
 */
export function announce(
  head: RepoHead,
  event: Pick<PendingEvent, 'status' | 'generation' | 'archs' | 'reason'>,
  now: Date,
): RepoHead {
  const sequence = Math.max(head.sequence + 1, now.getTime());
  const next: PendingEvent = { ...event, sequence, at: now.toISOString() };
  const waiting = [...head.events, next];
  return { ...head, sequence, events: waiting.length > MAX_WAITING ? [next] : waiting };
}

/** Forgets what shaman has acknowledged. */
export function acknowledge(head: RepoHead, sequence: number): RepoHead {
  return { ...head, events: head.events.filter((event) => event.sequence > sequence) };
}

/** Why a publish failed, in one line for shaman. */
export function failureReason({ message, package: name }: Failure): string {
  return name === null ? message : `${name}: ${message}`;
}
