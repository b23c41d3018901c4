import type { Agent, AgentState } from './agent.ts';

/** Which states may follow which; `failed` and `deleting` lead out of everything that lives. */
export const NEXT_STATES: Readonly<Record<AgentState, readonly AgentState[]>> = {
  requested: ['creating', 'failed', 'deleting'],
  creating: ['starting', 'failed', 'deleting'],
  starting: ['connecting', 'failed', 'deleting'],
  connecting: ['idle', 'busy', 'draining', 'held', 'failed', 'deleting'],
  idle: ['busy', 'draining', 'held', 'failed', 'deleting'],
  busy: ['idle', 'draining', 'held', 'failed', 'deleting'],
  draining: ['held', 'failed', 'deleting'],
  held: ['idle', 'draining', 'failed', 'deleting'],
  failed: ['held', 'deleting'],
  deleting: ['gone'],
  gone: [],
};

/** Of an agent that runs builds for weeks, so many steps are kept. */
const MOST_STEPS = 200;

/** The agent in its next state; a step that no agent may take is a mistake of ours. */
export function moved(
  agent: Agent,
  state: AgentState,
  cause: string,
  now: Date,
  more: Partial<Agent> = {},
): Agent {
  if (!NEXT_STATES[agent.state].includes(state)) {
    throw new TypeError(`agent ${agent.id} cannot go from ${agent.state} to ${state}`);
  }
  const since = now.toISOString();
  const ended = state === 'gone' ? { phases: { ...agent.phases, ended: since } } : {};
  const journal = [...agent.journal, { at: since, state, cause }].slice(-MOST_STEPS);
  return { ...agent, ...ended, ...more, state, cause, since, journal };
}

/** Whether an agent has a place among the caps: everything but history. */
export function isPresent({ state }: Agent): boolean {
  return state !== 'gone';
}

/** Milliseconds since it came to its state. Of whole times, so that days count as days. */
export function ageInState({ since }: Agent, now: Date): number {
  return now.getTime() - Date.parse(since);
}
