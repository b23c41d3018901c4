import type { Collaborators } from './collaborators.ts';
import { idleRanges } from './idle-ranges.ts';
import { isPresent, moved } from './rules/life.ts';
import { mergeNeeds } from './rules/merge-needs.ts';
import { requestedAgent } from './rules/new-agent.ts';
import { planAgents } from './rules/plan.ts';
import type { Plan } from './rules/plan.ts';
import { retireAgents } from './rules/retire-agents.ts';
import type { KnownNode } from './rules/queue-wish.ts';

/**
 * Makes records of the agents that are needed and can be made, and lets those go that are needed no
 * more. Decided and put on record in one tick, so that two plans never count the same room twice; the
 * promise says when it is durable. Answers the agents that are new.
 */
export async function planAndRecord(collaborators: Collaborators): Promise<readonly string[]> {
  const { agents, demands, standing, situation, policy, ids, clock, log } = collaborators;
  const now = clock.now();
  const { drainedTemplates, drainedHosts, brakes } = standing.get();
  const present = agents.all().filter(isPresent);
  const merged = mergeNeeds(demands.all(), situation.items, knownNodes(collaborators));
  const facts = {
    templates: situation.templates,
    idleRanges: idleRanges(situation.templates, now),
    needs: merged.needs,
    agents: present,
    hosts: situation.views(present, drainedHosts),
    totalCap: policy.totalCap,
    drainedTemplates,
    brakes,
    now,
  };
  const plan = planAgents(facts);
  const pausedBecause = whyPaused(collaborators);
  situation.outlook = { lines: merged.lines, plan, pausedBecause };
  if (pausedBecause !== null) return [];

  const changes: Promise<unknown>[] = [];
  const made = plan.create.map((planned) => {
    const agent = requestedAgent(ids.agent(), planned, now);
    changes.push(agents.change(agent.id, () => agent));
    log.info(
      { agent: agent.id, node: agent.node, host: agent.host, cause: agent.cause },
      'agent requested',
    );
    return agent.id;
  });
  changes.push(...retire(collaborators, plan, { ...facts, drainedHosts }));
  await Promise.all(changes);
  return made;
}

function retire(
  { agents, situation, clock }: Collaborators,
  { wanted, refused }: Plan,
  facts: Pick<
    Parameters<typeof retireAgents>[0],
    'agents' | 'templates' | 'idleRanges' | 'drainedTemplates' | 'drainedHosts' | 'hosts' | 'now'
  >,
): Promise<unknown>[] {
  const imageDigest = (host: string, image: string) => situation.images.digest(host, image);
  return retireAgents({ ...facts, wanted, refused, imageDigest }).map(({ agent: id, cause }) =>
    agents.change(id, (agent) =>
      agent?.state === 'idle' || agent?.state === 'busy'
        ? moved(agent, 'draining', cause, clock.now())
        : null,
    ),
  );
}

function whyPaused({ situation }: Collaborators): string | null {
  const { awayReason, isSettled } = situation.jenkins;
  if (awayReason !== null) return `Jenkins does not answer: ${awayReason}`;
  if (!isSettled) return 'Jenkins has just come back, and its agents are still connecting';
  const { unreadBecause } = situation;
  // Agents of a former process would be let go as if somebody had removed their templates.
  return unreadBecause === null ? null : `no templates could be read: ${unreadBecause}`;
}

/** The nodes of Jenkins by name: what a queue that names them is read with. */
export function knownNodes({ agents, situation }: Collaborators): ReadonlyMap<string, KnownNode> {
  const own = new Map(
    agents
      .all()
      .filter(isPresent)
      .map((agent) => [agent.node, agent]),
  );
  const { session } = situation.jenkins;
  return new Map(
    situation.computers.map(({ name, labels, builds, idle }) => {
      const agent = own.get(name);
      const isLeft = idle && builds.length === 0 && agent?.buildSession !== session;
      const wasRunning = agent?.state === 'busy' || agent?.state === 'draining';
      const awaitedBy = isLeft && wasRunning ? (agent?.build ?? null) : null;
      return [name, { template: agent?.template ?? null, labels, awaitedBy }];
    }),
  );
}
