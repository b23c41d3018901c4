import type { PinnedCommit } from '../domain/pin.ts';
import { buildsOnNode } from './builds-on-node.ts';
import type { UseCollaborators } from './builds-on-node.ts';
import { judgeBuilds } from './judge-builds.ts';
import type { BuildFacts, Doomed, RetentionRule, Spared } from './judge-builds.ts';
import { Pauses } from './pauses.ts';
import type { Pause } from './pauses.ts';
import { pinInForce } from './pin-build.ts';
import type { Clock, PinStore, RepoStore } from './ports.ts';

export interface PlanCollaborators extends UseCollaborators {
  readonly repos: RepoStore;
  readonly pins: PinStore;
  readonly clock: Clock;
  readonly rules: readonly RetentionRule[];
  /** Below so few free bytes the oldest builds go that the rules would still keep; null: never. */
  readonly deleteBelowBytes: number | null;
  readonly freeBytes: () => Promise<number>;
  readonly pause: Pause;
}

/** What retention would do at a moment. */
export interface RetentionPlan {
  /** RFC 3339 UTC. */
  readonly at: string;
  readonly rules: number;
  /** How many builds were looked at. */
  readonly builds: number;
  readonly doomed: readonly Weighed[];
  readonly spared: readonly Spared[];
  /** What the disk lacks now to be above the limit of `deleteBelowBytes`; 0 when it is. */
  readonly missingBytes: number;
}

/** A build that goes, and what goes with it. */
export interface Weighed extends Doomed {
  /** Of blobs that nothing else names by then: kept generations of others may still hold some. */
  readonly freedBytes: number;
}

/** Decides what would go now, in small pieces: nobody waits longer for an answer meanwhile. */
export async function planRetention(collaborators: PlanCollaborators): Promise<RetentionPlan> {
  const { repos, pins, clock, rules, deleteBelowBytes } = collaborators;
  const pauses = new Pauses(collaborators.pause);
  const now = clock.now();
  const { builds, named } = await buildsOnNode(repos, collaborators, now, pauses);
  const pinOf = (commit: PinnedCommit) => pinInForce(pins, commit, now);
  const { doomed, spared, spendable } = judgeBuilds(builds, rules, { now, pinOf });
  const weighed: Weighed[] = [];
  let freed = 0;
  const take = async (one: Doomed): Promise<void> => {
    const freedBytes = letGo(named, one.build);
    freed += freedBytes;
    weighed.push({ ...one, freedBytes });
    await pauses.after(one.build.binaries);
  };
  for (const one of doomed) await take(one);
  const free = await collaborators.freeBytes();
  const missingBytes = Math.max(0, (deleteBelowBytes ?? 0) - free);
  for (const one of spendable) {
    if (freed >= missingBytes) break;
    await take(one);
  }
  const counts = { rules: rules.length, builds: builds.length };
  return { at: now.toISOString(), ...counts, doomed: weighed, spared, missingBytes };
}

/** Bytes of the blobs that nothing names when this build is gone too. */
function letGo(named: Map<string, number>, { blobs }: BuildFacts): number {
  let bytes = 0;
  for (const { sha256, size } of blobs) {
    const left = (named.get(sha256) ?? 0) - 1;
    named.set(sha256, left);
    if (left === 0) bytes += size;
  }
  return bytes;
}
