import type { Bench, Finding } from '../row.ts';
import { timed } from '../run-tool.ts';
import { count, duration, megabytes } from '../statistics.ts';
import type { Server } from '../server.ts';
import type { Filled } from './shaman-asking.ts';
import { startShaman } from './shaman-server.ts';

const SECONDS = 4;
const BYTES = 500e6;

/** Memory after all that was asked before, and after the longest answer there is. */
export async function memoryFinding({ server, seed }: Filled): Promise<Finding> {
  const response = await fetch(new URL('/api/search/?project=ceph', server.url));
  const bytes = (await response.arrayBuffer()).byteLength;
  const { now, peak } = server.memory();
  return {
    what: `memory after all of this, and a search that finds all ${count(seed.records)} (${megabytes(bytes)})`,
    ours: `${megabytes(now)}, peak ${megabytes(peak)}`,
    beside: '',
    ratio: '',
    target: null,
    reached: null,
  };
}

/** From the command to the line that says that it is ready. */
export async function startFinding(bench: Bench, filled: Filled): Promise<Finding> {
  await filled.server.kill();
  const seconds: number[] = [];
  const memory: number[] = [];
  const cpu: number[] = [];
  for (let run = 0; run < bench.runs; run += 1) {
    let server: Server | undefined;
    seconds.push(await timed(async () => (server = await startShaman(filled.folder))));
    memory.push(server?.memory().now ?? Number.NaN);
    cpu.push(server?.cpuSeconds() ?? Number.NaN);
    bench.say(
      `  started in ${duration(seconds.at(-1) ?? Number.NaN)}, ${duration(cpu.at(-1) ?? Number.NaN)} of CPU`,
    );
    // As a crash would: the next start finds the journal as this one did.
    await server?.kill();
  }
  const best = Math.min(...seconds);
  const most = Math.max(...memory);
  return {
    what: `start with ${count(filled.seed.records)} records, after a crash`,
    ours: `${duration(best)} (slowest run ${duration(Math.max(...seconds))}; ${duration(Math.min(...cpu))} of CPU), ${megabytes(most)} resident`,
    beside: '',
    ratio: '',
    target: `≤ ${SECONDS} s, ≤ ${megabytes(BYTES)}`,
    reached: best <= SECONDS && most <= BYTES,
  };
}
