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
  run: (bench) =>
    onSite('bench-start', [], async (site): Promise<Finding[]> => {
      const server = await site.serve();
      const contestants = (count: number) => ({
        ours: (round: number) => demanded(site, server, count, `job/of-${count}/${round + 1}`),
        bare: () => site.bare.startAll(count, AT_ONCE),
      });
      // The first of a process loads code, ours and the engine's.
      await contestants(1).ours(-1);
      await contestants(1).bare();
      const one = await interleaved(bench, contestants(1));
      const many = bench.quick ? AT_ONCE : TOGETHER;
      const runs = Math.min(bench.runs, RUNS_TOGETHER);
      const together = await interleaved({ ...bench, runs }, contestants(many));
      return [
        finding('demand posted → container started', one, 1.15, 0.1),
        finding(
          `${many} agents demanded at once → all started, ${AT_ONCE} at a time`,
          together,
          1.5,
          0,
        ),
      ];
    }),
};

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
