import { fitsPattern } from './name-pattern.ts';
import type { StorageNode } from './storage-node.ts';

/** Where a project's uploads may go, from the configuration. */
export interface PlacementRule {
  /** `*` stands for anything, in both. */
  readonly project: string;
  readonly ref: string;
  /** host[:port] of storage nodes. */
  readonly nodes: readonly string[];
}

/** The first rule that fits; undefined when the project's uploads may go anywhere. */
export function ruleFor(
  rules: readonly PlacementRule[],
  project: string | null,
  ref: string | null,
): PlacementRule | undefined {
  return rules.find(
    (rule) => fitsPattern(rule.project, project ?? '') && fitsPattern(rule.ref, ref ?? ''),
  );
}

/** Whether a node takes new work; one that does not may still take what it was assigned. */
export function takesNewWork(node: StorageNode, fullBelowBytes: number): boolean {
  return (
    node.healthy &&
    !node.draining &&
    node.weight > 0 &&
    (node.freeBytes === null || node.freeBytes >= fullBelowBytes)
  );
}

/**
 * The node for everything of a key, by weighted rendezvous: the same nodes give the same answer, and
 * each gets keys in proportion to its weight and its room. `draw` makes a number in (0, 1) of a text.
 */
export function rendezvous(
  nodes: readonly StorageNode[],
  key: string,
  draw: (text: string) => number,
): StorageNode | undefined {
  const roomiest = Math.max(1, ...nodes.map(({ freeBytes }) => freeBytes ?? 0));
  let chosen: StorageNode | undefined;
  let best = Number.NEGATIVE_INFINITY;
  for (const node of nodes) {
    // A node that does not tell its room counts as the roomiest; none counts for nothing.
    const room = Math.max(0.05, (node.freeBytes ?? roomiest) / roomiest);
    const score = Math.log(draw(`${key} ${node.host}`)) / (node.weight * room);
    if (score > best) [chosen, best] = [node, score];
  }
  return chosen;
}
