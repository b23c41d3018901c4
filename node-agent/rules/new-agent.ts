import type { Agent } from './agent.ts';
import type { OwnContainer } from './container.ts';
import type { Computer } from './jenkins-facts.ts';
import { moved } from './life.ts';
import type { PlannedAgent } from './room.ts';

/** The record of an agent that was decided on. */
export function requestedAgent(id: string, planned: PlannedAgent, now: Date): Agent {
  const { template, host, madeFor, cause } = planned;
  const at = now.toISOString();
  return {
    ...UNUSED,
    id,
    node: `${template.name}-${id}`,
    template: template.name,
    templateDigest: template.digest,
    labels: template.labels,
    state: 'requested',
    since: at,
    cause,
    host,
    container: null,
    hasNode: true,
    imageDigest: null,
    madeFor,
    closedAt: null,
    phases: { requested: at },
    journal: [{ at, state: 'requested', cause }],
  };
}

/** The record of a container and node of ours that no record tells of: what they say is enough to go on. */
export function adoptedAgent(
  host: string,
  { id: container, identity }: OwnContainer,
  computer: Computer,
  now: Date,
): Agent {
  const at = now.toISOString();
  const state = computer.temporarilyOffline ? 'draining' : computer.offline ? 'connecting' : 'idle';
  const cause = 'found without a record';
  const connected = state === 'connecting' ? {} : { connected: at };
  return {
    ...UNUSED,
    id: identity.agent,
    node: identity.node,
    template: identity.template,
    templateDigest: identity.templateDigest,
    labels: computer.labels,
    state,
    since: at,
    cause,
    host,
    container,
    hasNode: true,
    imageDigest: null,
    madeFor: null,
    closedAt: state === 'draining' ? at : null,
    phases: { requested: identity.created, ...connected },
    journal: [{ at, state, cause }],
  };
}

/**
 * An agent whose container runs although its start was not put on record; null for one that has come
 * further. A build may run on it by now, or even have ended: it may end that build, and begins no other.
 */
export function resumedAgent(agent: Agent, container: string, now: Date): Agent | null {
  if (agent.state !== 'creating' && agent.state !== 'starting') return null;
  const cause = 'its container runs: the service ended just when it was started';
  const started = now.toISOString();
  const phases = { ...agent.phases, created: agent.phases.created ?? started, started };
  const starting = agent.state === 'creating' ? moved(agent, 'starting', cause, now) : agent;
  const connecting = moved(starting, 'connecting', cause, now, { container, phases });
  return moved(connecting, 'draining', cause, now);
}

const UNUSED = {
  build: null,
  uses: 0,
  buildSession: null,
  idleReading: null,
  offlineSince: null,
  heldUntil: null,
  lastLog: [],
} satisfies Partial<Agent>;
