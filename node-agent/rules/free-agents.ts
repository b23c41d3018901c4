import type { Agent, AgentState } from './agent.ts';
import type { HostView } from './choose-host.ts';
import { matchesLabel } from './label.ts';
import type { LabelExpression } from './label.ts';
import type { Template } from './template.ts';

const ON_THEIR_WAY: ReadonlySet<AgentState> = new Set([
  'requested',
  'creating',
  'starting',
  'connecting',
]);

/** Whether it is not there yet, but will be. */
export function isOnItsWay({ state }: Agent): boolean {
  return ON_THEIR_WAY.has(state);
}

/** Agents that are alike: what one of them can take, all can. */
export interface FreeGroup {
  readonly template: string;
  readonly digest: string;
  readonly labels: ReadonlySet<string>;
  /** Idle ones first. */
  readonly agents: readonly Agent[];
}

/** Agents that can take a build, or soon will, by what they can take. Those of a silent host cannot be counted on. */
export function freeGroups(agents: readonly Agent[], hosts: readonly HostView[]): FreeGroup[] {
  const away = new Set(
    hosts.filter(({ awayReason }) => awayReason !== null).map(({ settings }) => settings.name),
  );
  const groups = new Map<string, { group: Omit<FreeGroup, 'agents'>; agents: Agent[] }>();
  for (const agent of agents) {
    if (agent.state !== 'idle' && !isOnItsWay(agent)) continue;
    if (agent.closedAt !== null || away.has(agent.host ?? '')) continue;
    const { template, templateDigest: digest, labels } = agent;
    const key = `${template} ${digest}`;
    const known = groups.get(key);
    if (known !== undefined) known.agents.push(agent);
    else groups.set(key, { group: { template, digest, labels: new Set(labels) }, agents: [agent] });
  }
  const idleFirst = (a: Agent, b: Agent) =>
    Number(b.state === 'idle') - Number(a.state === 'idle') || (a.since < b.since ? -1 : 1);
  return [...groups.values()].map(({ group, agents }) => ({
    ...group,
    agents: agents.sort(idleFirst),
  }));
}

/** The groups that serve a need, those of its own template first. */
export function servingGroups(
  { label, template }: { readonly label: LabelExpression | null; readonly template: Template },
  groups: readonly FreeGroup[],
): number[] {
  const serving = groups.flatMap((group, index) => {
    const isOwn = group.template === template.name;
    const serves = label === null ? isOwn : matchesLabel(label, group.labels);
    return serves ? [{ index, isOwn, size: group.labels.size }] : [];
  });
  return serving
    .sort((a, b) => Number(b.isOwn) - Number(a.isOwn) || a.size - b.size)
    .map(({ index }) => index);
}
