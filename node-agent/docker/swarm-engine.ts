import type Docker from 'dockerode';
import { identityOf, labelName } from '../rules/container.ts';
import type { CacheVolume, ContainerSpec, HandedFile } from '../rules/container.ts';
import type { ImageOrder, OwnContainer } from '../rules/container.ts';
import type { HostFacts } from '../rules/host.ts';
import { done, failed } from '../rules/outcome.ts';
import type { ContainerEngine, EngineListener, FromEngine } from '../ports.ts';
import { askEngine, requestEngine, tellEngine, type Patience } from './ask-engine.ts';
import { isNumeric, ownerOf } from './container-owner.ts';
import { ENGINE_TIMEOUTS, type EngineParts, type EngineTimeouts } from './docker-engine.ts';
import { engineClient } from './engine-address.ts';
import { reading } from './engine-answers.ts';
import { ImageFetching, inspectImage, loginFor } from './fetch-image.ts';
import type { Owner } from './file-archive.ts';
import { logLines } from './log-lines.ts';
import { NO_LOGINS, type RegistryLogins } from './registry-logins.ts';
import {
  changedSpec,
  serviceSpec,
  unavailableInSwarm,
  type ServiceChange,
} from './service-spec.ts';
import { madeInSwarm, nodeList, serviceAnswer, serviceList } from './swarm-answers.ts';
import type { ListedService } from './swarm-answers.ts';
import { listTasks, SwarmFeed } from './swarm-feed.ts';
import { leftSecret, ownInSwarm } from './swarm-tasks.ts';
import { listSecrets, makeSecrets, removeSecret } from './swarm-secrets.ts';
import { CacheCount, checkCaches, removeCache } from './volumes.ts';

/**
 * A Docker Swarm, by one of its managers: each agent is a service of one task. Images are looked for,
 * and caches counted, on that manager; the others make what they need by themselves.
 */
