import type { Agent } from './agent.ts';
import type { HostView } from './choose-host.ts';
import { ageInState } from './life.ts';
import type { Refusal } from './room.ts';
import type { IdleRange, Template } from './template.ts';

export interface RetireFacts {
  readonly agents: readonly Agent[];
  readonly templates: readonly Template[];
  readonly idleRanges: ReadonlyMap<string, IdleRange>;
  /** Agents that a need, or minIdle, counts on. */
  readonly wanted: ReadonlySet<string>;
  readonly refused: readonly Refusal[];
  readonly drainedTemplates: readonly string[];
  readonly drainedHosts: readonly string[];
  readonly hosts: readonly HostView[];
  /** Digest of an image that a new agent on a host would get; null where it is not known. */
  readonly imageDigest: (host: string, image: string) => string | null;
  readonly now: Date;
}

export interface Retirement {
  readonly agent: string;
  readonly cause: string;
}

/** Decides which agents get nothing new and go when they are idle: too long idle, too many, too old, outdated. */
export function retireAgents(facts: RetireFacts): Retirement[] {
  // Those of a silent host are frozen: nothing of them could be removed.
  const silent = new Set(
    facts.hosts
      .filter(({ awayReason }) => awayReason !== null)
      .map(({ settings }) => settings.name),
  );
  const agents = facts.agents.filter(({ host }) => !silent.has(host ?? ''));
  const retired = new Map<string, string>();
  for (const agent of agents) {
    if (agent.state !== 'idle' && agent.state !== 'busy') continue;
    const cause = whyOutdated(agent, facts) ?? whyIdleTooLong(agent, facts);
    if (cause !== null) retired.set(agent.id, cause);
  }
  // Longest idle first.
  const idle = agents
    .filter(({ id, state }) => state === 'idle' && !retired.has(id))
    .sort((a, b) => (a.since < b.since ? -1 : 1));
  for (const [template, { maxIdle }] of facts.idleRanges) {
    if (maxIdle === null) continue;
    const own = idle.filter((agent) => agent.template === template);
    const spare = own.filter(({ id }) => !facts.wanted.has(id));
    for (const { id } of spare.slice(0, Math.max(0, own.length - maxIdle))) {
      retired.set(id, `more than ${maxIdle} are idle (maxIdle)`);
    }
  }
  let pressing = 0;
  for (const { kind, count } of facts.refused)
    if (kind === 'total' || kind === 'host') pressing += count;
  const needy = new Set(facts.refused.map(({ template }) => template));
  const yielding = idle.filter(
    ({ id, template }) => !retired.has(id) && !facts.wanted.has(id) && !needy.has(template),
  );
  for (const { id } of yielding.slice(0, pressing)) {
    retired.set(id, `makes room for ${[...needy].join(', ')}`);
  }
  return [...retired].map(([agent, cause]) => ({ agent, cause }));
}

function whyOutdated(agent: Agent, facts: RetireFacts): string | null {
  const template = facts.templates.find(({ name }) => name === agent.template);
  if (facts.drainedTemplates.includes(agent.template)) return 'its template is drained';
  if (facts.drainedHosts.includes(agent.host ?? '')) return `host ${agent.host} is drained`;
  const maxAge = template?.maxAgeSeconds ?? null;
  const age = facts.now.getTime() - Date.parse(agent.phases.requested);
  if (maxAge !== null && age >= maxAge * 1000) return `is older than ${maxAge} s (maxAge)`;
  // A build that runs may end on what it began with, and the next one too where uses allow it.
  if (agent.state === 'busy') return null;
  if (template === undefined) return 'its template was removed';
  if (template.digest !== agent.templateDigest) return 'its template was changed';
  // Two machines may have two versions, and neither is to blame for the other's.
  const image = facts.imageDigest(agent.host ?? '', template.image);
  const isOld = image !== null && agent.imageDigest !== null && image !== agent.imageDigest;
  return isOld ? `its image ${template.image} has a newer version` : null;
}

function whyIdleTooLong(agent: Agent, facts: RetireFacts): string | null {
  if (agent.state !== 'idle' || facts.wanted.has(agent.id)) return null;
  const template = facts.templates.find(({ name }) => name === agent.template);
  const limit = template?.idleSeconds ?? 0;
  return ageInState(agent, facts.now) >= limit * 1000 ? `was idle for ${limit} s` : null;
}
