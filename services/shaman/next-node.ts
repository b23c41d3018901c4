import { GitbuilderError } from '../domain/errors.ts';
import type { StorageNode } from '../domain/storage-node.ts';
import { chooseNode } from './choose-node.ts';
import type { Clock, NodeRecords } from './ports.ts';

/**
 * Hands out the next storage node and notes its turn in the same tick, so that callers of one moment
 * get different ones; NO_NODE when none is healthy. Nothing is asked of the node: its health is known.
 */
export function nextNode({
  nodes,
  clock,
  fullBelowBytes,
}: {
  readonly nodes: NodeRecords;
  readonly clock: Clock;
  readonly fullBelowBytes: number;
}): StorageNode {
  const all = nodes.all();
  const chosen = chooseNode(all, fullBelowBytes);
  if (chosen === undefined) throw new GitbuilderError('NO_NODE');
  const lastUsed = laterThanAll(all, clock.now());
  nodes.changeSoon(chosen.host, (node) => (node === undefined ? null : { ...node, lastUsed }));
  return chosen;
}

/** Now in microseconds, or one more than the last turn: turns of one millisecond keep their order. */
function laterThanAll(nodes: readonly StorageNode[], now: Date): string {
  let last = '';
  for (const { lastUsed } of nodes) if (lastUsed !== null && lastUsed > last) last = lastUsed;
  const candidate = withMicroseconds(now.getTime(), 0);
  if (candidate > last) return candidate;
  const micros = Number(last.slice(23, 26)) + 1;
  return withMicroseconds(
    Date.parse(`${last.slice(0, 23)}Z`) + Math.floor(micros / 1000),
    micros % 1000,
  );
}

function withMicroseconds(milliseconds: number, micros: number): string {
  return new Date(milliseconds).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}
