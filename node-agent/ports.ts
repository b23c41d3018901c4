/*
 * `jenkins/` implements `JenkinsApi`, `docker/` implements `ContainerEngine` once per host, for a plain
 * engine and for a Swarm, `store/` implements the records. Everything here is plain data in and out;
 * failures are named unions, nothing rejects but for bugs.
 */
import type { Clock } from '../services/domain/clock.ts';
import type { Agent } from './rules/agent.ts';
import type { Brake } from './rules/brake.ts';
import type {
  CacheVolume,
  ContainerSpec,
  HandedFile,
  ImageOrder,
  OwnContainer,
} from './rules/container.ts';
import type { Demand } from './rules/demand.ts';
import type { EngineFailure, HostFacts } from './rules/host.ts';
import type {
  AgentJar,
  Computer,
  JenkinsFailure,
  NewNode,
  QueueItem,
  Reading,
} from './rules/jenkins-facts.ts';
import type { Outcome } from './rules/outcome.ts';

export type { Clock };
export type { Log } from '../services/domain/log.ts';

export type FromJenkins<T> = Promise<Outcome<T, JenkinsFailure>>;
export type FromEngine<T> = Promise<Outcome<T, EngineFailure>>;

/**
 * One Jenkins controller, as its service account sees it. Each call has a time-out of its own and ends
 * with `unreachable` when the signal that the adapter was made with aborts. Nothing is tried twice:
 * the loops come again by themselves.
 */
export interface JenkinsApi {
  /** Everything that waits, newest first. */
  queue(): FromJenkins<Reading<readonly QueueItem[]>>;
  /** Every node, the built-in one too. */
  computers(): FromJenkins<Reading<readonly Computer[]>>;
  /** `name-taken` when there is a node of that name. */
  createNode(node: NewNode): FromJenkins<void>;
  /** What the agent must prove itself with: 64 hex digits. Never logged. */
  agentSecret(node: string): FromJenkins<string>;
  /** No new build starts on it; one that runs goes on. May be repeated. */
  closeNode(node: string, reason: string): FromJenkins<void>;
  /** Takes that back, only where it was closed. */
  openNode(node: string): FromJenkins<void>;
  /** A node that does not exist counts as deleted. */
  deleteNode(node: string): FromJenkins<void>;
  agentJar(): FromJenkins<AgentJar>;
  /** An item that has left counts as cancelled. Cancelling a block aborts its build. */
  cancelItem(id: number): FromJenkins<void>;
  /** Starts a job (`folder/name`); the number of its queue item, also when it joins one that waits. */
  startBuild(job: string, parameters: Readonly<Record<string, string>>): FromJenkins<number>;
}

/** What an engine tells by itself. */
export interface EngineListener {
  /** A container of ours has ended, whoever ended it. */
  died(container: string, agent: string, exitCode: number | null): void;
  /** Events may have been missed: compare everything. Also after the first subscription. */
  missed(): void;
}

/**
 * The container engine of one host, or one Swarm. Knows only what carries the service id it was made
 * with. Each call has a time-out of its own; one that has run out is `unreachable`.
 */
export interface ContainerEngine {
  /** As the configuration names it. */
  readonly host: string;
  facts(): FromEngine<HostFacts>;
  /** All of ours, in every state, or a failure: never a part of them. */
  list(): FromEngine<readonly OwnContainer[]>;
  /** Sees to it that the image is there; its digest (`sha256:…`). `no-image` and `pull-failed` tell apart. */
  fetchImage(order: ImageOrder): FromEngine<string>;
  /** Made, not started; its id. `name-taken` when another has its name. */
  create(spec: ContainerSpec): FromEngine<string>;
  /** Puts files into one that was made and not started, so that no inspection shows them. */
  handOver(container: string, files: readonly HandedFile[]): FromEngine<void>;
  start(container: string): FromEngine<void>;
  /** Removes handed files from a running one, where the engine can. */
  takeBack(container: string, paths: readonly string[]): FromEngine<void>;
  /**
   * Stops it (with so many seconds to end by itself), removes it, its anonymous volumes and what was
   * handed to it; one that is not there counts as removed.
   */
  remove(container: string, stopSeconds: number): FromEngine<void>;
  /** Its last lines, both streams in their order. */
  lastLines(container: string, lines: number): FromEngine<readonly string[]>;
  /** Subscribes, and again after each break, for as long as it is not closed. */
  watch(listener: EngineListener): void;
  /** Volumes of ours. */
  caches(): FromEngine<readonly CacheVolume[]>;
  removeCache(volume: string): FromEngine<void>;
  /** Ends the subscription and what is under way. */
  close(): void;
}

/**
 * The agents on record: read from memory, changed in the tick of the decision, durable when the promise
 * resolves. `gone` ones stay for a while as history, without weight in any decision.
 */
export interface AgentRecords {
  get(id: string): Agent | undefined;
  /** Oldest first. */
  all(): readonly Agent[];
  /**
   * Decides on the current record; null changes nothing, but resolves when what it was decided on is
   * durable. A write that fails rejects, and the record is again what the disk holds.
   */
  change(
    id: string,
    decide: (agent: Agent | undefined) => Agent | null,
  ): Promise<Agent | undefined>;
  /** Forgets it durably. */
  forget(id: string): Promise<void>;
  /** Calls after each durable change. */
  watch(listener: (before: Agent | undefined, after: Agent | undefined) => void): void;
}

/** The demands that are open. Rules as for `AgentRecords`. */
export interface DemandRecords {
  get(id: string): Demand | undefined;
  /** Oldest first. */
  all(): readonly Demand[];
  /** Decides on all of them at once: those to put (by id) and ids to remove. */
  change(
    decide: (demands: readonly Demand[]) => {
      readonly put?: readonly Demand[];
      readonly remove?: readonly string[];
    } | null,
  ): Promise<void>;
}

/** What an operator, or the brake, has said of templates and hosts, and what is remembered of caches; survives a restart. */
export interface Standing {
  /** Names of templates and hosts that get nothing new. */
  readonly drainedTemplates: readonly string[];
  readonly drainedHosts: readonly string[];
  /** Template -> its failures in a row. */
  readonly brakes: Readonly<Record<string, Brake>>;
  /** Host -> cache volume -> when an agent last had it, as far as it was noted. RFC 3339 UTC. */
  readonly cacheUses: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface StandingRecord {
  get(): Standing;
  change(decide: (standing: Standing) => Standing): Promise<void>;
}

/** Random and never the same twice. */
export interface Ids {
  /** 12 hex digits. */
  agent(): string;
  demand(): string;
  /** 256 bit, as hex. */
  token(): string;
}
