/** A Docker host as the configuration names it. */
export interface HostSettings {
  readonly name: string;
  readonly kind: 'docker' | 'swarm';
  /** Words that templates may ask for, beside the name. */
  readonly labels: readonly string[];
  /** Most agents at once; null: no limit of its own. */
  readonly cap: number | null;
  /** Privileges that templates may use here; see `Template.privileges`. */
  readonly allow: readonly string[];
  readonly caches: CacheLimits;
}

/** What a host keeps of cache volumes that no agent has; null: no limit. */
export interface CacheLimits {
  /** A cache that nobody used for so long goes. */
  readonly days: number | null;
  /** All of them together; beyond it, those go that were not used for the longest time. */
  readonly bytes: number | null;
}

/** What an engine says of its machine, or a Swarm of all its machines together. */
export interface HostFacts {
  readonly version: string;
  /** `x86_64`, `aarch64`, as `uname -m` says; several for a Swarm of unlike machines. */
  readonly archs: readonly string[];
  readonly cpus: number;
  readonly memoryBytes: number;
  /** The address of the host inside its default network; null where it has none. */
  readonly gateway: string | null;
}

/** Why a Docker engine did not do what it was asked. */
export type EngineFailure =
  /** No connection, or no answer in time: nothing is known of what happened. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** An answer that cannot be read, or half of one: as good as unreachable. */
  | { readonly kind: 'nonsense'; readonly reason: string }
  | { readonly kind: 'no-image'; readonly reason: string }
  | { readonly kind: 'pull-failed'; readonly reason: string }
  | { readonly kind: 'name-taken'; readonly reason: string }
  /** No container, service or volume of that id. */
  | { readonly kind: 'absent'; readonly reason: string }
  /** The engine understood and will not: a bad mount, no such network, out of memory … */
  | { readonly kind: 'refused'; readonly reason: string };

/** Whether nothing may be concluded from it: its agents are frozen until the host answers again. */
export function isAway({ kind }: EngineFailure): boolean {
  return kind === 'unreachable' || kind === 'nonsense';
}
