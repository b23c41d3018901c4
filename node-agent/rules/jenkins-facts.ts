/** An item of Jenkins' queue, as one reading shows it. */
export interface QueueItem {
  readonly id: number;
  /** `waiting`: in its quiet period. `blocked`: by another build. `buildable`: wants an executor. */
  readonly kind: 'waiting' | 'blocked' | 'buildable' | 'other';
  /** Null where Jenkins gives no reason. */
  readonly why: string | null;
  /** Milliseconds since 1970. */
  readonly inQueueSince: number;
  /** An executor is found, and it is about to start. */
  readonly pending: boolean;
  readonly stuck: boolean;
  readonly task: {
    /** `block`: a `node` step of a running Pipeline. `pipeline`: a Pipeline that starts, which needs no agent. */
    readonly kind: 'block' | 'pipeline' | 'project';
    readonly name: string;
    /** Path below Jenkins' root, without a slash before it: of the build for a block, else of the job. */
    readonly path: string;
    /** As typed; null where there is none, and always null for blocks. */
    readonly labelExpression: string | null;
  };
}

/** A node as Jenkins shows it; the built-in one is among them. */
export interface Computer {
  readonly name: string;
  readonly isBuiltIn: boolean;
  /** What was given as nodeDescription; empty for none. */
  readonly description: string;
  readonly offline: boolean;
  readonly temporarilyOffline: boolean;
  readonly offlineReason: string;
  /** Jenkins' own watch took it offline (little disk, a wrong clock), and no person. */
  readonly isOfflineByMonitor: boolean;
  /** False also while a build holds it that the caller may not see. */
  readonly idle: boolean;
  readonly executors: number;
  /** Without its own name. */
  readonly labels: readonly string[];
  /** Paths of the builds on its executors, as far as the caller may see them: `job/a/1/`. */
  readonly builds: readonly string[];
}

/** Something read from Jenkins, and by which run of which version. */
export interface Reading<T> {
  readonly value: T;
  /** X-Jenkins-Session: another one after each start of the controller. */
  readonly session: string | null;
  /** X-Jenkins, such as `2.462.3`. */
  readonly version: string | null;
}

/** What a node is made of. One executor; inbound by WebSocket; used only by builds that ask for its labels. */
export interface NewNode {
  readonly name: string;
  readonly description: string;
  readonly labels: readonly string[];
  readonly remoteFs: string;
}

/** agent.jar as the controller serves it. */
export interface AgentJar {
  readonly bytes: Uint8Array;
  /** Last-Modified of the controller. */
  readonly modified: string | null;
}

/** Why Jenkins did not do what it was asked. */
export type JenkinsFailure =
  /** No connection, or no answer in time: nothing is known of what happened. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** 503 on every path, and a 401 within seconds of it. */
  | { readonly kind: 'starting'; readonly reason: string }
  /** HTML where JSON should be, a 500, half an answer: as good as unreachable. */
  | { readonly kind: 'nonsense'; readonly reason: string }
  | { readonly kind: 'unauthenticated'; readonly reason: string }
  /** `permission`: the first one that is missing, from X-Required-Permission. */
  | { readonly kind: 'forbidden'; readonly reason: string; readonly permission: string | null }
  | { readonly kind: 'absent'; readonly reason: string }
  | { readonly kind: 'name-taken'; readonly reason: string }
  /** Any other 4xx; the reason is X-Error where there is one. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Whether Jenkins is away or not yet itself: nothing may be concluded from it. */
export function isJenkinsAway({ kind }: JenkinsFailure): boolean {
  return kind === 'unreachable' || kind === 'starting' || kind === 'nonsense';
}
