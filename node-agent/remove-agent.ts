import type { Collaborators } from './collaborators.ts';
import { keepLastLines } from './fail-agent.ts';
import type { ContainerEngine } from './ports.ts';
import type { Agent } from './rules/agent.ts';
import { moved } from './rules/life.ts';

const STOP_SECONDS = 10;

/**
 * Removes what there is of an agent that is to be deleted: its Jenkins node, then its container with
 * anonymous volumes. What is not there counts as removed. Answers why something is left, null when it
 * is gone; the caller comes again.
 */
export async function removeAgent(
  collaborators: Collaborators,
  id: string,
): Promise<string | null> {
  const { agents, jenkins, tokens, clock, log } = collaborators;
  tokens.revoke(id);
  const agent = agents.get(id);
  if (agent?.state !== 'deleting') return null;
  if (agent.hasNode) {
    const deleted = await jenkins.deleteNode(agent.node);
    if (!deleted.ok) return `its Jenkins node: ${deleted.failure.reason}`;
    // Not awaited: to delete it again would be no mistake.
    agents
      .change(id, (current) => (current === undefined ? null : { ...current, hasNode: false }))
      .catch((cause: unknown) => log.error({ agent: id, err: cause }, 'cannot save an agent'));
  }
  const hasFailed = agent.journal.some(({ state }) => state === 'failed');
  if (hasFailed && agent.lastLog.length === 0) await keepLastLines(collaborators, id);
  const left = await removeContainer(collaborators, agent);
  if (left !== null) return left;
  await agents.change(id, (current) =>
    current?.state === 'deleting'
      ? moved(current, 'gone', current.cause, clock.now(), { hasNode: false })
      : null,
  );
  log.info({ agent: id, node: agent.node, cause: agent.cause }, 'agent is gone');
  return null;
}

async function removeContainer({ situation }: Collaborators, agent: Agent): Promise<string | null> {
  const host = situation.host(agent.host);
  // Of a host that is no longer configured, nothing can be removed; its containers end without a node.
  if (host === undefined) return null;
  const ids = agent.container === null ? null : [agent.container];
  const found = ids ?? (await containersOf(host.engine, agent));
  if (typeof found === 'string') return found;
  const seconds = situation.template(agent.template)?.stopSeconds ?? STOP_SECONDS;
  for (const id of found) {
    const removed = await host.engine.remove(id, seconds);
    if (removed.ok) continue;
    situation.hostFailed(host.settings.name, removed.failure);
    return `its container on ${host.settings.name}: ${removed.failure.reason}`;
  }
  return null;
}

/** The process that made it may have ended before it knew the id: the labels tell. */
async function containersOf(
  engine: ContainerEngine,
  agent: Agent,
): Promise<readonly string[] | string> {
  if (agent.phases.pulled === undefined) return [];
  const listed = await engine.list();
  if (!listed.ok) return `the containers of ${engine.host}: ${listed.failure.reason}`;
  return listed.value.filter(({ identity }) => identity.agent === agent.id).map(({ id }) => id);
}
