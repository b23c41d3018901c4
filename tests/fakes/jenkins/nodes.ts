import { nameFault } from './node-names.ts';
import { abandonRuns, loseAgent } from './runs.ts';
import type { Computer, NodeDefinition, OfflineCause, World } from './world.ts';

/** How the form of a new node went: `broken` is what Jenkins answers 500 to. */
export type Created =
  | { readonly kind: 'made' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'no-form' }
  | { readonly kind: 'broken' };

const AGENT_TYPES = ['hudson.slaves.DumbSlave', 'hudson.slaves.DumbSlave$DescriptorImpl'];
const JNLP_LAUNCHER = 'hudson.slaves.JNLPLauncher';
const ALWAYS = 'hudson.slaves.RetentionStrategy$Always';

/** `POST /computer/doCreateItem`: what becomes of the form's three fields. */
export function createNode(
  world: World,
  form: { readonly name: string; readonly type: string; readonly json: string | null },
): Created {
  const name = form.name.trim();
  if (form.json === null) return { kind: 'no-form' };
  if (name === '') return { kind: 'refused', reason: 'Query parameter ‘name’ is required' };
  const fault = nameFault(name);
  if (fault !== null) return { kind: 'refused', reason: fault };
  if (world.nodes.has(name))
    return { kind: 'refused', reason: `Agent called ‘${name}’ already exists` };
  if (!AGENT_TYPES.includes(form.type)) return { kind: 'broken' };
  const fields = objectIn(form.json);
  const definition = fields === null ? null : definitionOf(name, fields);
  if (definition === null) return { kind: 'broken' };
  addNode(world, definition);
  return { kind: 'made' };
}

/** Makes a node; one without executors is a ghost: its name is taken, and it has no computer. */
export function addNode(world: World, definition: NodeDefinition): void {
  world.nodes.set(definition.name, definition);
  if (definition.numExecutors > 0)
    world.computers.set(definition.name, newComputer(definition.name, definition.numExecutors));
  world.changed();
}

/** A computer as it is after its node was made, or the controller started. */
export function newComputer(name: string, executors: number): Computer {
  return {
    name,
    executors: Array.from({ length: executors }, (_, number) => ({ number, running: null })),
    temporarilyOffline: false,
    offlineCause: null,
    keptOffline: null,
    link: null,
    settledAt: 0,
    accepting: true,
    removed: false,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function objectIn(text: string): Fields | null {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return null;
  }
}

function asObject(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null ? { ...value } : null;
}

function definitionOf(name: string, fields: Fields): NodeDefinition | null {
  const text = (key: string) => (typeof fields[key] === 'string' ? fields[key] : '');
  const mode = fields.mode ?? 'NORMAL';
  if (mode !== 'NORMAL' && mode !== 'EXCLUSIVE') return null;
  const launcher =
    fields.launcher === undefined ? { 'stapler-class': JNLP_LAUNCHER } : asObject(fields.launcher);
  if (launcher === null || classOf(launcher) !== JNLP_LAUNCHER) return null;
  const retention = asObject(fields.retentionStrategy ?? { 'stapler-class': ALWAYS });
  if (retention === null || !/^hudson\.slaves\.Retention/.test(classOf(retention))) return null;
  const workDir = asObject(launcher.workDirSettings ?? {});
  return {
    name,
    description: text('nodeDescription'),
    remoteFS: text('remoteFS'),
    numExecutors: executorsOf(fields.numExecutors),
    mode,
    labelString: text('labelString'),
    webSocket: launcher.webSocket === true,
    workDir: workDir?.disabled !== true,
    retention: classOf(retention),
    environment: environmentOf(fields),
  };
}

function classOf(value: Fields): string {
  const named = value['stapler-class'] ?? value['$class'];
  return typeof named === 'string' ? named : '';
}

/** Not a number is 0: a ghost. */
function executorsOf(value: unknown): number {
  if (value === undefined) return 1;
  const number = Number(value);
  return Number.isInteger(number) ? number : 0;
}

function environmentOf(fields: Fields): NodeDefinition['environment'] {
  const property = asObject(fields.nodeProperties)?.[
    'hudson-slaves-EnvironmentVariablesNodeProperty'
  ];
  const env = asObject(property)?.env;
  return (Array.isArray(env) ? env : [env]).flatMap((entry: unknown) => {
    const { key, value } = asObject(entry) ?? {};
    return typeof key === 'string' && typeof value === 'string' ? [{ key, value }] : [];
  });
}

/** `doDelete`: the node is gone at once; its computer stays while a Pipeline block holds it. */
export function deleteNode(world: World, computer: Computer): void {
  if (computer.removed) return;
  world.nodes.delete(computer.name);
  const isHeld = abandonRuns(world, computer);
  const { link } = computer;
  computer.link = null;
  if (isHeld) {
    computer.removed = true;
    computer.offlineCause = { kind: 'removed' };
  } else {
    world.computers.delete(computer.name);
  }
  link?.close();
  world.changed();
}

/** Takes a node offline for new builds (`changeOfflineCause`, and `toggleOffline` of an online one); running ones go on. */
export function takeOffline(
  world: World,
  computer: Computer,
  cause: OfflineCause & { readonly kind: 'user' | 'monitor' },
): void {
  computer.temporarilyOffline = true;
  computer.offlineCause = cause;
  computer.keptOffline = cause;
  world.changed();
}

/** `toggleOffline` of a node that is temporarily offline. */
export function bringOnline(world: World, computer: Computer): void {
  computer.temporarilyOffline = false;
  computer.keptOffline = null;
  computer.offlineCause = computer.link === null ? { kind: 'channel-terminated' } : null;
  world.changed();
}

/** `doDisconnect`: the channel closes; the agent process comes back by itself. Without effect on an offline node. */
export function disconnect(
  world: World,
  computer: Computer,
  cause: OfflineCause & { readonly kind: 'user' },
): void {
  const { link } = computer;
  if (link === null) return;
  computer.offlineCause = cause;
  loseAgent(world, computer);
  link.close();
  world.clock.after(world.timings.channelEnd, () => {
    if (computer.link !== null) return;
    computer.offlineCause = { kind: 'channel-terminated' };
    world.changed();
  });
}

/** A new configuration: labels at once, and another name renames the node while its agent stays. */
export function reconfigure(world: World, computer: Computer, next: NodeDefinition): void {
  world.nodes.delete(computer.name);
  world.nodes.set(next.name, next);
  world.computers.delete(computer.name);
  world.computers.set(next.name, { ...computer, name: next.name });
  world.changed();
}
