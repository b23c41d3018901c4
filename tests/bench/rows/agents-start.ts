import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { AgentsServer } from '../agents/agents-server.ts';
import { AT_ONCE, onSite } from '../agents/agents-site.ts';
import type { AgentsSite } from '../agents/agents-site.ts';
import { lastOf } from '../agents/engine-events.ts';
import { interleaved } from '../pairs.ts';
import type { Finding, Row } from '../row.ts';
import { duration, median, spread } from '../statistics.ts';

const TOGETHER = 40;
/** Of forty; one takes ten seconds and more, and each of the forty is a sample. */
const RUNS_TOGETHER = 3;

/** From a demand to the container that runs, beside the bare create and start of the same image. */
export const agentsStart: Row = {
  name: 'agents-start',
  table: 'agents',
  needs: ['engine'],
  async run(bench): Promise<Finding[]> {
    const many = bench.quick ? AT_ONCE : TOGETHER;
    const { one, together } = await onSite('bench-start', [], (site) =>
      withClosedDoor(site.host, async (door) => {
        const server = await site.serve({ agents: [`reachableUrl: ${door}`] });
        const contestants = (count: number) => ({
          ours: (round: number) => demanded(site, server, count, `job/of-${count}/${round + 1}`),
          bare: () => site.bare.startAll(count, AT_ONCE),
        });
        // The first of a process loads code, ours and the engine's.
        await contestants(1).ours(-1);
        await contestants(1).bare();
        const one = await interleaved(bench, contestants(1));
        const runs = Math.min(bench.runs, RUNS_TOGETHER);
        return { one, together: await interleaved({ ...bench, runs }, contestants(many)) };
      }),
    );
    const busy = await onSite('bench-busy', [], async (site) => {
      const server = await site.serve();
      return demanded(site, server, many, 'job/busy/1');
    });
    const whatTogether = `${many} agents demanded at once → all started, ${AT_ONCE} at a time`;
    return [
      finding('demand posted → container started', one, 1.15, 0.1),
      finding(whatTogether, together, 1.5, 0),
      {
        what: 'the same, while each that has started fetches its bootstrap and connects; once',
        ours: duration(busy),
        beside: `bare create + start: ${spread(together.bare, duration)}`,
        ratio: `${(busy / median(together.bare)).toFixed(2)}×`,
        ...{ target: null, reached: null },
      },
    ];
  },
};

/**
 * Work with the address of somebody who lets everybody in and answers nobody. Agents that fetch their
 * bootstrap there wait: what they would do with the machine's processors is theirs, not the service's.
 */
async function withClosedDoor<T>(host: string, work: (url: string) => Promise<T>): Promise<T> {
  const waiting = new Set<Socket>();
  const door = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    waiting.add(socket);
  });
  door.listen(0, host);
  await once(door, 'listening');
  // A TCP server's address is an object; only pipes have a string.
  const { port } = door.address() as AddressInfo;
  try {
    return await work(`http://${host}:${port}/`);
  } finally {
    for (const socket of waiting) socket.destroy();
    door.close();
  }
}

/** Posts so many demands at once; the seconds until the engine says that the last container started. */
async function demanded(
  { events }: AgentsSite,
  server: AgentsServer,
  count: number,
  job: string,
): Promise<number> {
  const started = events.next('start', count);
  const begun = Date.now();
  const posted = Array.from({ length: count }, (_, number) => server.demand(`${job}${number}/`));
  const seconds = (lastOf(await started) - begun) / 1000;
  await Promise.all(posted.map(async (id) => server.endDemand(await id)));
  await server.removeAll();
  return seconds;
}

function finding(
  what: string,
  { ours, bare }: Readonly<Record<'ours' | 'bare', readonly number[]>>,
  factor: number,
  seconds: number,
): Finding {
  const more = seconds === 0 ? '' : ` + ${duration(seconds)}`;
  return {
    what,
    ours: spread(ours, duration),
    beside: `bare create + start: ${spread(bare, duration)}`,
    ratio: `${(median(ours) / median(bare)).toFixed(2)}×`,
    target: `≤ ${factor.toFixed(2)}×${more}`,
    reached: median(ours) <= median(bare) * factor + seconds,
  };
}
