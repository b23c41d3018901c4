import type { Clock } from '../../../services/domain/clock.ts';

/** What a run does once it has its executor: ends when the test says so, after a time, or when a script ended on its agent. */
export type Body =
  | { readonly kind: 'hold' }
  | { readonly kind: 'lasts'; readonly milliseconds: number }
  | { readonly kind: 'script'; readonly text: string };

export type Result = 'SUCCESS' | 'UNSTABLE' | 'FAILURE' | 'ABORTED';

/** A `node(label) { … }` of a Pipeline. */
export interface BlockDefinition {
  readonly label: string | null;
  readonly body: Body;
  /** The innermost stage inside the block, shown only while it runs. */
  readonly stage?: string;
  /** How often `retry(conditions: [agent(), nonresumable()])` runs it again after its agent was removed. */
  readonly retries?: number;
}

export interface Job {
  /** Folders included: `fold/in`. */
  readonly name: string;
  readonly kind: 'freestyle' | 'pipeline';
  /** As typed; freestyle only. */
  readonly labelExpression: string | null;
  readonly body: Body;
  readonly blocks: readonly BlockDefinition[];
  /** Whether the blocks of a Pipeline run at once. */
  readonly parallel: boolean;
  /** Defaults of its parameters; null when it has none. */
  readonly parameters: Readonly<Record<string, string>> | null;
  readonly concurrent: boolean;
  readonly quietMilliseconds: number;
  disabled: boolean;
  readonly builds: Build[];
}

export interface Block {
  readonly definition: BlockDefinition;
  /** `lost`: the script died with its agent, and nothing but deleting the node ends it. */
  state: 'unborn' | 'queued' | 'running' | 'lost' | 'done';
  /** The node it runs on, or wants back after a restart. */
  node: string | null;
  /** The connection's cookie when it began: another one means another process. */
  cookie: string | null;
  retries: number;
  /** Names its script to the agent. */
  readonly id: string;
  cancelTimer: (() => void) | null;
}

export interface Build {
  readonly job: Job;
  readonly number: number;
  readonly queueId: number;
  readonly parameters: Readonly<Record<string, string>>;
  readonly startedBy: string;
  readonly timestamp: number;
  result: Result | null;
  building: boolean;
  duration: number;
  /** With the hidden annotations in it that `X-Text-Size` counts. */
  log: string;
  readonly blocks: Block[];
  /** Of a freestyle build. */
  node: string | null;
}

/** What waits in the queue, or what left it. */
export type Task =
  | { readonly kind: 'job'; readonly job: Job }
  | { readonly kind: 'block'; readonly build: Build; readonly block: Block };

export interface Item {
  readonly id: number;
  readonly task: Task;
  readonly inQueueSince: number;
  readonly parameters: Readonly<Record<string, string>>;
  /** Who asked, once per merge. */
  readonly startedBy: string[];
  /** Higher ones are listed first. */
  order: number;
  state: 'waiting' | 'blocked' | 'buildable';
  /** End of the quiet period. */
  readonly quietUntil: number;
  buildableSince: number;
  /** Texts of the last maintenance run: why each free executor refused. */
  refusals: readonly Refusal[] | null;
}

export interface LeftItem {
  readonly id: number;
  readonly item: Item;
  readonly executable: Build | null;
  readonly leftAt: number;
}

/** One part of a composite `why`. */
export type Refusal =
  | { readonly kind: 'label'; readonly node: string; readonly label: string }
  | { readonly kind: 'reserved'; readonly node: string }
  | { readonly kind: 'offline'; readonly node: string }
  | { readonly kind: 'other'; readonly text: string };

export interface NodeDefinition {
  readonly name: string;
  readonly description: string;
  readonly remoteFS: string;
  readonly numExecutors: number;
  readonly mode: 'NORMAL' | 'EXCLUSIVE';
  readonly labelString: string;
  readonly webSocket: boolean;
  readonly workDir: boolean;
  readonly retention: string;
  readonly environment: readonly { readonly key: string; readonly value: string }[];
}

export type OfflineCause =
  | { readonly kind: 'user'; readonly by: string; readonly message: string; readonly at: number }
  /** Read in the source: what a node monitor says, such as that the disk is full. */
  | { readonly kind: 'monitor'; readonly message: string }
  | { readonly kind: 'launch-failed' }
  | { readonly kind: 'channel-terminated' }
  | { readonly kind: 'removed' };

/** An agent's connection, whatever carries it. */
export interface AgentLink {
  readonly cookie: string;
  send(line: string): void;
  close(): void;
}

export interface Executor {
  readonly number: number;
  running:
    | { readonly kind: 'freestyle'; readonly build: Build }
    | { readonly kind: 'block'; readonly build: Build; readonly block: Block }
    | null;
}

export interface Computer {
  readonly name: string;
  executors: Executor[];
  temporarilyOffline: boolean;
  offlineCause: OfflineCause | null;
  /** Kept with the node over a restart; in force once the agent is back. */
  keptOffline: OfflineCause | null;
  link: AgentLink | null;
  /** From then on its executors take items. */
  settledAt: number;
  accepting: boolean;
  /** Its node is deleted, and a Pipeline block still holds it. */
  removed: boolean;
}

export interface Timings {
  /** Between two maintenance runs of the queue. */
  readonly maintenance: number;
  /** From a connection until the new executors take items. */
  readonly settle: number;
  /** Until a Pipeline gives up a block whose node was deleted (`timeoutForNodeMillis`). */
  readonly removedNode: number;
  /** How long an item can be asked for after it left. */
  readonly leftItem: number;
  readonly quietPeriod: number;
  /** Until a closed channel is noticed by the offline cause. */
  readonly channelEnd: number;
}

/** As recorded on a live 2.462.3. */
export const RECORDED_TIMINGS: Timings = {
  maintenance: 5000,
  settle: 700,
  removedNode: 300_000,
  leftItem: 300_000,
  quietPeriod: 5000,
  channelEnd: 100,
};

/** Everything that a controller holds in its memory, and what of it survives a restart. */
export interface World {
  readonly clock: Clock;
  readonly version: string;
  readonly timings: Timings;
  readonly nodes: Map<string, NodeDefinition>;
  readonly computers: Map<string, Computer>;
  readonly items: Map<number, Item>;
  readonly left: Map<number, LeftItem>;
  readonly jobs: Map<string, Job>;
  /** Executors of the built-in node. */
  builtInExecutors: Executor[];
  quieting: boolean;
  nextItem: number;
  nextBlock: number;
  /** What to do once a run has its executor: send its script, or end it after its time. */
  readonly began: (build: Build, block: Block | null) => void;
  /** Called after each change, so that tests can wait for what they wait for. */
  readonly changed: () => void;
}

/** Whether this version is at least that one: `2.462.3` is at least `2.308`. */
export function isAtLeast(version: string, least: string): boolean {
  const [has, wants] = [version, least].map((text) => text.split('.').map(Number));
  for (let part = 0; part < 3; part += 1) {
    const difference = (has?.[part] ?? 0) - (wants?.[part] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
