import { join } from 'node:path';
import { BINARIES_PER_REPO, fillNode } from '../corpus/filled-node.ts';
import type { Finding, Row } from '../row.ts';
import { timed } from '../run-tool.ts';
import { startServer } from '../server.ts';
import type { Server } from '../server.ts';
import { count, duration, megabytes } from '../statistics.ts';

const REPOS = 2500;
const QUICK_REPOS = 100;
const SECONDS = 3;
const BYTES = 700e6;

/** From the command to the line that says that it is ready, with as much as years of builds leave. */
export const start: Row = {
  name: 'start',
  needs: [],
  async run(bench): Promise<Finding[]> {
    const folder = bench.folder('start');
    const repos = bench.quick ? QUICK_REPOS : REPOS;
    const filling = await timed(() =>
      Promise.resolve(fillNode(join(folder, 'data', 'chacra'), repos)),
    );
    bench.say(`  ${repos} repositories written in ${duration(filling)}`);
    const seconds: number[] = [];
    const memory: number[] = [];
    const cpu: number[] = [];
    for (let run = 0; run < bench.runs; run += 1) {
      let server: Server | undefined;
      seconds.push(
        await timed(async () => (server = await startServer({ folder, signing: null }))),
      );
      if (server === undefined) throw new TypeError('it is ready');
      memory.push(server.memory().now);
      cpu.push(server.cpuSeconds());
      bench.say(
        `  ready in ${duration(seconds.at(-1) ?? NaN)}, ${duration(cpu.at(-1) ?? NaN)} of CPU, ${megabytes(memory.at(-1) ?? NaN)}`,
      );
      await server.kill();
    }
    const [best, most] = [Math.min(...seconds), Math.max(...memory)];
    return [
      {
        what: `start with ${count(repos * BINARIES_PER_REPO)} binaries in ${count(repos)} repositories`,
        ours: `${duration(best)} (slowest run ${duration(Math.max(...seconds))}; ${duration(Math.min(...cpu))} of CPU), ${megabytes(most)} resident`,
        beside: '',
        ratio: '',
        target: `≤ ${SECONDS} s, ≤ ${megabytes(BYTES)}`,
        reached: best <= SECONDS && most <= BYTES,
      },
    ];
  },
};
