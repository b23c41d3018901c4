import type { QueueItem } from './jenkins-facts.ts';
import { readWhy } from './read-why.ts';

/** What an item of the queue wants of us. */
export type Wish =
  | { readonly kind: 'label'; readonly label: string }
  /** A node of ours was named in place of a label that only it has: another one of its template. */
  | { readonly kind: 'template'; readonly template: string }
  /** It wants an agent, but nobody says which; a demand of its build may. */
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'nothing'; readonly reason: string };

/** What must be known of a node to understand a queue that names it. */
export interface KnownNode {
  /** Of the agent; null for nodes that are not ours. */
  readonly template: string | null;
  readonly labels: readonly string[];
  /** The build that ran on it before the controller restarted, and that waits for it to come back. */
  readonly awaitedBy: string | null;
}

/** Reads what an item wants: the label as typed for projects, the sentence of Jenkins for Pipeline blocks. */
export function wishOf(item: QueueItem, nodes: ReadonlyMap<string, KnownNode>): Wish {
  const { task } = item;
  if (item.kind !== 'buildable') return nothing('waits for something else than an agent');
  if (item.pending) return nothing('is about to start');
  if (task.kind === 'pipeline') return nothing('needs no agent itself');
  const why = readWhy(item.why);
  if (why.kind === 'not-yet') return nothing('waits for something else than an agent');
  if (task.kind === 'project') {
    return task.labelExpression === null
      ? nothing('asks for no label, and agents are for their labels only')
      : { kind: 'label', label: task.labelExpression };
  }
  switch (why.kind) {
    case 'label':
      // Reasons of every node name a node as they would a label.
      return nodes.get(why.label)?.awaitedBy === task.path
        ? nothing(`resumes on ${why.label} when it is back`)
        : { kind: 'label', label: why.label };
    case 'node':
      return ofNode(item, why.node, nodes);
    case 'label-or-node':
      return nodes.has(why.name)
        ? ofNode(item, why.name, nodes)
        : { kind: 'label', label: why.name };
    case 'any':
      return { kind: 'unknown', reason: 'Jenkins names no label; is there an anchor node?' };
    case 'unknown':
      return { kind: 'unknown', reason: 'the reason that Jenkins gives names no label' };
  }
}

function ofNode(item: QueueItem, name: string, nodes: ReadonlyMap<string, KnownNode>): Wish {
  const node = nodes.get(name);
  if (node === undefined) return { kind: 'label', label: name };
  if (node.awaitedBy === item.task.path) return nothing(`resumes on ${name} when it is back`);
  if (node.template !== null) return { kind: 'template', template: node.template };
  if (node.labels.length === 0) {
    return { kind: 'unknown', reason: `wants ${name}, which is no agent of ours` };
  }
  // Which of its labels was asked for cannot be known: all of them are certainly enough.
  return { kind: 'label', label: node.labels.map((label) => JSON.stringify(label)).join('&&') };
}

function nothing(reason: string): Wish {
  return { kind: 'nothing', reason };
}
