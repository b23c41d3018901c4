import type { Collaborators } from './collaborators.ts';
import { failAgent } from './fail-agent.ts';
import type { KnownHost } from './situation.ts';
import type { OwnContainer } from './rules/container.ts';
import { adoptedAgent, resumedAgent } from './rules/new-agent.ts';
import { reconcile } from './rules/reconcile.ts';
import type { Repair } from './rules/reconcile.ts';

/**
 * Compares what is on record with the containers of every host and the nodes of Jenkins, and mends what
 * differs: adopts, removes what nobody knows, gives up what is gone.
 */
export async function reconcileAgents(collaborators: Collaborators): Promise<void> {
  const { agents, jenkins, situation, policy, clock } = collaborators;
  const asked = clock.now();
  const [computers, ...lists] = await Promise.all([
    jenkins.computers(),
    ...situation.hosts.map((host) => askHost(collaborators, host)),
  ]);
  const isJenkinsItself = computers.ok && situation.jenkins.isSettled;
  const repairs = reconcile({
    service: policy.service,
    agents: agents.all(),
    computers: isJenkinsItself ? computers.value.value : null,
    hosts: new Map(lists),
    inHand: situation.inHand,
    asked,
  });
  await Promise.all(repairs.map((repair) => mend(collaborators, repair)));
}

async function askHost(
  { situation, log }: Collaborators,
  { settings, engine, awayReason }: KnownHost,
): Promise<readonly [string, readonly OwnContainer[] | null]> {
  const { name } = settings;
  const [facts, list] = await Promise.all([engine.facts(), engine.list()]);
  for (const answer of [facts, list]) {
    if (answer.ok) continue;
    situation.hostFailed(name, answer.failure);
    if (awayReason === null)
      log.warn({ host: name, reason: answer.failure.reason }, 'host is away');
    return [name, null];
  }
  if (awayReason !== null) log.info({ host: name }, 'host is back');
  situation.hostAnswered(name, facts.ok ? facts.value : null);
  return [name, list.ok ? list.value : null];
}

async function mend(collaborators: Collaborators, repair: Repair): Promise<void> {
  const { agents, jenkins, situation, clock, leaked, log } = collaborators;
  switch (repair.kind) {
    case 'fail':
      return failAgent(collaborators, repair.agent, repair.cause, 'nobody');
    case 'interrupted':
      return failAgent(collaborators, repair.agent, repair.cause, 'nobody', [
        'creating',
        'starting',
      ]);
    case 'resume': {
      const { container } = repair;
      await agents.change(repair.agent, (agent) =>
        agent === undefined ? null : resumedAgent(agent, container.id, clock.now()),
      );
      return;
    }
    case 'adopt': {
      const { host, container, computer } = repair;
      const agent = adoptedAgent(host, container, computer, clock.now());
      log.info({ agent: agent.id, node: agent.node, host }, 'adopted an agent');
      await agents.change(agent.id, (known) => (known === undefined ? agent : null));
      return;
    }
    case 'remove-container': {
      const { host, container } = repair;
      log.warn(
        { host, container: container.id, agent: container.identity.agent },
        'removes a container that no agent has',
      );
      leaked('container');
      const removed = await situation.host(host)?.engine.remove(container.id, 0);
      if (removed?.ok === false) situation.hostFailed(host, removed.failure);
      return;
    }
    case 'delete-node': {
      log.warn({ node: repair.node }, 'deletes a node that no agent has');
      leaked('node');
      await jenkins.deleteNode(repair.node);
      return;
    }
  }
}
