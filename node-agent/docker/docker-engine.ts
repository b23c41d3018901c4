import type Docker from 'dockerode';
import type { Clock } from '../../services/domain/clock.ts';
import type { Log } from '../../services/domain/log.ts';
import { labelName } from '../rules/container.ts';
import type { CacheVolume, ContainerSpec, HandedFile } from '../rules/container.ts';
import type { ImageOrder, OwnContainer } from '../rules/container.ts';
import type { HostFacts } from '../rules/host.ts';
import { done, failed } from '../rules/outcome.ts';
import type { ContainerEngine, EngineListener, FromEngine } from '../ports.ts';
import { askEngine, getJson, requestEngine, tellEngine, type Patience } from './ask-engine.ts';
import { containerOptions } from './container-options.ts';
import { engineClient, type EngineAddress } from './engine-address.ts';
import { containerList, infoAnswer } from './engine-answers.ts';
import { madeContainer, networkAnswer, reading } from './engine-answers.ts';
import { EventFeed } from './event-feed.ts';
import { ImageFetching, type Told } from './fetch-image.ts';
import { handOver, inspectContainer, takeBack } from './hand-over.ts';
import { logLines } from './log-lines.ts';
import { ownContainer } from './own-container.ts';
import type { RegistryLogins } from './registry-logins.ts';
import { CacheCount, checkCaches, removeCache } from './volumes.ts';

/** What every call of one engine needs; mains make it from the configuration. */
export interface EngineParts {
  /** As the configuration names it. */
  readonly host: string;
  /** Id of the agent service: nothing without it in its labels is ever touched. */
  readonly service: string;
  readonly address: EngineAddress;
  readonly clock: Clock;
  readonly log: Log;
  /** Told how a pull goes on. */
  readonly told?: Told;
  /** Who pulls from registries that ask. */
  readonly logins?: RegistryLogins;
  readonly timeouts?: EngineTimeouts;
}

/** Milliseconds that a call may take. */
export interface EngineTimeouts {
  /** Reading, and small changes. */
  readonly quick: number;
  /** Making and starting, on a host that is busy. */
  readonly heavy: number;
  /** Counting what volumes hold. */
  readonly usage: number;
}

export const ENGINE_TIMEOUTS: EngineTimeouts = { quick: 20_000, heavy: 60_000, usage: 120_000 };

/** One Docker engine. Every call ends within its time-out, also when the engine hangs or answers by half. */
export class DockerEngine implements ContainerEngine {
  readonly host: string;
  readonly #service: string;
  readonly #docker: Docker;
  readonly #parts: EngineParts;
  readonly #closing = new AbortController();
  readonly #images: ImageFetching;
  readonly #cacheCount: CacheCount;

  constructor(parts: EngineParts) {
    this.host = parts.host;
    this.#service = parts.service;
    this.#docker = engineClient(parts.address);
    this.#parts = parts;
    this.#images = new ImageFetching(this.#docker, parts);
    this.#cacheCount = new CacheCount(this.#docker, parts.service);
  }

