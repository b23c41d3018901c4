/** A build to run: its Jenkinsfile, and the controller and job around it. */
export interface BuildOrder {
  readonly script: string;
  /** Where workspaces, stashes and artifacts go. */
  readonly folder: string;
  /** Another library than that of this checkout. */
  readonly library?: string;
  /** Which code is in the sandbox: `script` is the case of a trusted library, `all` of an untrusted one. */
  readonly sandbox?: 'none' | 'script' | 'all';
  /** Classes are loaded anew at every suspension, as after a restart of Jenkins. */
  readonly strict?: boolean;
  readonly parameters?: Readonly<Record<string, string | boolean>>;
  /** Environment that the controller gives to every build. */
  readonly env?: Readonly<Record<string, string>>;
  readonly credentials?: Readonly<Record<string, Credential>>;
  readonly scm?: { readonly url: string; readonly branch: string };
  /** Patterns of labels that no agent has. */
  readonly absentLabels?: readonly string[];
  /** How much shorter `sleep` is. */
  readonly speed?: number;
  /** PATH on agents. */
  readonly path?: string;
  /** What starts the processes of agents, such as strace. */
  readonly runBy?: readonly string[];
  /** Each `node` waits for `giveAgent`; without it, it has a folder of this machine at once. */
  readonly asksForAgents?: boolean;
}

/** Of the kinds that steps use: a secret text, or a user with a password. */
export type Credential =
  { readonly secret: string } | { readonly username: string; readonly password: string };

/** What a build came to. */
export interface BuildEnd {
  readonly result: 'SUCCESS' | 'UNSTABLE' | 'FAILURE' | 'NOT_BUILT' | 'ABORTED';
  readonly description: string | null;
  readonly displayName: string;
  /** Of the job, as the step `properties` set them. */
  readonly properties: unknown;
  /** What was set by `env.NAME = …`, which all branches share. */
  readonly env: Readonly<Record<string, string>>;
  /** Calls of CPS code from native code: they return rubbish in Jenkins. */
  readonly mismatches: readonly string[];
  /** Secrets in places where people or other processes can read them. */
  readonly leaks: readonly string[];
  /** How often the program went through bytes. */
  readonly saves: number;
}

export type EngineEvent =
  | { readonly event: 'log'; readonly text: string }
  | { readonly event: 'stage'; readonly name: string }
  | {
      readonly event: 'step';
      readonly name: string;
      readonly agent: string | null;
      readonly branch: string;
    }
  | {
      readonly event: 'wanted';
      readonly execution: number;
      readonly label: string;
      readonly branch: string;
    }
  | {
      readonly event: 'agent';
      readonly name: string;
      readonly label: string;
      readonly branch: string;
    }
  | { readonly event: 'left'; readonly name: string }
  | ({ readonly event: 'end' } & BuildEnd);

/** A build that runs, or has run. */
export class EngineBuild {
  /** All that it said, line by line. */
  readonly log: string[] = [];
  readonly events: EngineEvent[] = [];
  readonly ended: Promise<BuildEnd>;
  readonly #order: (what: object) => void;
  readonly #watchers = new Set<(event: EngineEvent) => void>();
  #end: (end: BuildEnd) => void = () => undefined;
  #fail: (cause: Error) => void = () => undefined;

  constructor(order: (what: object) => void) {
    this.#order = order;
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
  }

  /** Calls back with each event from now on, in the order in which they happen. */
  watch(watcher: (event: EngineEvent) => void): void {
    this.#watchers.add(watcher);
  }

  /** As somebody at the stop button. */
  abort(): void {
    this.#order({ do: 'abort' });
  }

  /** A container for a `node` that waits, and what starts processes there: `docker exec` with its options. */
  giveAgent(execution: number, agent: string, shell: readonly string[]): void {
    this.#order({ do: 'giveAgent', execution, agent, shell });
  }

  /** The agent's container dies, and its node is removed from Jenkins. */
  loseAgent(agent: string): void {
    this.#order({ do: 'loseAgent', agent });
  }

  hear(event: EngineEvent): void {
    this.events.push(event);
    if (event.event === 'log') this.log.push(event.text);
    for (const watcher of this.#watchers) watcher(event);
    if (event.event === 'end') this.#end(event);
  }

  /** The engine's process has gone. */
  lost(complaints: string): void {
    this.#fail(new Error(`the Groovy engine ended: ${complaints}\n${this.log.join('\n')}`));
  }
}
