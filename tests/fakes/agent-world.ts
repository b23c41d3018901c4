import type { ContainerEngine, JenkinsApi } from '../../node-agent/ports.ts';
import type { CacheVolume, OwnContainer } from '../../node-agent/rules/container.ts';
import { matchesLabel, parseLabel } from '../../node-agent/rules/label.ts';
import { done, failed } from '../../node-agent/rules/outcome.ts';
import type { EngineFailure } from '../../node-agent/rules/host.ts';
import type { Computer, QueueItem } from '../../node-agent/rules/jenkins-facts.ts';
import type { EngineListener } from '../../node-agent/ports.ts';

interface WorldNode {
  readonly name: string;
  readonly description: string;
  readonly labels: readonly string[];
  closed: string | null;
  /** The container whose agent is connected. */
  connected: string | null;
  build: string | null;
  /** The build that ran here before a restart, and waits for the node. */
  awaited: string | null;
}

interface WorldContainer {
  readonly host: string;
  readonly own: OwnContainer;
  hasSecret: boolean;
}

interface WorldItem {
  readonly id: number;
  readonly label: string;
  readonly build: string;
}

/**
 * A Jenkins controller and Docker hosts in memory, with what matters of their behaviour: builds take
 * free nodes, agents connect when their container runs, a restart takes all of them offline. Notes
 * what must never happen. Services come and go; the world stays.
 */
export class AgentWorld {
  readonly nodes = new Map<string, WorldNode>();
  readonly containers = new Map<string, WorldContainer>();
  items: WorldItem[] = [];
  readonly away = new Set<string>();
  jenkins: 'up' | 'down' = 'up';
  session = 1;
  /** Builds that ended because the service took their agent away. */
  readonly killed: string[] = [];
  readonly finished: string[] = [];
  created = 0;
  /** Why the next creations of containers fail. */
  failCreate: EngineFailure | null = null;
  /** Images whose containers end at once. */
  readonly brokenImages = new Set<string>();
  /** `host image` -> its digest, or why it cannot be had; all others are there, and the same everywhere. */
  readonly images = new Map<string, string | EngineFailure>();
  /** `host image policy` of everything that was looked for. */
  readonly fetched: string[] = [];
  /** Host -> its cache volumes. */
  readonly caches = new Map<string, readonly CacheVolume[]>();
  readonly #listeners = new Map<string, Set<EngineListener>>();
  #next = 1;

