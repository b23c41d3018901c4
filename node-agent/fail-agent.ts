import type { Collaborators } from './collaborators.ts';
import type { Agent, AgentState } from './rules/agent.ts';
import { braked } from './rules/brake.ts';
import { moved, NEXT_STATES } from './rules/life.ts';

const LOG_LINES = 100;

/** Whether the template is to blame: what fails again and again must not be made again and again. */
export type Blame = 'template' | 'nobody';

/**
 * Records that an agent failed, and keeps its last lines. It goes at once, unless its template keeps
 * failed ones for a look. Agents that have come further meanwhile are left alone.
 */
export async function failAgent(
  collaborators: Collaborators,
  id: string,
  cause: string,
  blame: Blame,
  from: readonly AgentState[] = MAY_FAIL,
): Promise<void> {
  const { agents, situation, clock, log } = collaborators;
  const now = clock.now();
  const before = agents.get(id);
  const keep = situation.template(before?.template ?? '')?.keepFailedSeconds ?? 0;
  const heldUntil = keep === 0 ? null : new Date(now.getTime() + keep * 1000).toISOString();
  if (before === undefined || !from.includes(before.state)) return;
  const durable = agents.change(id, (agent) =>
    agent === undefined || !from.includes(agent.state)
      ? null
      : moved(agent, 'failed', cause, now, { heldUntil }),
  );
  if (blame === 'template') await brake(collaborators, before, cause);
  await durable;
  log.warn({ agent: id, node: before.node, host: before.host, cause }, 'agent failed');
  // Of others they are read before the container is removed; the node must not wait for that.
  if (heldUntil !== null) await keepLastLines(collaborators, id);
}

const MAY_FAIL: readonly AgentState[] = Object.entries(NEXT_STATES).flatMap(([state, next]) =>
  // The entries of a record have its keys.
  next.includes('failed') ? [state as AgentState] : [],
);

async function brake(
  { standing, clock }: Collaborators,
  { template, templateDigest }: Agent,
  reason: string,
): Promise<void> {
  await standing.change((before) => ({
    ...before,
    brakes: {
      ...before.brakes,
      [template]: braked(before.brakes[template], { templateDigest, reason }, clock.now()),
    },
  }));
}

/** A template that has made an agent that works has no brake any more. */
export async function releaseBrake({ standing }: Collaborators, template: string): Promise<void> {
  if (!Object.hasOwn(standing.get().brakes, template)) return;
  await standing.change((before) => {
    const others = Object.entries(before.brakes).filter(([name]) => name !== template);
    return { ...before, brakes: Object.fromEntries(others) };
  });
}

/** Keeps the last lines of an agent's container, where there are any. */
export async function keepLastLines(collaborators: Collaborators, id: string): Promise<void> {
  const { agents, situation } = collaborators;
  const { container = null, host = null } = agents.get(id) ?? {};
  const engine = situation.host(host)?.engine;
  if (container === null || engine === undefined) return;
  const lines = await engine.lastLines(container, LOG_LINES);
  if (!lines.ok || lines.value.length === 0) return;
  await agents.change(id, (agent) =>
    agent === undefined ? null : { ...agent, lastLog: lines.value },
  );
}
