import type { Agent } from './agent.ts';
import type { OwnContainer } from './container.ts';
import type { Computer } from './jenkins-facts.ts';
import { readMarker } from './node-marker.ts';

/** The three truths, each as complete as it could be read. */
export interface Truths {
  readonly service: string;
  /** Every record, history too. */
  readonly agents: readonly Agent[];
  /** Null while Jenkins is away, or has only just come back. */
  readonly computers: readonly Computer[] | null;
  /** Host -> all of its containers; null for a host that did not answer completely in this round. */
  readonly hosts: ReadonlyMap<string, readonly OwnContainer[] | null>;
  /** Agents that this process is making or removing at this moment. */
  readonly inHand: ReadonlySet<string>;
  /** When the first of the truths was asked for. */
  readonly asked: Date;
}

/** What has to be done so that the three are one again. */
export type Repair =
  | {
      readonly kind: 'adopt';
      readonly host: string;
      readonly container: OwnContainer;
      readonly computer: Computer;
    }
  | { readonly kind: 'remove-container'; readonly host: string; readonly container: OwnContainer }
  | { readonly kind: 'delete-node'; readonly node: string }
  | { readonly kind: 'fail'; readonly agent: string; readonly cause: string }
  | { readonly kind: 'interrupted'; readonly agent: string; readonly cause: string }
  | { readonly kind: 'resume'; readonly agent: string; readonly container: OwnContainer };

/** How long a container may be without record and node: somebody may be about to make them. */
const ORPHAN_MILLISECONDS = 60_000;

/**
 * Compares records, containers and Jenkins nodes. Touches nothing without our service id, concludes
 * nothing from a host that did not answer, and nothing from a Jenkins that is not itself.
 */
export function reconcile(truths: Truths): Repair[] {
  return [...repairRecords(truths), ...repairContainers(truths), ...repairNodes(truths)];
}

function repairRecords({ service, agents, computers, hosts, inHand, asked }: Truths): Repair[] {
  return agents.flatMap((agent): Repair[] => {
    // One that has come further since the truths were asked for is not what they show.
    if (inHand.has(agent.id) || Date.parse(agent.since) >= asked.getTime()) return [];
    switch (agent.state) {
      case 'requested':
      case 'failed':
      case 'deleting':
      case 'gone':
        return [];
      case 'creating':
      case 'starting': {
        const containers = hosts.get(agent.host ?? '');
        if (containers === null) return [];
        // The last step on record need not be the last that was done: this one may have a build by now.
        const container = containers?.find(
          ({ identity, state }) =>
            identity.service === service && identity.agent === agent.id && state === 'running',
        );
        if (container !== undefined) return [{ kind: 'resume', agent: agent.id, container }];
        return [
          { kind: 'interrupted', agent: agent.id, cause: 'the service ended while it was made' },
        ];
      }
      case 'connecting':
      case 'idle':
      case 'busy':
      case 'draining':
      case 'held': {
        const cause = whyBroken(agent, computers, hosts);
        return cause === null ? [] : [{ kind: 'fail', agent: agent.id, cause }];
      }
    }
  });
}

function whyBroken(
  agent: Agent,
  computers: Truths['computers'],
  hosts: Truths['hosts'],
): string | null {
  const containers = hosts.get(agent.host ?? '');
  if (containers !== null && containers !== undefined) {
    const own = containers.find(({ id }) => id === agent.container);
    if (own === undefined) return 'its container is gone';
    if (own.state === 'ended') return endOf(own);
  }
  // What cannot be seen is frozen: its container may well be there.
  if (containers === null || computers === null) return null;
  const hasNode = computers.some(({ name }) => name === agent.node);
  return hasNode ? null : 'its Jenkins node was deleted';
}

/** A sentence for the end of a container. */
export function endOf({ exitCode, reason }: Pick<OwnContainer, 'exitCode' | 'reason'>): string {
  const code = exitCode === null ? '' : ` with status ${exitCode}`;
  return `its container ended${code}${reason === null ? '' : ` (${reason})`}`;
}

function repairContainers({ service, agents, computers, hosts, inHand, asked }: Truths): Repair[] {
  const records = new Map(agents.map((agent) => [agent.id, agent]));
  return [...hosts].flatMap(([host, containers]) =>
    (containers ?? []).flatMap((container): Repair[] => {
      const { identity } = container;
      if (identity.service !== service || inHand.has(identity.agent)) return [];
      const record = records.get(identity.agent);
      const isOfRecord = record !== undefined && record.state !== 'gone';
      // Before its id was noted, a container is known by its agent; a second one of an agent is a leak.
      if (isOfRecord && (record.container === null || record.container === container.id)) return [];
      if (computers === null) return [];
      const computer = computers.find(({ name }) => name === identity.node);
      if (record === undefined && computer !== undefined && container.state !== 'ended') {
        return [{ kind: 'adopt', host, container, computer }];
      }
      const age = asked.getTime() - Date.parse(identity.created);
      return age < ORPHAN_MILLISECONDS ? [] : [{ kind: 'remove-container', host, container }];
    }),
  );
}

function repairNodes({ service, agents, computers, hosts, inHand, asked }: Truths): Repair[] {
  const living = new Set(agents.filter(({ state }) => state !== 'gone').map(({ node }) => node));
  const made = new Map(agents.map((agent) => [agent.id, agent]));
  return (computers ?? []).flatMap((computer): Repair[] => {
    const marker = readMarker(computer.description, service);
    if (marker === null || living.has(computer.name) || inHand.has(marker.agent)) return [];
    // A build holds it: it ends by itself, or by a person. One without executors is deleted already.
    if (!computer.idle || computer.executors === 0) return [];
    const record = made.get(marker.agent);
    if (record !== undefined && Date.parse(record.since) >= asked.getTime()) return [];
    const answers = hosts.has(marker.host)
      ? [hosts.get(marker.host)]
      : [...hosts.values(), ...(computer.offline ? [] : [null])];
    if (answers.some((containers) => containers === null)) return [];
    const hasContainer = answers.some((containers) =>
      containers?.some(({ identity }) => identity.node === computer.name),
    );
    return hasContainer ? [] : [{ kind: 'delete-node', node: computer.name }];
  });
}
