import { z } from 'zod';
import type { AgentDetailJson } from '../../api/agent-schemas.ts';
import { AgentJson } from '../../api/agent-schemas.ts';
import { oneLine } from '../upload/problem.ts';

type Agent = z.infer<typeof AgentJson>;
type Detail = z.infer<typeof AgentDetailJson>;

/** `GET /api/v1/agents`. */
export const agentsAnswer = z.object({ agents: z.array(AgentJson) });

const PHASES = ['pulled', 'created', 'started', 'connected', 'first_build', 'ended'] as const;

/** One line for each agent, in columns. */
export function agentsText(agents: readonly Agent[], now: Date): string {
  if (agents.length === 0) return 'no agents\n';
  const rows = agents.map((agent) => [
    agent.node,
    agent.frozen ? `${agent.state} (frozen)` : agent.state,
    age(now.getTime() - Date.parse(agent.since)),
    agent.host ?? '-',
    agent.build ?? agent.made_for ?? '-',
    agent.cause,
  ]);
  return columns([['NODE', 'STATE', 'FOR', 'HOST', 'BUILD', 'WHY'], ...rows]);
}

/** Everything of one agent: what it is, when each phase was done, and its steps. */
export function agentText(agent: Detail): string {
  const requested = Date.parse(agent.phases['requested'] ?? agent.since);
  const after = (at: string) => `+${((Date.parse(at) - requested) / 1000).toFixed(3)} s`;
  const facts = [
    ['node', agent.node],
    ['id', agent.id],
    ['template', agent.template],
    ['labels', agent.labels.join(' ')],
    ['state', `${agent.state} since ${agent.since}`],
    ['why', agent.cause],
    ['host', agent.host ?? '-'],
    ['container', agent.container ?? '-'],
    ['image', agent.image_digest ?? '-'],
    ['build', agent.build ?? '-'],
    ['made for', agent.made_for ?? '-'],
    ['builds so far', String(agent.uses)],
    ...(agent.held_until === null ? [] : [['held until', agent.held_until]]),
    ['requested', agent.phases['requested'] ?? '-'],
    ...PHASES.flatMap((phase) => {
      const at = agent.phases[phase];
      return at === undefined ? [] : [[phase.replace('_', ' '), after(at)]];
    }),
  ];
  const steps = agent.journal.map(({ at, state, cause }) => [at, state, cause]);
  const log =
    agent.last_log.length === 0
      ? ''
      : `\nlast lines of its container:\n${agent.last_log.map(oneLine).join('\n')}\n`;
  return `${columns(facts)}\n${columns(steps)}${log}`;
}

/** Rows below each other, each column as wide as its widest cell. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    });
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => oneLine(cell).padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

/** How long, in the unit that people would say it in. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3600)} h`
    : `${Math.round(seconds / 86_400)} d`;
}
