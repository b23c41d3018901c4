import type { ContainerEngine, EngineListener, FromEngine } from '../../node-agent/ports.ts';
import type {
  CacheVolume,
  ContainerSpec,
  HandedFile,
  ImageOrder,
  OwnContainer,
} from '../../node-agent/rules/container.ts';
import type { EngineFailure, HostFacts } from '../../node-agent/rules/host.ts';
import { done, failed } from '../../node-agent/rules/outcome.ts';
import { SECRET } from '../../node-agent/rules/starter.ts';
import { startAgent } from './jenkins/inbound-agent.ts';
import type { InboundAgent } from './jenkins/inbound-agent.ts';

interface Held {
  readonly spec: ContainerSpec;
  state: OwnContainer['state'];
  exitCode: number | null;
  secret: string;
  agent: InboundAgent | null;
}

const FACTS: HostFacts = {
  ...{ version: '0', archs: ['x86_64'], cpus: 2, memoryBytes: 2 ** 33, gateway: null },
};

/** An engine without containers: what it starts is an agent process that connects to the controller. */
export class MemoryEngine implements ContainerEngine {
  readonly host: string;
  readonly containers = new Map<string, Held>();
  /** Everything that was ever made. */
  readonly made: ContainerSpec[] = [];
  volumes: readonly CacheVolume[] = [];
  /** Why no call comes through; null when they do. */
  awayReason: string | null = null;
  /** Why nothing can be made; null when it can. */
  refuses: EngineFailure | null = null;
  /** What a pull waits for. */
  registry: Promise<void> = Promise.resolve();
  readonly #controller: string;
  #listener: EngineListener | null = null;

  constructor(host: string, controller: string) {
    this.host = host;
    this.#controller = controller;
  }

  facts(): FromEngine<HostFacts> {
    return this.#answer(() => done(FACTS));
  }

  list(): FromEngine<readonly OwnContainer[]> {
    return this.#answer(() =>
      done(
        [...this.containers].map(([id, { spec, state, exitCode }]) => ({
          ...{ id, identity: spec.identity, state, exitCode, reason: null },
        })),
      ),
    );
  }

  async fetchImage({ policy }: ImageOrder): FromEngine<string> {
    if (policy === 'always') await this.registry;
    return this.#answer(() => done(`sha256:${'1'.repeat(64)}`));
  }

  create(spec: ContainerSpec): FromEngine<string> {
    return this.#answer(() => {
      if (this.refuses !== null) return failed(this.refuses);
      this.made.push(spec);
      const id = `container-${this.made.length}`;
      this.containers.set(id, { spec, state: 'created', exitCode: null, secret: '', agent: null });
      return done(id);
    });
  }

  handOver(container: string, files: readonly HandedFile[]): FromEngine<void> {
    return this.#answer(() => {
      const held = this.containers.get(container);
      const secret = files.find(({ path }) => path === SECRET)?.content ?? '';
      if (held !== undefined) held.secret = String(secret).trim();
      return done(undefined);
    });
  }

  start(container: string): FromEngine<void> {
    return this.#answer(() => {
      const held = this.containers.get(container);
      if (held === undefined) return failed({ kind: 'absent', reason: container });
      const { node } = held.spec.identity;
      const order = { url: this.#controller, name: node, secret: held.secret };
      const agent = startAgent({ ...order, pauseMilliseconds: 20 });
      held.state = 'running';
      held.agent = agent;
      void agent.exit.then((code) => this.#ended(container, code));
      return done(undefined);
    });
  }

  takeBack(): FromEngine<void> {
    return this.#answer(() => done(undefined));
  }

  remove(container: string): FromEngine<void> {
    return this.#answer(() => {
      this.containers.get(container)?.agent?.kill();
      this.containers.delete(container);
      return done(undefined);
    });
  }

  lastLines(): FromEngine<readonly string[]> {
    return this.#answer(() => done(['its last line']));
  }

  watch(listener: EngineListener): void {
    this.#listener = listener;
  }

  caches(): FromEngine<readonly CacheVolume[]> {
    return this.#answer(() => done(this.volumes));
  }

  removeCache(volume: string): FromEngine<void> {
    return this.#answer(() => {
      this.volumes = this.volumes.filter((one) => one.volume !== volume);
      return done(undefined);
    });
  }

  close(): void {
    for (const { agent } of this.containers.values()) agent?.kill();
  }

  /** The container of a node ends as by SIGKILL. */
  kill(node: string): void {
    for (const { spec, agent } of this.containers.values())
      if (spec.identity.node === node) agent?.kill();
  }

  #ended(container: string, code: number): void {
    const held = this.containers.get(container);
    if (held === undefined) return;
    held.state = 'ended';
    held.exitCode = code;
    this.#listener?.died(container, held.spec.identity.agent, code);
  }

  async #answer<T>(answer: () => Awaited<FromEngine<T>>): FromEngine<T> {
    await Promise.resolve();
    if (this.awayReason !== null)
      return failed({ kind: 'unreachable' as const, reason: this.awayReason });
    return answer();
  }
}
