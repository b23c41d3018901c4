import { KnownImages } from './known-images.ts';
import type { Clock, ContainerEngine } from './ports.ts';
import { isPresent } from './rules/life.ts';
import type { Agent } from './rules/agent.ts';
import type { HostView } from './rules/choose-host.ts';
import type { EngineFailure, HostFacts, HostSettings } from './rules/host.ts';
import { isAway } from './rules/host.ts';
import { JENKINS_UNKNOWN } from './rules/jenkins-grace.ts';
import type { JenkinsState } from './rules/jenkins-grace.ts';
import type { Computer, QueueItem } from './rules/jenkins-facts.ts';
import type { QueueLine } from './rules/merge-needs.ts';
import type { Plan } from './rules/plan.ts';
import type { Template } from './rules/template.ts';

/** A host and what is known of it now. */
export interface KnownHost {
  readonly settings: HostSettings;
  readonly engine: ContainerEngine;
  readonly facts: HostFacts | null;
  readonly awayReason: string | null;
  readonly awaySince: string | null;
}

/** What the last plan found; for people and metrics. */
export interface Outlook {
  readonly lines: readonly QueueLine[];
  readonly plan: Plan | null;
  /** Why nothing is made at this moment; null when things are made. */
  readonly pausedBecause: string | null;
}

/** What the service knows of the world at this moment, apart from what is on record. In memory only. */
export class Situation {
  jenkins: JenkinsState = JENKINS_UNKNOWN;
  computers: readonly Computer[] = [];
  items: readonly QueueItem[] = [];
  templates: readonly Template[] = [];
  /** What is wrong with the files of templates, by line; the last good ones stay in use. */
  templateProblems: readonly string[] = [];
  outlook: Outlook = { lines: [], plan: null, pausedBecause: 'Jenkins was not asked yet' };
  /** Digests of images as last fetched or looked at: what a new agent would get. */
  readonly images: KnownImages;
  /** Agents that are being made or removed by this process right now. */
  readonly inHand = new Set<string>();
  readonly #hosts: Map<string, KnownHost>;
  readonly #clock: Clock;
  #waiting: Array<() => void> = [];

  constructor(
    hosts: readonly { readonly settings: HostSettings; readonly engine: ContainerEngine }[],
    clock: Clock,
    images = new KnownImages(),
  ) {
    this.#clock = clock;
    this.images = images;
    const unknown = { facts: null, awayReason: null, awaySince: null };
    this.#hosts = new Map(hosts.map((host) => [host.settings.name, { ...host, ...unknown }]));
  }

  get hosts(): readonly KnownHost[] {
    return [...this.#hosts.values()];
  }

  host(name: string | null): KnownHost | undefined {
    return this.#hosts.get(name ?? '');
  }

  /** Why not one template could be read: then nobody knows what a template says, or whether it was removed. */
  get unreadBecause(): string | null {
    return this.templates.length > 0 ? null : (this.templateProblems[0] ?? null);
  }

  template(name: string): Template | undefined {
    return this.templates.find((template) => template.name === name);
  }

  hostAnswered(name: string, facts: HostFacts | null): void {
    const host = this.#hosts.get(name);
    if (host === undefined) return;
    const back = { awayReason: null, awaySince: null };
    this.#hosts.set(name, { ...host, ...back, facts: facts ?? host.facts });
    this.#heard();
  }

  /** Only a host that cannot be talked to is away; one that refuses something is there. */
  hostFailed(name: string, failure: EngineFailure): void {
    const host = this.#hosts.get(name);
    if (host === undefined || !isAway(failure)) return;
    const awaySince = host.awaySince ?? this.#clock.now().toISOString();
    this.#hosts.set(name, { ...host, awayReason: failure.reason, awaySince });
    this.#heard();
  }

  /** Waits, no longer than so, until each host has answered once, or is known not to. */
  async hostsKnown(milliseconds: number): Promise<void> {
    const isKnown = () =>
      this.hosts.every(({ facts, awayReason }) => facts !== null || awayReason !== null);
    if (isKnown()) return;
    let isLate = false;
    const cancel = this.#clock.after(milliseconds, () => {
      isLate = true;
      this.#heard();
    });
    while (!isLate && !isKnown()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    cancel();
  }

  #heard(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** The hosts as the rules see them. */
  views(agents: readonly Agent[], drainedHosts: readonly string[]): HostView[] {
    return this.hosts.map(({ settings, facts, awayReason }) => ({
      settings,
      facts,
      awayReason,
      isDrained: drainedHosts.includes(settings.name),
      agents: agents.filter((agent) => isPresent(agent) && agent.host === settings.name).length,
    }));
  }
}