  async facts(): FromEngine<HostFacts> {
    const info = await askEngine(
      this.#patience('quick'),
      (abortSignal) => getJson(this.#docker, '/info', abortSignal),
      reading(infoAnswer),
    );
    if (!info.ok) return info;
    const network = await askEngine(
      this.#patience('quick'),
      (abortSignal) => getJson(this.#docker, '/networks/bridge', abortSignal),
      reading(networkAnswer),
    );
    if (!network.ok && network.failure.kind !== 'absent') return network;
    const { ServerVersion: version, Architecture, NCPU: cpus, MemTotal: memoryBytes } = info.value;
    const gateway = network.ok ? (network.value.IPAM.Config[0]?.Gateway ?? null) : null;
    return done({ version, archs: [Architecture], cpus, memoryBytes, gateway });
  }

  list(): FromEngine<readonly OwnContainer[]> {
    const filters = { label: [`${labelName('service')}=${this.#service}`] };
    return askEngine(
      this.#patience('quick'),
      (abortSignal) => this.#docker.listContainers({ all: true, filters, abortSignal }),
      (answer) => reading(containerList)(answer)?.flatMap((row) => ownContainer(row) ?? []),
    );
  }

  fetchImage(order: ImageOrder): FromEngine<string> {
    return this.#images.fetch(order, this.#patience('quick'));
  }

  async create(spec: ContainerSpec): FromEngine<string> {
    const cached = await checkCaches(this.#docker, spec, this.#patience('quick'));
    if (!cached.ok) return cached;
    const made = await askEngine(
      this.#patience('heavy'),
      (abortSignal) => {
        const query = { name: spec.identity.node };
        const path = '/containers/create';
        const body = containerOptions(spec);
        return requestEngine(this.#docker, { method: 'POST', path, query, body }, abortSignal);
      },
      (answer) => reading(madeContainer)(answer)?.Id,
    );
    if (made.ok) return made;
    const { kind, reason } = made.failure;
    if (kind === 'refused' && /already in use/.test(reason)) {
      return failed({ kind: 'name-taken', reason });
    }
    return kind === 'absent' ? failed({ kind: 'no-image', reason }) : made;
  }

  handOver(container: string, files: readonly HandedFile[]): FromEngine<void> {
    return handOver(this.#docker.getContainer(container), files, this.#patience('heavy'));
  }

  start(container: string): FromEngine<void> {
    return tellEngine(this.#patience('heavy'), (abortSignal) =>
      this.#docker.getContainer(container).start({ abortSignal }),
    );
  }

  takeBack(container: string, paths: readonly string[]): FromEngine<void> {
    return takeBack(this.#docker.getContainer(container), paths, this.#patience('heavy'));
  }

  async remove(container: string, stopSeconds: number): FromEngine<void> {
    const held = this.#docker.getContainer(container);
    const found = await inspectContainer(held, this.#patience('quick'));
    if (!found.ok) return found.failure.kind === 'absent' ? done(undefined) : found;
    if (found.value.Config.Labels[labelName('service')] !== this.#service) {
      const reason = `the container ${container} was not made by this agent service`;
      return failed({ kind: 'refused', reason });
    }
    const { milliseconds } = this.#patience('heavy');
    const patience = this.#patience(milliseconds + stopSeconds * 1000);
    if (stopSeconds > 0) {
      // Whatever comes of it, what follows ends it.
      await tellEngine(patience, (abortSignal) => held.stop({ t: stopSeconds, abortSignal }));
    }
    const removed = await tellEngine(patience, (abortSignal) =>
      held.remove({ v: true, force: true, abortSignal }),
    );
    if (removed.ok || removed.failure.kind === 'absent') return done(undefined);
    // Somebody else, or a call of ours that timed out, is at it.
    return /already in progress/.test(removed.failure.reason) ? done(undefined) : removed;
  }

  lastLines(container: string, lines: number): FromEngine<readonly string[]> {
    const options = { stdout: true, stderr: true, follow: false, tail: lines } as const;
    return askEngine(
      this.#patience('quick'),
      (abortSignal) => this.#docker.getContainer(container).logs({ ...options, abortSignal }),
      (answer) => logLines(Buffer.isBuffer(answer) ? answer : Buffer.from(''), lines),
    );
  }

  watch(listener: EngineListener): void {
    const { host, service, clock, log } = this.#parts;
    const parts = { docker: this.#docker, host, service, clock, log, closed: this.#closing.signal };
    void new EventFeed(parts, listener).follow();
  }

  caches(): FromEngine<readonly CacheVolume[]> {
    return this.#cacheCount.take(this.#patience('usage'));
  }

  removeCache(volume: string): FromEngine<void> {
    return removeCache(this.#docker, volume, this.#service, this.#patience('quick'));
  }

  close(): void {
    this.#closing.abort();
  }

  #patience(time: keyof EngineTimeouts | number): Patience {
    const milliseconds =
      typeof time === 'number' ? time : (this.#parts.timeouts ?? ENGINE_TIMEOUTS)[time];
    return { milliseconds, closed: this.#closing.signal };
  }
}
