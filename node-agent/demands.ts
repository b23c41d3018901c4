import { GitbuilderError } from '../services/domain/errors.ts';
import type { Collaborators } from './collaborators.ts';
import { knownNodes } from './plan-agents.ts';
import type { Agent } from './rules/agent.ts';
import { buildPath } from './rules/build-path.ts';
import type { Demand } from './rules/demand.ts';
import { matchesLabel, parseLabel } from './rules/label.ts';
import { moved } from './rules/life.ts';
import { mergeNeeds } from './rules/merge-needs.ts';

/** What a step says before its `node` block. */
export interface DemandOrder {
  readonly label: string;
  /** URL or path of the build; null for none. */
  readonly build: string | null;
  readonly block: string | null;
  readonly hint: string | null;
  readonly seconds: number | null;
}

/** Records that an agent is needed now; the same block of the same build is one demand, and renews it. */
export async function postDemand(
  { demands, policy, ids, clock }: Collaborators,
  order: DemandOrder,
): Promise<Demand> {
  if (parseLabel(order.label) === null) {
    const reason = `label: ${JSON.stringify(order.label)} is no label expression of Jenkins`;
    throw new GitbuilderError('REQUEST_INVALID', { reason });
  }
  const build = order.build === null ? null : buildPath(order.build);
  if (order.build !== null && build === null) {
    const reason = 'build_url: it has no /job/…/NUMBER/ and so is no build of Jenkins';
    throw new GitbuilderError('REQUEST_INVALID', { reason });
  }
  const now = clock.now();
  const seconds = Math.min(order.seconds ?? policy.demandSeconds, policy.longestDemandSeconds);
  const id = ids.demand();
  let posted: Demand | null = null;
  await demands.change((open) => {
    const block = order.block ?? id;
    const same = open.find((one) => build !== null && one.build === build && one.block === block);
    const { label, hint } = order;
    const expires = new Date(now.getTime() + seconds * 1000).toISOString();
    const created = same?.created ?? now.toISOString();
    posted = { id: same?.id ?? id, label, build, block, hint, created, expires };
    return { put: [posted] };
  });
  // Decided before anything was awaited.
  if (posted === null) throw new TypeError('the demand was not decided on');
  return posted;
}

/**
 * Ends a demand, as a step does when its block is over; one that is not there has ended already. When
 * nobody saw a build begin, the block was shorter than the time between two looks, and the agent that
 * was made for it may have been used: it takes nothing new where its uses are counted.
 */
export async function endDemand(collaborators: Collaborators, id: string): Promise<void> {
  const { demands, agents, situation, clock } = collaborators;
  let ended: Demand | null = null;
  let others: readonly Demand[] = [];
  await demands.change((open) => {
    ended = open.find((one) => one.id === id) ?? null;
    if (ended === null) return null;
    others = open.filter((one) => one.id !== id);
    // The queue was read when its block still waited: whatever plans before the next look must not count it again.
    const { lines } = mergeNeeds(open, situation.items, knownNodes(collaborators));
    const started = lines.find(({ demand }) => demand?.id === id)?.item;
    situation.items = situation.items.filter((item) => item !== started);
    return { remove: [id] };
  });
  const agent = ended === null ? null : usedUnseen(collaborators, ended, others);
  if (agent === null) return;
  await agents.change(agent.id, (now) =>
    now?.state === 'idle'
      ? moved(now, 'draining', 'the block that it was made for is over', clock.now())
      : null,
  );
}

/** One of the idle agents of a block that is over, unless other blocks of its build wait for each of them. */
function usedUnseen(
  { agents, situation }: Collaborators,
  ended: Demand,
  others: readonly Demand[],
): Agent | null {
  if (ended.build === null) return null;
  const idle = agents
    .all()
    .filter(({ state, madeFor }) => state === 'idle' && madeFor === ended.build)
    .filter((agent) => serves(agent, ended) && situation.template(agent.template)?.uses === 1);
  const awaited = others.filter(
    (one) => one.build === ended.build && idle.some((agent) => serves(agent, one)),
  );
  return idle.length > awaited.length ? (idle[0] ?? null) : null;
}

/** Ends what nobody waits for any more. */
export async function expireDemands({ demands, clock }: Collaborators): Promise<void> {
  const now = clock.now().getTime();
  await demands.change((open) => {
    const over = open.filter(({ expires }) => Date.parse(expires) <= now);
    return over.length === 0 ? null : { remove: over.map(({ id }) => id) };
  });
}

/** An agent begins a build: of that build's demands, the oldest that it serves has got what it wanted. */
export async function endDemandOf({ demands }: Collaborators, agent: Agent): Promise<void> {
  const build = agent.build ?? agent.madeFor;
  if (build === null) return;
  await demands.change((open) => {
    const served = open.find((demand) => demand.build === build && serves(agent, demand));
    return served === undefined ? null : { remove: [served.id] };
  });
}

function serves({ labels, template }: Agent, { label, hint }: Demand): boolean {
  const expression = parseLabel(label);
  return hint === template || (expression !== null && matchesLabel(expression, new Set(labels)));
}
