import { takesNewWork } from '../domain/placement.ts';
import type { StorageNode } from '../domain/storage-node.ts';

/** The node for new work: of those that take it, the one whose turn is longest ago; undefined when none is. */
export function chooseNode(
  nodes: readonly StorageNode[],
  fullBelowBytes: number,
): StorageNode | undefined {
  let chosen: StorageNode | undefined;
  for (const node of nodes) {
    if (!takesNewWork(node, fullBelowBytes)) continue;
    if (chosen === undefined || (node.lastUsed ?? '') < (chosen.lastUsed ?? '')) chosen = node;
  }
  return chosen;
}
