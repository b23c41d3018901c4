import type { AgentLoops } from './agent-loops.ts';
import type { Collaborators } from './collaborators.ts';
import { isQuarantined } from './rules/brake.ts';

/** Tried so often and still there: somebody should look. */
const STUCK_AFTER = 5;

/** What keeps agents from being made or removed as they should; empty when everything is well. */
export function agentProblems(
  { situation, standing, agents }: Collaborators,
  loops: Pick<AgentLoops, 'stuck'>,
): string[] {
  const { jenkins, hosts, images, templateProblems } = situation;
  const stuck = [...loops.stuck].filter(
    ([id, { count }]) => count >= STUCK_AFTER && agents.get(id),
  );
  return [
    ...(jenkins.awayReason === null ? [] : [`Jenkins does not answer: ${jenkins.awayReason}`]),
    ...hosts.flatMap(({ settings, awayReason, awaySince }) =>
      awayReason === null
        ? []
        : [`host ${settings.name} does not answer since ${awaySince ?? ''}: ${awayReason}`],
    ),
    ...images.failing.map(
      ({ host, image, failed }) => `image ${image} on host ${host}: ${failed?.reason ?? ''}`,
    ),
    ...templateProblems.map((problem) => `templates: ${problem}`),
    ...Object.entries(standing.get().brakes)
      .filter(([, brake]) => isQuarantined(brake))
      .map(
        ([name, { failures, reason }]) => `template ${name} failed ${failures} times: ${reason}`,
      ),
    ...stuck.map(([id, { reason }]) => `agent ${id} cannot be removed: ${reason}`),
  ];
}
