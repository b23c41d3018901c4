import { GitbuilderError } from '../domain/errors.ts';
import type { StorageNode } from '../domain/storage-node.ts';
import type { NodeRecords } from './ports.ts';

/** What people may set of a node. */
export type NodeSetting = Partial<Pick<StorageNode, 'draining' | 'weight'>>;

/** Drains a node, takes it back into use, or gives it another share; durable when it resolves. */
export async function changeNode(
  { nodes }: { readonly nodes: NodeRecords },
  host: string,
  setting: NodeSetting,
): Promise<StorageNode> {
  const changed = await nodes.change(host, (node) =>
    node === undefined ? null : { ...node, ...setting },
  );
  if (changed === undefined) {
    throw new GitbuilderError('NOT_FOUND', { what: `storage node ${host}` });
  }
  return changed;
}
