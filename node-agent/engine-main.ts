import type Docker from 'dockerode';
import type { Clock } from '../services/domain/clock.ts';
import type { Log } from '../services/domain/log.ts';
import { DockerEngine, ENGINE_TIMEOUTS } from './docker/docker-engine.ts';
import { engineClient, parseEngineUrl } from './docker/engine-address.ts';
import { inspectImage } from './docker/fetch-image.ts';
import { importImage, removeImage } from './docker/local-image.ts';
import type { HostFacts } from './rules/host.ts';
import type { FromEngine } from './ports.ts';

/** What it takes to speak with an engine of this machine. */
export interface LocalEngineOrder {
  /** `unix:///var/run/docker.sock`. */
  readonly url: string;
  /** Id of an agent service: containers of others do not exist here. */
  readonly service: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Told how a pull goes on. */
  readonly told: (progress: string) => void;
}

const PULL_MILLISECONDS = 1_200_000;

/** The engine of this machine for who tries the agents there: images for them, and what they left. Rejects with the engine's reason. */
export class LocalEngine {
  readonly url: string;
  readonly service: string;
  readonly #order: LocalEngineOrder;
  readonly #docker: Docker;
  readonly #engine: DockerEngine;
  readonly #ending = new AbortController();

  constructor(order: LocalEngineOrder) {
    const { url, service, clock, log, told } = order;
    const address = parseEngineUrl(url);
    if (address === null || !('path' in address)) throw new Error(`${url} is no socket`);
    const socket = { kind: 'socket', path: address.path } as const;
    this.#order = order;
    this.url = url;
    this.service = service;
    this.#docker = engineClient(socket);
    this.#engine = new DockerEngine({ host: url, service, address: socket, clock, log, told });
  }

  /** The same engine for another agent service. */
  of(service: string): LocalEngine {
    return new LocalEngine({ ...this.#order, service });
  }

  facts(): Promise<HostFacts> {
    return this.#value(this.#engine.facts());
  }

  async hasImage(name: string): Promise<boolean> {
    const found = await inspectImage(this.#docker, name, this.#patience());
    if (found.ok || found.failure.kind !== 'absent') await this.#value(Promise.resolve(found));
    return found.ok;
  }

  async pullImage(image: string): Promise<void> {
    const order = { image, policy: 'missing', timeoutMilliseconds: PULL_MILLISECONDS } as const;
    await this.#value(this.#engine.fetchImage(order));
  }

  /** Of the tar of a root folder. */
  async importImage(repository: string, tag: string, archive: Buffer): Promise<void> {
    await this.#value(
      importImage(this.#docker, { repository, tag }, archive, this.#patience('heavy')),
    );
  }

  async removeImage(name: string): Promise<void> {
    await this.#value(removeImage(this.#docker, name, this.#patience('heavy')));
  }

  /** Names of the service's containers, in every state. */
  async containers(): Promise<readonly string[]> {
    return (await this.#value(this.#engine.list())).map(({ identity }) => identity.node);
  }

  /** Removes them, whatever they do; answers how many there were. */
  async removeContainers(): Promise<number> {
    const found = await this.#value(this.#engine.list());
    for (const { id } of found) await this.#value(this.#engine.remove(id, 0));
    return found.length;
  }

  /** Ends what is under way. */
  close(): void {
    this.#ending.abort();
    this.#engine.close();
  }

  #patience(time: 'quick' | 'heavy' = 'quick') {
    return { milliseconds: ENGINE_TIMEOUTS[time], closed: this.#ending.signal };
  }

  async #value<T>(asked: FromEngine<T>): Promise<T> {
    const outcome = await asked;
    if (outcome.ok) return outcome.value;
    throw new Error(`${this.url}: ${outcome.failure.reason}`);
  }
}
