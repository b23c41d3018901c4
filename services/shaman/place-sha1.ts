import { createHash } from 'node:crypto';
import { GitbuilderError } from '../domain/errors.ts';
import { rendezvous, ruleFor, takesNewWork } from '../domain/placement.ts';
import type { PlacementRule } from '../domain/placement.ts';
import type { StorageNode } from '../domain/storage-node.ts';
import type { Clock, NodeAssignments, NodeRecords, RepoRecords } from './ports.ts';

const ASSIGNED_MILLISECONDS = 24 * 3_600_000;

export interface PlacementCollaborators {
  readonly nodes: NodeRecords;
  readonly repos: RepoRecords;
  readonly assignments: NodeAssignments;
  readonly clock: Clock;
  readonly placement: readonly PlacementRule[];
  readonly fullBelowBytes: number;
}

/** What is to be uploaded; `project` and `ref` as far as the caller knows them. */
export interface ToPlace {
  readonly sha1: string;
  readonly project: string | null;
  readonly ref: string | null;
}

/**
 * The one node for everything of a sha1: where its records are, else where it was sent during the
 * last day, else a node that takes new work; NO_NODE when there is none. A node that drains or is
 * full keeps what it has, one that is down does not. Durable when it resolves.
 */
export async function placeSha1(
  collaborators: PlacementCollaborators,
  what: ToPlace,
): Promise<StorageNode> {
  const { nodes, assignments, clock, placement, fullBelowBytes } = collaborators;
  const rule = ruleFor(placement, what.project, what.ref);
  const allowed = nodes.all().filter(({ host }) => rule === undefined || rule.nodes.includes(host));
  const up = new Map(allowed.filter(({ healthy }) => healthy).map((node) => [node.host, node]));
  // Pinned projects are kept apart from what the same sha1 is elsewhere.
  const key = rule === undefined ? what.sha1 : `${what.project ?? ''} ${what.sha1}`;
  const now = clock.now().getTime();
  const assigned = assignments.get(key);
  const isFresh = assigned !== undefined && now - Date.parse(assigned.at) < ASSIGNED_MILLISECONDS;
  const kept = holder(collaborators, what, up) ?? (isFresh ? up.get(assigned.host) : undefined);
  const chosen =
    kept ??
    rendezvous(
      allowed.filter((node) => takesNewWork(node, fullBelowBytes)),
      key,
      draw,
    );
  if (chosen === undefined) throw new GitbuilderError('NO_NODE');
  const at = isFresh && assigned.host === chosen.host ? assigned.at : new Date(now).toISOString();
  const expired = new Date(now - ASSIGNED_MILLISECONDS).toISOString();
  await assignments.put(key, { host: chosen.host, at }, expired);
  return chosen;
}

/** The node that has repos of the sha1 already. */
function holder(
  { repos }: PlacementCollaborators,
  { sha1, project }: ToPlace,
  up: ReadonlyMap<string, StorageNode>,
): StorageNode | undefined {
  for (const { chacraUrl } of repos.find({ sha1, ...(project === null ? {} : { project }) })) {
    const node = up.get(new URL(chacraUrl).host);
    if (node !== undefined) return node;
  }
  return undefined;
}

/** Six bytes of a digest as a fraction, never 0 or 1. */
function draw(text: string): number {
  const digest = createHash('sha256').update(text).digest();
  return (digest.readUIntBE(0, 6) + 1) / (2 ** 48 + 2);
}
