import { setTimeout as wait } from 'node:timers/promises';
import { onSite } from '../agents/agents-site.ts';
import type { AgentsSite } from '../agents/agents-site.ts';
import { told } from '../agents/controller.ts';
import { lastOf } from '../agents/engine-events.ts';
import type { Finding, Row } from '../row.ts';
import { duration, spread } from '../statistics.ts';

const AGENTS = 10;
const SECONDS = 1;
const LOOK_MILLISECONDS = 5;
const HELD = {
  ...({ name: 'bench', label: 'noble', body: { kind: 'hold' }, quietMilliseconds: 0 } as const),
  ...{ concurrent: true, parameters: { number: '0' } },
};

/** From the death of a container to the end of its node, so that no build waits for a ghost. */
export const agentsDeath: Row = {
  name: 'agents-death',
  table: 'agents',
  needs: ['engine'],
  run: (bench) =>
    onSite('bench-death', [HELD], async (site): Promise<Finding[]> => {
      const server = await site.serve();
      const { controller } = site;
      await server.order(AGENTS);
      const isReady = ({ state }: { readonly state: string }) => state === 'idle';
      await server.until((agents) => agents.filter(isReady).length === AGENTS);
      // Half of them run a build when they are killed.
      for (let number = 0; number < AGENTS / 2; number += 1) {
        await told(controller.api.startBuild(HELD.name, { number: String(number) }));
      }
      const isBusy = ({ state }: { readonly state: string }) => state === 'draining';
      const agents = await server.until((now) => now.filter(isBusy).length === AGENTS / 2);
      const seconds: number[] = [];
      for (const { node, container } of agents) {
        seconds.push(await killed(site, node, container ?? ''));
        bench.say(`  its node was deleted after ${duration(seconds.at(-1) ?? Number.NaN)}`);
      }
      const longest = Math.max(...seconds);
      return [
        {
          what: 'container dies, idle or with a build → its node is deleted',
          ours: spread(seconds, duration),
          beside: "Jenkins' own ping: up to 9 min; docker-plugin: 5 min (not run)",
          ratio: '',
          target: `≤ ${duration(SECONDS)}`,
          reached: longest <= SECONDS,
        },
      ];
    }),
};

async function killed(
  { docker, controller, events }: AgentsSite,
  node: string,
  container: string,
): Promise<number> {
  const died = events.next('die', 1, (event) => event.container === container);
  void docker.getContainer(container).kill();
  const at = lastOf(await died);
  while (await controller.hasNode(node)) await wait(LOOK_MILLISECONDS);
  return (Date.now() - at) / 1000;
}
