import type { StorageNode } from '../domain/storage-node.ts';

/** The node for new work: of those that are fit, the one whose turn is longest ago; undefined when none is. */
export function chooseNode(nodes: readonly StorageNode[]): StorageNode | undefined {
  let chosen: StorageNode | undefined;
  for (const node of nodes) {
    if (!node.healthy || node.draining || node.weight <= 0) continue;
    if (chosen === undefined || (node.lastUsed ?? '') < (chosen.lastUsed ?? '')) chosen = node;
  }
  return chosen;
}