  queue(label: string, build = `job/b/${this.#next}/`): string {
    this.items.push({ id: this.#next++, label, build });
    return build;
  }

  /** Agents connect, builds start; as Jenkins' own threads would. */
  turn(): void {
    if (this.jenkins === 'down') return;
    for (const [id, { own, hasSecret }] of this.containers) {
      const node = this.nodes.get(own.identity.node);
      if (own.state === 'running' && hasSecret && node !== undefined) node.connected ??= id;
    }
    for (const node of this.nodes.values()) {
      if (node.connected === null || node.closed !== null || node.build !== null) continue;
      if (node.awaited !== null) {
        node.build = node.awaited;
        node.awaited = null;
        continue;
      }
      const taken = this.items.find(({ label }) => fits(label, node));
      if (taken === undefined) continue;
      node.build = taken.build;
      this.items = this.items.filter((item) => item !== taken);
    }
  }

  finish(build: string): void {
    const node = [...this.nodes.values()].find((one) => one.build === build);
    if (node === undefined) return;
    node.build = null;
    this.finished.push(build);
  }

  /** Something outside kills a container: its build is lost, and that is nobody's fault. */
  async crash(id: string): Promise<void> {
    const container = this.containers.get(id);
    if (container === undefined || container.own.state !== 'running') return;
    this.#end(id, 137);
    if (this.away.has(container.host)) return;
    const { agent } = container.own.identity;
    for (const listener of this.#listeners.get(container.host) ?? []) listener.died(id, agent, 137);
  }

  restartJenkins(): void {
    this.jenkins = 'up';
    this.session += 1;
    for (const node of this.nodes.values()) {
      node.connected = null;
      node.awaited ??= node.build;
      node.build = null;
    }
  }

  /** Both ports as one service sees them; `isDead` makes every call of a killed one hang for ever. */
  ports(isDead: () => boolean, called: () => void = () => undefined) {
    const guarded = <A extends unknown[], T>(work: (...args: A) => T) => {
      return async (...args: A): Promise<T> => {
        await Promise.resolve();
        called();
        if (isDead()) return new Promise<T>(() => undefined);
        const value = work(...args);
        await Promise.resolve();
        called();
        return isDead() ? new Promise<T>(() => undefined) : value;
      };
    };
    const up = <A extends unknown[], T>(work: (...args: A) => T) =>
      guarded((...args: A) =>
        this.jenkins === 'down'
          ? failed({ kind: 'unreachable' as const, reason: 'connection refused' })
          : work(...args),
      );
    const jenkins: JenkinsApi = {
      computers: up(() => done(this.#reading(this.#computers()))),
      queue: up(() => done(this.#reading(this.#queue()))),
      createNode: up(({ name, description, labels }: Parameters<JenkinsApi['createNode']>[0]) => {
        if (this.nodes.has(name)) {
          return failed({ kind: 'name-taken' as const, reason: `Agent called ${name} exists` });
        }
        const empty = { closed: null, connected: null, build: null, awaited: null };
        this.nodes.set(name, { name, description, labels, ...empty });
        return done(undefined);
      }),
      agentSecret: up((node: string) => done(`secret of ${node}`)),
      closeNode: up((name: string, reason: string) => {
        const node = this.nodes.get(name);
        if (node === undefined) return failed({ kind: 'absent' as const, reason: 'no such node' });
        node.closed = reason;
        return done(undefined);
      }),
      openNode: up((name: string) => {
        const node = this.nodes.get(name);
        if (node !== undefined) node.closed = null;
        return done(undefined);
      }),
      deleteNode: up((name: string) => {
        const node = this.nodes.get(name);
        this.#lose(node);
        this.nodes.delete(name);
        return done(undefined);
      }),
      agentJar: up(() => done({ bytes: new Uint8Array(), modified: null })),
      cancelItem: up(() => done(undefined)),
      startBuild: up(() => done(1)),
    };
    return { jenkins, engine: (host: string) => this.#engine(host, guarded) };
  }

  #engine(
    host: string,
    guarded: <A extends unknown[], T>(work: (...args: A) => T) => (...args: A) => Promise<T>,
  ): ContainerEngine {
    const there = <A extends unknown[], T>(work: (...args: A) => T) =>
      guarded((...args: A) =>
        this.away.has(host)
          ? failed({ kind: 'unreachable' as const, reason: 'no answer within 20 s' })
          : work(...args),
      );
    const absent = () => failed({ kind: 'absent' as const, reason: 'no such container' });
    return {
      host,
      facts: there(() =>
        done({ version: '1', archs: ['x86_64'], cpus: 8, memoryBytes: 2 ** 35, gateway: null }),
      ),
      list: there(() =>
        done(
          [...this.containers.values()].filter((one) => one.host === host).map(({ own }) => own),
        ),
      ),
      fetchImage: there(({ image, policy }: Parameters<ContainerEngine['fetchImage']>[0]) => {
        this.fetched.push(`${host} ${image} ${policy}`);
        const found = this.images.get(`${host} ${image}`) ?? 'sha256:1';
        return typeof found === 'string' ? done(found) : failed(found);
      }),
      create: there((spec: Parameters<ContainerEngine['create']>[0]) => {
        if (this.failCreate !== null) return failed(this.failCreate);
        const id = `c${this.#next++}`;
        this.created += 1;
        const { identity } = spec;
        const isBroken = this.brokenImages.has(spec.image);
        const reason = isBroken ? 'broken' : null;
        const own: OwnContainer = { id, identity, state: 'created', exitCode: null, reason };
        this.containers.set(id, { host, own, hasSecret: false });
        return done(id);
      }),
      handOver: there((id: string) => {
        const container = this.containers.get(id);
        if (container === undefined) return absent();
        container.hasSecret = true;
        return done(undefined);
      }),
      start: there((id: string) => {
        const container = this.containers.get(id);
        if (container === undefined) return absent();
        this.containers.set(id, { ...container, own: { ...container.own, state: 'running' } });
        if (container.own.reason === 'broken') void this.crash(id);
        return done(undefined);
      }),
      takeBack: there(() => done(undefined)),
      remove: there((id: string) => {
        const container = this.containers.get(id);
        if (container === undefined) return done(undefined);
        const node = this.nodes.get(container.own.identity.node);
        if (container.own.state === 'running') this.#lose(node);
        this.#end(id, 0);
        this.containers.delete(id);
        return done(undefined);
      }),
      lastLines: there(() => done(['last words'])),
      watch: (listener) => {
        this.#listeners.set(host, (this.#listeners.get(host) ?? new Set()).add(listener));
      },
      caches: there(() => done(this.caches.get(host) ?? [])),
      removeCache: there((volume: string) => {
        const before = this.caches.get(host) ?? [];
        if (before.some((cache) => cache.volume === volume && cache.isInUse))
          return failed({ kind: 'refused' as const, reason: 'volume is in use' });
        this.caches.set(
          host,
          before.filter((cache) => cache.volume !== volume),
        );
        return done(undefined);
      }),
      close: () => this.#listeners.delete(host),
    };
  }

  forgetListeners(): void {
    this.#listeners.clear();
  }

  /** The service takes an agent away: whatever runs on it was killed by it. */
  #lose(node: WorldNode | undefined): void {
    const build = node?.build ?? node?.awaited ?? null;
    if (node === undefined || build === null) return;
    const isAlive = [...this.containers.values()].some(
      ({ own }) => own.identity.node === node.name && own.state === 'running',
    );
    if (isAlive) this.killed.push(build);
    node.build = null;
    node.awaited = null;
  }

  #end(id: string, exitCode: number): void {
    const container = this.containers.get(id);
    if (container === undefined) return;
    this.containers.set(id, { ...container, own: { ...container.own, state: 'ended', exitCode } });
    for (const node of this.nodes.values()) if (node.connected === id) node.connected = null;
  }

  #reading<T>(value: T) {
    return { value, session: `s${this.session}`, version: '2.462.3' };
  }

  #computers(): Computer[] {
    return [...this.nodes.values()].map((node) => {
      // A closed node shows it only while its agent is connected, or was before any restart.
      const isClosed = node.closed !== null && (node.connected !== null || node.awaited === null);
      return {
        name: node.name,
        isBuiltIn: false,
        description: node.description,
        offline: isClosed || node.connected === null,
        temporarilyOffline: isClosed,
        offlineReason: node.closed ?? '',
        isOfflineByMonitor: false,
        idle: node.build === null,
        executors: 1,
        labels: node.labels,
        builds: node.build === null ? [] : [node.build],
      };
    });
  }

  #queue(): QueueItem[] {
    const waiting = this.items.map(({ id, label, build }) => {
      const own = [...this.nodes.values()].filter((node) => fits(label, node));
      const [only] = own;
      const why =
        own.length === 0 || only === undefined
          ? `There are no nodes with the label ‘${label}’`
          : own.length === 1
            ? only.connected === null || only.closed !== null
              ? `‘${only.name}’ is offline`
              : `Waiting for next available executor on ‘${only.name}’`
            : own.every((node) => node.connected === null || node.closed !== null)
              ? `All nodes of label ‘${label}’ are offline`
              : `Waiting for next available executor on ‘${label}’`;
      return itemOf(id, build, why);
    });
    const resuming = [...this.nodes.values()].flatMap((node) =>
      node.awaited === null ? [] : [itemOf(100_000, node.awaited, `‘${node.name}’ is offline`)],
    );
    return [...resuming, ...waiting];
  }
}

function itemOf(id: number, build: string, why: string): QueueItem {
  return {
    id,
    kind: 'buildable',
    why,
    inQueueSince: id,
    pending: false,
    stuck: true,
    task: { kind: 'block', name: `part of ${build}`, path: build, labelExpression: null },
  };
}

function fits(label: string, node: WorldNode): boolean {
  const expression = parseLabel(label);
  return expression !== null && matchesLabel(expression, new Set([...node.labels, node.name]));
}
