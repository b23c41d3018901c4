import { GitbuilderError } from '../domain/errors.ts';
import { isInForce } from '../domain/pin.ts';
import type { Pin, PinnedCommit } from '../domain/pin.ts';
import type { Clock, PinStore, RepoStore } from './ports.ts';

export interface PinCollaborators {
  readonly repos: RepoStore;
  readonly pins: PinStore;
  readonly clock: Clock;
}

/** Pins a sha1 that this node has, durably: NOT_FOUND for one that it does not have. */
export async function pinBuild(
  { repos, pins, clock }: PinCollaborators,
  commit: PinnedCommit,
  { reason, until, by }: Pick<Pin, 'reason' | 'until' | 'by'>,
): Promise<Pin> {
  requireCommit(repos, commit);
  const now = clock.now();
  const pin: Pin = { ...commit, reason, until, by, since: now.toISOString() };
  if (!isInForce(pin, now)) {
    const why = 'until: it is over already; to end a pin, DELETE it';
    throw new GitbuilderError('REQUEST_INVALID', { reason: why });
  }
  await pins.put(pin);
  return pin;
}

function requireCommit(repos: RepoStore, { project, ref, sha1 }: PinnedCommit): void {
  if (repos.tree().get(project)?.get(ref)?.has(sha1) === true) return;
  throw new GitbuilderError('NOT_FOUND', { what: `sha1 ${sha1} of ${project} ${ref}` });
}

/** The pin that holds a sha1 at this moment. */
export function pinInForce(pins: PinStore, commit: PinnedCommit, now: Date): Pin | null {
  const pin = pins.get(commit);
  return pin !== undefined && isInForce(pin, now) ? pin : null;
}

/** Forgets pins whose time is over. */
export async function removeEndedPins({
  pins,
  clock,
}: Omit<PinCollaborators, 'repos'>): Promise<number> {
  const ended = pins.all().filter((pin) => !isInForce(pin, clock.now()));
  // Somebody may have pinned anew while others were removed.
  for (const pin of ended) if (pins.get(pin) === pin) await pins.remove(pin);
  return ended.length;
}