export class SwarmEngine implements ContainerEngine {
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
    const nodes = await askEngine(
      this.#patience,
      (abortSignal) => this.#docker.listNodes({ abortSignal }),
      reading(nodeList),
    );
    if (!nodes.ok) return nodes;
    const working = nodes.value.filter(
      ({ Spec, Status }) => Spec.Availability === 'active' && Status.State === 'ready',
    );
    const sum = (of: 'NanoCPUs' | 'MemoryBytes') =>
      working.reduce((total, { Description }) => total + Description.Resources[of], 0);
    return done({
      version: working[0]?.Description.Engine.EngineVersion ?? 'no machine is ready',
      archs: [...new Set(working.map(({ Description }) => Description.Platform.Architecture))],
      cpus: sum('NanoCPUs') / 1e9,
      memoryBytes: sum('MemoryBytes'),
      gateway: null,
    });
  }

  async list(): FromEngine<readonly OwnContainer[]> {
    const label = [`${labelName('service')}=${this.#service}`];
    const services = await askEngine(
      this.#patience,
      (abortSignal) => this.#docker.listServices({ filters: { label }, abortSignal }),
      reading(serviceList),
    );
    if (!services.ok) return services;
    const tasks = await listTasks({
      docker: this.#docker,
      service: this.#service,
      closed: this.#closing.signal,
    });
    if (!tasks.ok) return tasks;
    const secrets = await listSecrets(this.#docker, { service: this.#service }, this.#patience);
    return secrets.ok ? done(ownInSwarm(services.value, tasks.value, secrets.value)) : secrets;
  }

  fetchImage(order: ImageOrder): FromEngine<string> {
    return this.#images.fetch(order, this.#patience);
  }

  async create(spec: ContainerSpec): FromEngine<string> {
    const unavailable = unavailableInSwarm(spec);
    if (unavailable !== null) return failed({ kind: 'refused', reason: unavailable });
    const caches = await checkCaches(this.#docker, spec, this.#patience);
    if (!caches.ok) return caches;
    // Each machine pulls by itself, as whoever the managers keep with the service.
    const login = await loginFor(spec.image, this.#logins);
    if (!login.ok) return login;
    const body = serviceSpec(spec);
    const made = await askEngine(
      this.#patience,
      (abortSignal) =>
        requestEngine(
          this.#docker,
          { method: 'POST', path: '/services/create', body, login: login.value },
          abortSignal,
        ),
      reading(madeInSwarm),
    );
    if (made.ok) return done(made.value.ID);
    const { kind, reason } = made.failure;
    const isTaken = kind === 'refused' && /already exists|name conflicts/.test(reason);
    return failed(isTaken ? { kind: 'name-taken', reason } : made.failure);
  }

  async handOver(service: string, files: readonly HandedFile[]): FromEngine<void> {
    const found = await this.#own(service);
    if (!found.ok) return found;
    const identity = identityOf(found.value.Spec.Labels);
    if (identity === null) return failed(notOurs(service));
    const owner = await this.#ownerIn(found.value);
    if (!owner.ok) return owner;
    const secrets = await makeSecrets(this.#docker, identity, files, owner.value, this.#patience);
    if (!secrets.ok) return secrets;
    return this.#change(found.value, { secrets: secrets.value });
  }

  async start(service: string): FromEngine<void> {
    const found = await this.#own(service);
    if (!found.ok) return found;
    if ((found.value.Spec.Mode.Replicated?.Replicas ?? 0) > 0) return done(undefined);
    return this.#change(found.value, { replicas: 1 });
  }

  /** Secrets stay as long as their task: Swarm has no way to take one from a task that runs. */
  takeBack(): FromEngine<void> {
    return Promise.resolve(done(undefined));
  }

  /** Its process has the seconds that it was made with; what is left of it is Swarm's to clear away. */
  async remove(id: string): FromEngine<void> {
    const secret = leftSecret(id);
    if (secret !== null) return this.#removeLeft(secret);
    const found = await this.#own(id);
    if (!found.ok) return found.failure.kind === 'absent' ? done(undefined) : found;
    const removed = await tellEngine(this.#patience, (abortSignal) =>
      this.#docker.getService(id).remove({ abortSignal }),
    );
    if (!removed.ok && removed.failure.kind !== 'absent') return removed;
    const agent = found.value.Spec.Labels[labelName('agent')] ?? '';
    const of = { service: this.#service, agent };
    const secrets = await listSecrets(this.#docker, of, this.#patience);
    if (!secrets.ok) return secrets;
    for (const { ID } of secrets.value) {
      const gone = await removeSecret(this.#docker, ID, this.#patience);
      if (!gone.ok) return gone;
    }
    return done(undefined);
  }

  lastLines(service: string, lines: number): FromEngine<readonly string[]> {
    const options = { stdout: true, stderr: true, follow: false, tail: lines } as const;
    return askEngine(
      this.#patience,
      (abortSignal) => this.#docker.getService(service).logs({ ...options, abortSignal }),
      (answer) => logLines(Buffer.isBuffer(answer) ? answer : Buffer.from(''), lines),
    );
  }

  watch(listener: EngineListener): void {
    const { host, service, clock, log } = this.#parts;
    const parts = { docker: this.#docker, host, service, clock, log, closed: this.#closing.signal };
    void new SwarmFeed(parts, listener).follow();
  }

  caches(): FromEngine<readonly CacheVolume[]> {
    return this.#cacheCount.take(this.#within('usage'));
  }

  removeCache(volume: string): FromEngine<void> {
    return removeCache(this.#docker, volume, this.#service, this.#patience);
  }

  close(): void {
    this.#closing.abort();
  }

  get #logins(): RegistryLogins {
    return this.#parts.logins ?? NO_LOGINS;
  }

  get #patience(): Patience {
    return this.#within('quick');
  }

  #within(time: keyof EngineTimeouts): Patience {
    const milliseconds = (this.#parts.timeouts ?? ENGINE_TIMEOUTS)[time];
    return { milliseconds, closed: this.#closing.signal };
  }

  async #own(id: string): FromEngine<ListedService> {
    const found = await askEngine(
      this.#patience,
      (abortSignal) => this.#docker.getService(id).inspect({ abortSignal }),
      reading(serviceAnswer),
    );
    if (!found.ok || found.value.Spec.Labels[labelName('service')] === this.#service) return found;
    return failed(notOurs(id));
  }

  async #removeLeft(secret: string): FromEngine<void> {
    const secrets = await listSecrets(this.#docker, { service: this.#service }, this.#patience);
    if (!secrets.ok) return secrets;
    const isOurs = secrets.value.some(({ ID }) => ID === secret);
    return isOurs ? removeSecret(this.#docker, secret, this.#patience) : done(undefined);
  }

  #change({ ID, Version, Spec }: ListedService, change: ServiceChange): FromEngine<void> {
    const body = changedSpec(Spec, change);
    const query = { version: Version.Index };
    const path = `/services/${ID}/update`;
    return tellEngine(this.#patience, (abortSignal) =>
      requestEngine(this.#docker, { method: 'POST', path, query, body }, abortSignal),
    );
  }

  /** Whom the task will run as. Names mean something on the machine that runs it only. */
  async #ownerIn({ Spec }: ListedService): FromEngine<Owner> {
    const { User, Image } = Spec.TaskTemplate.ContainerSpec;
    let user = User;
    if (user === undefined) {
      const image = await inspectImage(this.#docker, Image, this.#patience);
      if (!image.ok) return image;
      user = image.value.Config?.User ?? '';
    }
    const owner = isNumeric(user) || user === 'root' ? ownerOf(user.replace('root', ''), '') : null;
    if (owner !== null) return done(owner);
    const reason = `the user of a Swarm task must be a number, not ${user}: set the template's user`;
    return failed({ kind: 'refused', reason });
  }
}

function notOurs(service: string) {
  const reason = `the service ${service} was not made by this agent service`;
  return { kind: 'refused', reason } as const;
}
