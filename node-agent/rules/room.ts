import type { Agent } from './agent.ts';
import { brakeAllows } from './brake.ts';
import type { Brake } from './brake.ts';
import { chooseHost } from './choose-host.ts';
import type { HostView } from './choose-host.ts';
import { isOnItsWay } from './free-agents.ts';
import type { Template } from './template.ts';

export interface PlannedAgent {
  readonly template: Template;
  readonly host: string;
  readonly madeFor: string | null;
  /** For people: the label that is needed, or that it is kept ready. */
  readonly cause: string;
}

/** What stands in the way of one more agent; `total` and `host` give way when an idle one goes. */
export type RefusalKind = 'drained' | 'total' | 'template' | 'brake' | 'host';

/** What is needed and not made, and why. */
export interface Refusal {
  readonly template: string;
  readonly kind: RefusalKind;
  readonly reason: string;
  readonly count: number;
}

/** What limits how many agents there may be. */
export interface Limits {
  /** All that are not gone. */
  readonly agents: readonly Agent[];
  readonly hosts: readonly HostView[];
  readonly totalCap: number | null;
  readonly drainedTemplates: readonly string[];
  readonly brakes: Readonly<Record<string, Brake>>;
  readonly now: Date;
}

/** What may still be made, counted down with each one that is planned. */
export class Room {
  readonly planned: PlannedAgent[] = [];
  readonly #limits: Limits;
  readonly #refused = new Map<string, Refusal>();
  readonly #hosts: HostView[];
  /** Template -> its agents, planned ones too, and how many of them are on their way. */
  readonly #counts = new Map<string, { readonly all: number; readonly onTheirWay: number }>();

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#hosts = [...limits.hosts];
    for (const agent of limits.agents) this.#count(agent.template, isOnItsWay(agent));
  }

  /** Plans one more if it may be made; counts the refusal if not. */
  take(template: Template, madeFor: string | null, cause: string): boolean {
    const choice = this.#choose(template);
    if (!('host' in choice)) {
      const key = `${template.name} ${choice.reason}`;
      const count = (this.#refused.get(key)?.count ?? 0) + 1;
      this.#refused.set(key, { template: template.name, ...choice, count });
      return false;
    }
    this.planned.push({ template, host: choice.host, madeFor, cause });
    this.#count(template.name, true);
    const at = this.#hosts.findIndex(({ settings }) => settings.name === choice.host);
    const host = this.#hosts[at];
    if (host !== undefined) this.#hosts[at] = { ...host, agents: host.agents + 1 };
    return true;
  }

  refusals(): Refusal[] {
    return [...this.#refused.values()];
  }

  #choose(
    template: Template,
  ): { readonly host: string } | { readonly kind: RefusalKind; readonly reason: string } {
    const { agents, totalCap, drainedTemplates, brakes, now } = this.#limits;
    if (drainedTemplates.includes(template.name))
      return { kind: 'drained', reason: 'the template is drained' };
    if (totalCap !== null && agents.length + this.planned.length >= totalCap)
      return { kind: 'total', reason: `all ${totalCap} agents (agents.cap) are there` };
    const own = this.#countOf(template.name);
    if (template.cap !== null && own.all >= template.cap)
      return { kind: 'template', reason: `its ${template.cap} agents (its cap) are there` };
    const { onTheirWay, reason } = brakeAllows(brakes[template.name], template.digest, now);
    if (own.onTheirWay >= onTheirWay) return { kind: 'brake', reason: reason ?? '' };
    const choice = chooseHost(template, this.#hosts);
    return choice.kind === 'host' ? { host: choice.host } : { kind: 'host', reason: choice.reason };
  }

  #count(template: string, isOnTheWay: boolean): void {
    const { all, onTheirWay } = this.#countOf(template);
    const counted = { all: all + 1, onTheirWay: onTheirWay + (isOnTheWay ? 1 : 0) };
    this.#counts.set(template, counted);
  }

  #countOf(template: string): { readonly all: number; readonly onTheirWay: number } {
    return this.#counts.get(template) ?? { all: 0, onTheirWay: 0 };
  }
}
