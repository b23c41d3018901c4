/** When an image is fetched: before each agent, when it is not there, or never; the strictest first. */
export const PULL_POLICIES = ['always', 'missing', 'never'] as const;
export type PullPolicy = (typeof PULL_POLICIES)[number];

/** Something of the host, or of memory, at a path of the container. */
export type TemplateMount =
  | {
      readonly kind: 'bind';
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
    }
  | {
      readonly kind: 'volume';
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
    }
  | { readonly kind: 'tmpfs'; readonly target: string; readonly sizeBytes: number | null };

/** A named volume that outlives its agents and is shared by all of one host that name it. */
export interface TemplateCache {
  readonly name: string;
  readonly target: string;
}

/** What runs as who in the container, rendered into the bootstrap script (Prado's duty). */
export interface Provision {
  /** Installed with the image's own package manager before the agent starts. */
  readonly packages: readonly string[];
  /** Made when it is missing; the agent runs as it. Null: as whom the image says. */
  readonly user: {
    readonly name: string;
    readonly uid: number | null;
    readonly home: string | null;
    readonly sudo: boolean;
  } | null;
  /** LANG and LC_ALL, such as `en_US.UTF-8`; null leaves the image's. */
  readonly locale: string | null;
  /** Public SSH keys for that user's authorized_keys. */
  readonly authorizedKeys: readonly string[];
  readonly files: readonly {
    readonly path: string;
    readonly content: string;
    readonly mode: number;
  }[];
  /** Shell text, run as root after all of the above. */
  readonly script: string | null;
}

/** How many idle agents a template keeps ready. */
export interface IdleRange {
  readonly minIdle: number;
  /** Null: no limit but the caps. */
  readonly maxIdle: number | null;
}

/** At these times another range holds: from each time of the cron expression, for so many minutes. */
export interface IdleWindow extends IdleRange {
  readonly cron: string;
  readonly minutes: number;
}

/** From what agents are made: image, labels, limits. Everything inherited and defaulted is filled in. */
export interface Template extends IdleRange {
  readonly name: string;
  readonly image: string;
  readonly pull: PullPolicy;
  readonly pullSeconds: number;
  readonly labels: readonly string[];
  readonly remoteFs: string;
  /** As whom the container runs, `uid[:gid]` or a name; null: as the image says. */
  readonly user: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly TemplateMount[];
  readonly caches: readonly TemplateCache[];
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  readonly pids: number | null;
  readonly shmBytes: number | null;
  /** Name of a network; null: the engine's default. */
  readonly network: string | null;
  /** `name:address` lines for /etc/hosts. */
  readonly extraHosts: readonly string[];
  /** Names or labels of the hosts that may run it; empty: every host. */
  readonly hosts: readonly string[];
  /** Of the host, as its engine says: `x86_64`, `aarch64`; null: any. */
  readonly arch: string | null;
  /**
   * What is refused unless the host allows it by this very name: `privileged`, `host-network`,
   * `host-pid`, `new-privileges` (setuid programs, so sudo too), `bind:/path`, `device:/dev/kvm`,
   * `cap:SYS_ADMIN`, `security:seccomp=unconfined`.
   */
  readonly privileges: readonly string[];
  readonly idleWindows: readonly IdleWindow[];
  /** An agent that is idle for so long and not needed by minIdle goes. */
  readonly idleSeconds: number;
  /** So many builds, then it goes; null: any number. */
  readonly uses: number | null;
  /** Older ones are drained and replaced; null: never. */
  readonly maxAgeSeconds: number | null;
  /** Most agents of this template at once; null: no limit of its own. */
  readonly cap: number | null;
  /** Of two templates that fit equally well, the lighter one is taken. */
  readonly weight: number;
  readonly connectSeconds: number;
  /** A failed agent is kept for a look so long; 0: it goes at once. */
  readonly keepFailedSeconds: number;
  /** Path or name of java in the container, and options for it. */
  readonly java: string;
  readonly javaOptions: readonly string[];
  /** `-noReconnectAfter` of agent.jar. */
  readonly noReconnectAfterSeconds: number;
  /** How long a stopping container has before it is killed. */
  readonly stopSeconds: number;
  readonly provision: Provision;
  /** Of everything above: changes whenever new agents would differ from older ones. */
  readonly digest: string;
}
