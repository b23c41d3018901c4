import type { Collaborators } from './collaborators.ts';

/** Forgets agents that are gone for longer than history is kept; answers how many. */
export async function forgetHistory({
  agents,
  policy,
  clock,
}: Pick<Collaborators, 'agents' | 'policy' | 'clock'>): Promise<number> {
  const limit = clock.now().getTime() - policy.historyMilliseconds;
  const over = agents
    .all()
    .filter(({ state, since }) => state === 'gone' && Date.parse(since) < limit);
  for (const { id } of over) await agents.forget(id);
  return over.length;
}
