import type { DemoAgents } from './agent-service.ts';
import type { FollowedAgents } from './follow-agents.ts';

/** Why the first agent that failed did so, in its own last words, and what to look at. */
export async function failureOf(
  agents: DemoAgents,
  followed: FollowedAgents,
  gateway: string,
): Promise<Error> {
  const failed = followed.failed();
  if (failed === null) return new Error('no agent failed');
  const { last_log: lines } = await agents.detail(failed.id);
  const said = [`the agent ${failed.node} failed: ${failed.cause}`, ...lines].join('\n');
  if (!/fetched|answer|reach|connect/.test(said)) return new Error(said);
  return new Error(
    `${said}\nDoes a firewall keep containers from this machine, at ${gateway} (ufw allow in on docker0)?`,
  );
}
