import type { z } from 'zod';
import type {
  AgentDetailJson,
  AgentJson,
  CacheJson,
  DemandJson,
  HostJson,
  QueueJson,
  TemplateJson,
} from '../../services/api/agent-schemas.ts';
import type { Collaborators } from '../collaborators.ts';
import type { Agent } from '../rules/agent.ts';
import { isQuarantined } from '../rules/brake.ts';
import type { Demand } from '../rules/demand.ts';
import { isPresent } from '../rules/life.ts';
import type { KnownCache } from '../rules/prune-caches.ts';
import type { Template } from '../rules/template.ts';
import type { KnownHost, Situation } from '../situation.ts';

/** An agent as it is told; `frozen` says that its host does not answer, so that nothing is done with it. */
export function agentJson({ situation }: Collaborators, agent: Agent): z.infer<typeof AgentJson> {
  const { firstBuild, ...phases } = agent.phases;
  return {
    id: agent.id,
    node: agent.node,
    template: agent.template,
    labels: [...agent.labels],
    state: agent.state,
    since: agent.since,
    cause: pullCause(situation, agent) ?? agent.cause,
    host: agent.host,
    container: agent.container,
    image_digest: agent.imageDigest,
    build: agent.build,
    made_for: agent.madeFor,
    uses: agent.uses,
    closed: agent.closedAt !== null,
    held_until: agent.heldUntil,
    phases: { ...phases, ...(firstBuild === undefined ? {} : { first_build: firstBuild }) },
    frozen: isPresent(agent) && (situation.host(agent.host)?.awayReason ?? null) !== null,
  };
}

/** While its image is pulled: how far that is. It is in no record, for it changes all the time. */
function pullCause(situation: Situation, agent: Agent): string | null {
  if (agent.state !== 'creating' || agent.phases.pulled !== undefined) return null;
  const image = situation.template(agent.template)?.image ?? '';
  const done = situation.images.pullOf(agent.host ?? '', image);
  return done === null ? null : `image ${image} is pulled: ${done}`;
}

/** An agent with its story. */
export function agentDetailJson(
  collaborators: Collaborators,
  agent: Agent,
): z.infer<typeof AgentDetailJson> {
  const { journal, lastLog } = agent;
  return { ...agentJson(collaborators, agent), journal: [...journal], last_log: [...lastLog] };
}

/** A demand as it is told. */
export function demandJson(demand: Demand): z.infer<typeof DemandJson> {
  const { id, label, build, block, hint, created, expires } = demand;
  return { id, label, build, block, template: hint, created, expires };
}

/** A template with its agents and what keeps it from more. */
export function templateJson(
  { agents, standing, situation }: Collaborators,
  template: Template,
): z.infer<typeof TemplateJson> {
  const { name, digest, image, labels, minIdle, maxIdle, cap, weight } = template;
  const { drainedTemplates, brakes } = standing.get();
  const brake = brakes[name];
  const refused = situation.outlook.plan?.refused.filter((one) => one.template === name) ?? [];
  return {
    name,
    digest,
    image,
    image_digests: situation.images.digestsOf(image),
    labels: [...labels],
    min_idle: minIdle,
    max_idle: maxIdle,
    cap,
    weight,
    states: countStates(agents.all().filter((agent) => agent.template === name)),
    drained: drainedTemplates.includes(name),
    brake:
      brake === undefined || brake.templateDigest !== digest
        ? null
        : {
            failures: brake.failures,
            reason: brake.reason,
            until: brake.until,
            quarantined: isQuarantined(brake),
          },
    refused: refused.map(({ reason, count }) => ({ reason, count })),
  };
}

/** A host, whether it answers, and what it has. */
export function hostJson(
  { agents, standing }: Collaborators,
  host: KnownHost,
): z.infer<typeof HostJson> {
  const { settings, facts, awayReason, awaySince } = host;
  return {
    name: settings.name,
    kind: settings.kind,
    labels: [...settings.labels],
    cap: settings.cap,
    allow: [...settings.allow],
    archs: facts === null ? null : [...facts.archs],
    cpus: facts?.cpus ?? null,
    memory_bytes: facts?.memoryBytes ?? null,
    version: facts?.version ?? null,
    away: awayReason,
    away_since: awaySince,
    drained: standing.get().drainedHosts.includes(settings.name),
    states: countStates(agents.all().filter((agent) => agent.host === settings.name)),
  };
}

/** A cache of a host as it is told. */
export function cacheJson(host: string, cache: KnownCache): z.infer<typeof CacheJson> {
  const { name, volume, bytes, created, lastUsed, isInUse } = cache;
  return { host, name, volume, bytes, created, last_used: lastUsed, in_use: isInUse };
}

/** Each need of the queue and of demands, and what comes of it. */
export function queueJson({ situation }: Collaborators): z.infer<typeof QueueJson> {
  const { lines, plan, pausedBecause } = situation.outlook;
  const chosen = new Map<string, string>();
  for (const [need, template] of plan?.chosen ?? []) {
    if (need.item !== null) chosen.set(`item ${need.item}`, template);
    if (need.demand !== null) chosen.set(`demand ${need.demand}`, template);
  }
  const unmatched = plan?.unmatched ?? [];
  const why = (is: (need: (typeof unmatched)[number]['need']) => boolean) => {
    const found = unmatched.find(({ need }) => is(need));
    return found === undefined ? null : { reason: found.reason, nearest: found.nearest };
  };
  return {
    paused: pausedBecause,
    items: lines.map(({ item, wish, demand }) => ({
      id: item.id,
      task: item.task.name,
      path: item.task.path,
      why: item.why,
      label: wish.kind === 'label' ? wish.label : null,
      needs: 'reason' in wish ? wish.reason : 'an agent',
      demand: demand?.id ?? null,
      template: chosen.get(`item ${item.id}`) ?? null,
      unmatched: why((need) => need.item === item.id),
    })),
    demands: [
      ...(plan?.unmatched ?? []),
      ...[...(plan?.chosen.keys() ?? [])].map((need) => ({ need })),
    ]
      .map(({ need }) => need)
      .filter((need) => need.demand !== null)
      .map((need) => ({
        id: need.demand,
        build: need.build,
        label: need.wish.kind === 'label' ? need.wish.label : null,
        item: need.item,
        template: chosen.get(`demand ${need.demand}`) ?? null,
        unmatched: why((one) => one === need),
      })),
    refused: plan?.refused ?? [],
  };
}

function countStates(agents: readonly Agent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const agent of agents) {
    if (isPresent(agent)) counts[agent.state] = (counts[agent.state] ?? 0) + 1;
  }
  return counts;
}
