import { GitbuilderError } from '../services/domain/errors.ts';
import type { Collaborators } from './collaborators.ts';
import { releaseBrake } from './fail-agent.ts';
import type { Agent } from './rules/agent.ts';
import { isPresent, moved } from './rules/life.ts';
import { requestedAgent } from './rules/new-agent.ts';
import { Room } from './rules/room.ts';
import type { Template } from './rules/template.ts';

const USUAL_HOLD_SECONDS = 3600;
/** How long an order waits for hosts that were not heard of yet, as right after a start. */
const FIRST_ANSWER_MILLISECONDS = 10_000;

/** An agent by its id or its node's name; NOT_FOUND for neither. */
export function findAgent({ agents }: Collaborators, name: string): Agent {
  const found = agents.get(name) ?? agents.all().findLast(({ node }) => node === name);
  if (found === undefined) throw new GitbuilderError('NOT_FOUND', { what: `agent ${name}` });
  return found;
}

/** A template by its name; NOT_FOUND when there is none. */
export function findTemplate({ situation }: Collaborators, name: string): Template {
  const found = situation.template(name);
  if (found === undefined) throw new GitbuilderError('NOT_FOUND', { what: `template ${name}` });
  return found;
}

/** Makes agents of a template within its caps, though no build waits; says what was refused and why. */
export async function orderAgents(
  collaborators: Collaborators,
  name: string,
  count: number,
  who: string,
): Promise<{ readonly made: readonly Agent[]; readonly refused: readonly string[] }> {
  const { agents, standing, situation, policy, ids, clock } = collaborators;
  findTemplate(collaborators, name);
  await situation.hostsKnown(FIRST_ANSWER_MILLISECONDS);
  const template = findTemplate(collaborators, name);
  const present = agents.all().filter(isPresent);
  const now = clock.now();
  const { drainedTemplates, drainedHosts, brakes } = standing.get();
  const hosts = situation.views(present, drainedHosts);
  const { totalCap } = policy;
  const room = new Room({ agents: present, hosts, totalCap, drainedTemplates, brakes, now });
  for (let left = count; left > 0; left -= 1) room.take(template, null, `ordered by ${who}`);
  const made = room.planned.map((planned) => requestedAgent(ids.agent(), planned, now));
  await Promise.all(made.map((agent) => agents.change(agent.id, () => agent)));
  const refused = room.refusals().map((one) => `${one.count} of ${count}: ${one.reason}`);
  return { made, refused };
}

/** Closes an agent to new builds; it is deleted when it is idle. */
export function drainAgent(
  collaborators: Collaborators,
  name: string,
  cause: string,
): Promise<Agent> {
  return change(collaborators, name, 'drain', (agent, now) => {
    switch (agent.state) {
      case 'connecting':
      case 'idle':
      case 'busy':
      case 'held':
        return moved(agent, 'draining', cause, now, { heldUntil: null });
      case 'requested':
      case 'creating':
      case 'starting':
      case 'failed':
        return moved(agent, 'deleting', cause, now, { heldUntil: null });
      case 'draining':
      case 'deleting':
      case 'gone':
        return agent;
    }
  });
}

/** Deletes an agent at once, even if a build runs on it. */
export function killAgent(
  collaborators: Collaborators,
  name: string,
  cause: string,
): Promise<Agent> {
  return change(collaborators, name, 'delete', (agent, now) =>
    agent.state === 'deleting' || agent.state === 'gone'
      ? agent
      : moved(agent, 'deleting', cause, now, { heldUntil: null }),
  );
}

/** Keeps an agent for a look: nothing new starts on it, and it is not deleted before the time is over. */
export async function holdAgent(
  collaborators: Collaborators,
  name: string,
  order: { readonly seconds: number | null; readonly cause: string },
): Promise<Agent> {
  const { jenkins, policy, clock } = collaborators;
  const before = findAgent(collaborators, name);
  const mayHold = ['connecting', 'idle', 'busy', 'draining', 'held', 'failed'].includes(
    before.state,
  );
  if (!mayHold) refuse(before, 'hold');
  const seconds = Math.min(order.seconds ?? USUAL_HOLD_SECONDS, policy.longestHoldSeconds);
  if (before.state !== 'failed') {
    // Closed first: what is on record as held and open would be taken for opened by somebody.
    const closed = await jenkins.closeNode(before.node, `gitbuilder: ${order.cause}`);
    if (!closed.ok) {
      const reason = `cannot close ${before.node} in Jenkins: ${closed.failure.reason}`;
      throw new GitbuilderError('AGENT_UPSTREAM', { reason });
    }
  }
  return change(collaborators, name, 'hold', (agent, now) => {
    const heldUntil = new Date(now.getTime() + seconds * 1000).toISOString();
    if (agent.state === 'failed') return { ...agent, heldUntil };
    const closedAt = agent.closedAt ?? clock.now().toISOString();
    if (agent.state === 'held') return { ...agent, heldUntil, closedAt, cause: order.cause };
    return moved(agent, 'held', order.cause, now, { heldUntil, closedAt });
  });
}

/** Ends a hold: the agent is deleted as soon as it is idle. */
export function releaseAgent(
  collaborators: Collaborators,
  name: string,
  cause: string,
): Promise<Agent> {
  return change(collaborators, name, 'release', (agent, now) => {
    if (agent.state === 'held') return moved(agent, 'draining', cause, now, { heldUntil: null });
    if (agent.state === 'failed') return { ...agent, heldUntil: null };
    return null;
  });
}

/** Says whether a template, or a host, gets anything new. */
export async function setDrained(
  { standing, situation }: Collaborators,
  kind: 'template' | 'host',
  name: string,
  isDrained: boolean,
): Promise<void> {
  const known = kind === 'template' ? situation.template(name) : situation.host(name);
  // A template that was removed can still be resumed.
  if (known === undefined && isDrained) {
    throw new GitbuilderError('NOT_FOUND', { what: `${kind} ${name}` });
  }
  const key = kind === 'template' ? 'drainedTemplates' : 'drainedHosts';
  await standing.change((before) => {
    if (before[key].includes(name) === isDrained) return before;
    const others = before[key].filter((one) => one !== name);
    return { ...before, [key]: isDrained ? [...others, name] : others };
  });
}

/** Forgets the failures of a template, so that the next agent is made at once. */
export async function retryTemplate(collaborators: Collaborators, name: string): Promise<void> {
  findTemplate(collaborators, name);
  await releaseBrake(collaborators, name);
}

async function change(
  collaborators: Collaborators,
  name: string,
  action: string,
  decide: (agent: Agent, now: Date) => Agent | null,
): Promise<Agent> {
  const { agents, clock } = collaborators;
  const { id } = findAgent(collaborators, name);
  let refused: Agent | null = null;
  const after = await agents.change(id, (agent) => {
    if (agent === undefined) return null;
    const next = decide(agent, clock.now());
    refused = next === null ? agent : null;
    return next === agent ? null : next;
  });
  if (refused !== null) refuse(refused, action);
  return after ?? findAgent(collaborators, id);
}

function refuse({ id, state }: Agent, action: string): never {
  throw new GitbuilderError('AGENT_STATE', { agent: id, state, action });
}
