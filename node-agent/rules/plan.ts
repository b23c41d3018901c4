import type { NearTemplate } from './choose-template.ts';
import { assignPlaces } from './assign-agents.ts';
import { freeGroups, servingGroups } from './free-agents.ts';
import type { Need } from './merge-needs.ts';
import { Room } from './room.ts';
import type { Limits, PlannedAgent, Refusal } from './room.ts';
import type { IdleRange, Template } from './template.ts';
import { understood } from './understand-need.ts';

/** Everything that decides how many agents there should be. */
export interface PlanFacts extends Limits {
  readonly templates: readonly Template[];
  /** How many idle ones each template keeps at this time. */
  readonly idleRanges: ReadonlyMap<string, IdleRange>;
  readonly needs: readonly Need[];
}

/** A need that no template can serve. */
export interface Unmatched {
  readonly need: Need;
  readonly reason: string;
  readonly nearest: readonly NearTemplate[];
}

export interface Plan {
  readonly create: readonly PlannedAgent[];
  readonly refused: readonly Refusal[];
  readonly unmatched: readonly Unmatched[];
  /** Agents that serve a need when they are ready, or that are kept ready. */
  readonly wanted: ReadonlySet<string>;
  /** Template that each need leads to, by the need. */
  readonly chosen: ReadonlyMap<Need, string>;
}

/**
 * Decides what to make: for each need that neither an idle agent nor one on its way will serve, and for
 * the idle ones that a template keeps ready; never beyond a cap, a brake, or what a host can take.
 */
export function planAgents(facts: PlanFacts): Plan {
  const asked = facts.needs.map((need) => ({ need, ...understood(need, facts) }));
  const answers = asked.flatMap(({ need, label, template }) =>
    template === null ? [] : [{ need, label, template }],
  );
  const groups = freeGroups(facts.agents, facts.hosts);
  const given = assignPlaces(
    answers.map((answer) => servingGroups(answer, groups)),
    groups.map(({ agents }) => agents.length),
  );
  const wanted = new Set<string>();
  const used = groups.map(() => 0);
  for (const group of given) {
    if (group === null) continue;
    const agent = groups[group]?.agents[used[group] ?? 0];
    used[group] = (used[group] ?? 0) + 1;
    if (agent !== undefined) wanted.add(agent.id);
  }

  const room = new Room(facts);
  answers.forEach(({ need, template }, index) => {
    if (given[index] !== null) return;
    const cause = need.wish.kind === 'label' ? `needed: ${need.wish.label}` : 'one more is needed';
    room.take(template, need.build, cause);
  });
  for (const template of facts.templates) {
    const ready = groups
      .filter((group) => group.digest === template.digest && group.template === template.name)
      .flatMap(({ agents }) => agents.filter(({ id }) => !wanted.has(id)));
    const { minIdle = 0 } = facts.idleRanges.get(template.name) ?? {};
    for (const { id } of ready.slice(0, minIdle)) wanted.add(id);
    for (let missing = minIdle - ready.length; missing > 0; missing -= 1) {
      if (!room.take(template, null, `kept ready (minIdle ${minIdle})`)) break;
    }
  }
  return {
    create: room.planned,
    refused: room.refusals(),
    unmatched: asked.flatMap(({ need, template, unmatched }) =>
      template === null ? [{ need, ...unmatched }] : [],
    ),
    wanted,
    chosen: new Map(answers.map(({ need, template }) => [need, template.name])),
  };
}
