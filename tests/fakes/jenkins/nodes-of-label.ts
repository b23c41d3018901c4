import { labelsIn, matches, parseLabel } from './label.ts';
import type { Computer, Executor, Item, NodeDefinition, Refusal, World } from './world.ts';

/** The name that `why` gives to the built-in node. */
export const BUILT_IN = 'Jenkins';

/** A node as the queue sees it. */
export interface Place {
  readonly name: string;
  readonly labels: ReadonlySet<string>;
  readonly mode: 'NORMAL' | 'EXCLUSIVE';
  readonly online: boolean;
  /** Online, and past the moment of connecting. */
  readonly ready: boolean;
  readonly accepting: boolean;
  readonly executors: readonly Executor[];
}

/** The built-in node first, then every defined one that has a computer. */
export function places(world: World): Place[] {
  const defined = [...world.nodes.values()].flatMap((node) => {
    const computer = world.computers.get(node.name);
    return computer === undefined ? [] : [placeOf(world, node, computer)];
  });
  return [
    {
      name: BUILT_IN,
      labels: new Set(['built-in']),
      mode: 'NORMAL',
      online: true,
      ready: true,
      accepting: true,
      executors: world.builtInExecutors,
    },
    ...defined,
  ];
}

function placeOf(world: World, node: NodeDefinition, computer: Computer): Place {
  const online = isOnline(computer);
  return {
    name: node.name,
    labels: new Set([node.name, ...labelsIn(node.labelString)]),
    mode: node.mode,
    online,
    ready: online && world.clock.now().getTime() >= computer.settledAt,
    accepting: computer.accepting,
    executors: computer.executors,
  };
}

/** `offline: false` of the computer JSON: a channel, and nobody took it offline. */
export function isOnline(computer: Computer): boolean {
  return computer.link !== null && !computer.temporarilyOffline;
}

/** Every place whose labels satisfy an expression; the built-in node takes part. */
export function placesOf(world: World, label: string): Place[] {
  const expression = parseLabel(label);
  return places(world).filter(({ labels }) => matches(expression, labels));
}

/** Executors that nothing runs on, of places that are online and take tasks. */
export function idleExecutors(among: readonly Place[]): number {
  return among
    .filter(({ online, accepting }) => online && accepting)
    .reduce((sum, place) => sum + place.executors.filter(isIdle).length, 0);
}

export function isIdle(executor: Executor): boolean {
  return executor.running === null;
}

/** The label that an item wants, as typed; null when any node will do. */
export function labelOf({ task }: Item): string | null {
  if (task.kind === 'job') return task.job.labelExpression;
  // After a restart a running block wants its own node back.
  return task.block.node ?? task.block.definition.label;
}

/** Why this place does not take an item; null when it does. */
export function refusal(place: Place, label: string | null): Refusal | null {
  if (label !== null && !matches(parseLabel(label), place.labels))
    return { kind: 'label', node: place.name, label };
  if (label === null && place.mode === 'EXCLUSIVE') return { kind: 'reserved', node: place.name };
  if (!place.ready) return { kind: 'offline', node: place.name };
  if (!place.accepting) return { kind: 'other', text: `‘${place.name}’ is not accepting tasks` };
  return null;
}
