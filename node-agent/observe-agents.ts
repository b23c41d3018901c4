import type { Collaborators } from './collaborators.ts';
import { endDemandOf } from './demands.ts';
import { failAgent, releaseBrake } from './fail-agent.ts';
import { knownNodes } from './plan-agents.ts';
import type { Agent } from './rules/agent.ts';
import type { QueueItem } from './rules/jenkins-facts.ts';
import { observeAgent } from './rules/observe-agent.ts';
import type { AgentLimits, Observed } from './rules/observe-agent.ts';
import { readWhy } from './rules/read-why.ts';

/** Of an agent whose template is no longer there. */
const LAST_LIMITS: AgentLimits = { uses: 1, connectSeconds: 120, noReconnectAfterSeconds: 900 };

/**
 * While no templates can be read nobody is let go by limits that nobody knows. An agent that serves
 * again was made for many uses; of one that was never used, only one use is sure.
 */
function unreadLimits({ state, uses }: Agent): AgentLimits {
  const servesAgain = uses > 0 && (state === 'idle' || state === 'busy');
  const never = Number.POSITIVE_INFINITY;
  return {
    uses: servesAgain ? null : 1,
    connectSeconds: never,
    noReconnectAfterSeconds: never,
  };
}

/**
 * Brings the records to what a reading of Jenkins shows, and tells Jenkins to close or open nodes where
 * that follows. `asked` is when the reading was asked for.
 */
export async function observeAgents(collaborators: Collaborators, asked: Date): Promise<void> {
  const { agents, situation, clock } = collaborators;
  const nodes = knownNodes(collaborators);
  const computers = new Map(situation.computers.map((computer) => [computer.name, computer]));
  const { session, isSettled } = situation.jenkins;
  const now = clock.now();
  const changes: Promise<void>[] = [];
  // Decided on all of them in one tick: most have not changed, and cost nothing more.
  for (const agent of agents.all()) {
    const computer = computers.get(agent.node);
    if (computer === undefined || situation.inHand.has(agent.id)) continue;
    const awaitedBy = nodes.get(agent.node)?.awaitedBy ?? null;
    const isAwaited = awaitedBy !== null && isNamedBy(situation.items, agent.node, awaitedBy);
    const seen = { computer, asked: asked.toISOString(), session, isAwaited, isSettled, now };
    const unknown = situation.unreadBecause === null ? LAST_LIMITS : unreadLimits(agent);
    const limits = situation.template(agent.template) ?? unknown;
    const observed = observeAgent(agent, seen, limits);
    if (observed.agent !== null || observed.tell !== null) {
      changes.push(record(collaborators, agent, observed));
    }
  }
  await Promise.all(changes);
}

async function record(
  collaborators: Collaborators,
  before: Agent,
  { agent: after, tell }: Observed,
): Promise<void> {
  if (after?.state === 'failed') {
    const isFirst = before.phases.connected === undefined;
    return failAgent(collaborators, before.id, after.cause, isFirst ? 'template' : 'nobody');
  }
  if (after !== null) {
    const durable = collaborators.agents.change(before.id, (current) =>
      current === before ? after : null,
    );
    await tellOthers(collaborators, before, after);
    await durable;
  }
  if (tell !== null) await tellJenkins(collaborators, after ?? before, tell);
}

async function tellOthers(
  collaborators: Collaborators,
  before: Agent,
  after: Agent,
): Promise<void> {
  const { log } = collaborators;
  if (before.state === 'connecting' && after.phases.connected !== undefined) {
    await releaseBrake(collaborators, after.template);
    log.info({ agent: after.id, node: after.node }, 'agent connected');
  }
  if (after.uses > before.uses) {
    await endDemandOf(collaborators, after);
    log.info({ agent: after.id, node: after.node, build: after.build }, 'agent runs a build');
  }
}

async function tellJenkins(
  { agents, jenkins, clock, log }: Collaborators,
  { id, node, cause }: Agent,
  tell: 'close' | 'open',
): Promise<void> {
  if (tell === 'open') {
    const opened = await jenkins.openNode(node);
    if (!opened.ok) log.warn({ node, reason: opened.failure.reason }, 'cannot open a node');
    return;
  }
  const closed = await jenkins.closeNode(node, `gitbuilder: ${cause}`);
  if (!closed.ok) {
    log.warn({ node, reason: closed.failure.reason }, 'cannot close a node');
    return;
  }
  const closedAt = clock.now().toISOString();
  await agents.change(id, (agent) =>
    agent?.state === 'draining' ? { ...agent, closedAt, idleReading: null } : null,
  );
}

function isNamedBy(items: readonly QueueItem[], node: string, build: string): boolean {
  return items.some(({ task, why }) => {
    if (task.path !== build) return false;
    const read = readWhy(why);
    return (
      (read.kind === 'node' && read.node === node) ||
      (read.kind === 'label' && read.label === node) ||
      (read.kind === 'label-or-node' && read.name === node)
    );
  });
}
