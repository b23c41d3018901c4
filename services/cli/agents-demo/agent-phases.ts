import type { z } from 'zod';
import type { AgentJson } from '../../api/agent-schemas.ts';
import { columns } from '../agents/tables.ts';

export type ToldAgent = z.infer<typeof AgentJson>;

/** In their order; `ended` is the moment when node and container are gone. */
const PHASES = {
  requested: 'requested',
  pulled: 'pulled',
  created: 'created',
  started: 'started',
  connected: 'connected',
  first_build: 'first build',
  ended: 'removed',
} as const;
type Phase = keyof typeof PHASES;
// Object.keys forgets which keys they are.
const ALL = Object.keys(PHASES) as readonly Phase[];

/** A line for each phase that is new since the agent was last told of, and one for a failure. */
export function newPhases(before: ToldAgent | undefined, now: ToldAgent): readonly string[] {
  const lines = ALL.flatMap((phase) => {
    const at = now.phases[phase];
    if (at === undefined || before?.phases[phase] === at) return [];
    const after =
      phase === 'requested' ? `for ${now.made_for ?? 'an item of the queue'}` : since(now, at);
    const what = phase === 'first_build' ? ` (${now.build ?? '?'})` : '';
    return [`${clockTime(at)}  ${now.node}  ${PHASES[phase].padEnd(11)}  ${after}${what}`];
  });
  const failed = now.state === 'failed' && before?.state !== 'failed';
  return failed ? [...lines, `${clockTime(now.since)}  ${now.node}  failed: ${now.cause}`] : lines;
}

/** The phases of agents as a table: when each was requested, and how long after that the others came. */
export function phaseTable(agents: readonly ToldAgent[]): string {
  const [, ...later] = ALL;
  const rows = agents.map((agent) => [
    agent.node,
    agent.build ?? '-',
    clockTime(agent.phases['requested'] ?? ''),
    ...later.map((phase) => {
      const at = agent.phases[phase];
      return at === undefined ? '-' : since(agent, at);
    }),
  ]);
  return columns([['AGENT', 'BUILD', ...ALL.map((phase) => PHASES[phase].toUpperCase())], ...rows]);
}

/** Whether it went through every phase. */
export function hasAllPhases({ phases }: ToldAgent): boolean {
  return ALL.every((phase) => phases[phase] !== undefined);
}

function since({ phases }: ToldAgent, at: string): string {
  const milliseconds = Date.parse(at) - Date.parse(phases['requested'] ?? at);
  return `+${(milliseconds / 1000).toFixed(3)} s`;
}

/** Of an RFC 3339 time, in UTC: 14:03:07.512. */
function clockTime(at: string): string {
  return at.slice(11, 23);
}
