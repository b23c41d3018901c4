import type { PullPolicy, TemplateMount } from './template.ts';

/**
 * What the labels of a container of ours say. They are enough to know an agent again after all else
 * was lost, and without the service's own id nothing is ever touched.
 */
export interface ContainerIdentity {
  /** Id of the agent service that made it. */
  readonly service: string;
  readonly agent: string;
  readonly node: string;
  readonly template: string;
  readonly templateDigest: string;
  /** URL of the Jenkins controller it belongs to. */
  readonly controller: string;
  /** RFC 3339 UTC. */
  readonly created: string;
}

const LABEL_PREFIX = 'io.gitbuilder.agent.';

const KEYS = [
  'service',
  'agent',
  'node',
  'template',
  'templateDigest',
  'controller',
  'created',
] as const satisfies readonly (keyof ContainerIdentity)[];

/** The identity as labels of a container or service. */
export function labelsOf(identity: ContainerIdentity): Record<string, string> {
  return Object.fromEntries(KEYS.map((key) => [labelName(key), identity[key]]));
}

/** The identity that labels tell; null when one of them is missing or no id of ours, for then it is not ours. */
export function identityOf(labels: Readonly<Record<string, string>>): ContainerIdentity | null {
  const read = (key: keyof ContainerIdentity) => labels[labelName(key)] ?? '';
  if (KEYS.some((key) => read(key) === '') || !isAgentId(read('agent'))) return null;
  return {
    service: read('service'),
    agent: read('agent'),
    node: read('node'),
    template: read('template'),
    templateDigest: read('templateDigest'),
    controller: read('controller'),
    created: read('created'),
  };
}

/** Names the label of one part of the identity; the service's is what lists are filtered by. */
export function labelName(key: keyof ContainerIdentity): string {
  return `${LABEL_PREFIX}${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** What a container (or Swarm task) is made of. No secret stands in here: all of it can be inspected. */
export interface ContainerSpec {
  readonly identity: ContainerIdentity;
  readonly image: string;
  /** The whole command line; takes the place of the image's entrypoint and command. */
  readonly command: readonly string[];
  readonly user: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly TemplateMount[];
  /** Volumes to make, with our labels, where they are missing: `volume` is the engine's name. */
  readonly caches: readonly { readonly volume: string; readonly target: string }[];
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  readonly pids: number | null;
  readonly shmBytes: number | null;
  readonly network: string | null;
  readonly extraHosts: readonly string[];
  /** Allowed by the host; see `Template.privileges`. */
  readonly privileges: readonly string[];
  readonly stopSeconds: number;
}

/**
 * A file that is put into a container before it starts, and that no inspection shows. It belongs to
 * whom the container runs as.
 */
export interface HandedFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly mode: number;
}

/** A container of ours as the engine lists it. */
export interface OwnContainer {
  /** Of the container, or of the Swarm service. */
  readonly id: string;
  readonly identity: ContainerIdentity;
  /** `created`: never started. `ended`: exited, dead, or a task that failed or was rejected. */
  readonly state: 'created' | 'running' | 'ended';
  readonly exitCode: number | null;
  /** What the engine says of its end, or why a task waits; null for nothing. */
  readonly reason: string | null;
}

/** What to fetch, and how. */
export interface ImageOrder {
  readonly image: string;
  readonly policy: PullPolicy;
  readonly timeoutMilliseconds: number;
}

/** A cache volume of ours. */
export interface CacheVolume {
  readonly volume: string;
  readonly bytes: number | null;
  readonly created: string;
  readonly isInUse: boolean;
}

/** What the engine calls a cache of a service. */
export const cacheVolume = (service: string, name: string) => `gitbuilder-${service}-${name}`;

/** What templates call it; null for a volume of another name. */
export const cacheName = (service: string, volume: string): string | null =>
  volume.startsWith(cacheVolume(service, ''))
    ? volume.slice(cacheVolume(service, '').length)
    : null;

/** Whether text is an id as this service gives them to agents; it names files. */
function isAgentId(text: string): boolean {
  return /^[0-9a-f]{12}$/.test(text);
}
