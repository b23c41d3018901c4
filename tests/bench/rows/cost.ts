import { Client } from '../client.ts';
import { uploadAllButLast } from '../publishing.ts';
import type { Bench, Finding, Row } from '../row.ts';
import { runTool } from '../run-tool.ts';
import { startServer } from '../server.ts';
import { megabytes, median, spread } from '../statistics.ts';
import { binariesPath, debTarget } from '../target.ts';

const CPU_SECONDS_PER_GB = 5;
const DISK_SHARE = 1.01;

/** What one build costs the server in CPU and disk, with everything switched on. */
export const cost: Row = {
  name: 'cost',
  needs: [['du', 'coreutils']],
  async run(bench): Promise<Finding[]> {
    const debs = await bench.debs();
    const cpu: number[] = [];
    const disk: number[] = [];
    for (let run = 0; run < bench.runs; run += 1) {
      const costs = await uploadAndPublish(bench);
      cpu.push(costs.cpuSeconds / (debs.bytes / 1e9));
      disk.push(costs.diskBytes / debs.bytes);
      bench.say(`  run ${run + 1}: ${cpu.at(-1)?.toFixed(2)} s per GB, ${disk.at(-1)?.toFixed(4)}`);
    }
    return [
      {
        what: `server CPU per GB uploaded and published, sha512 included; ${megabytes(debs.bytes)}`,
        ours: spread(cpu, (seconds) => `${seconds.toFixed(2)} s`),
        beside: 'Gitea 12.3 s, Pulp 22.5 s (seen once, not run again)',
        ratio: `${(12.3 / median(cpu)).toFixed(1)}×`,
        target: `≤ ${CPU_SECONDS_PER_GB} s`,
        reached: median(cpu) <= CPU_SECONDS_PER_GB,
      },
      {
        what: 'disk for build and repo, apparent size, per byte uploaded',
        ours: median(disk).toFixed(4),
        beside: 'reprepro 2.0 (it copies into its pool)',
        ratio: '',
        target: `≤ ${DISK_SHARE}`,
        reached: median(disk) <= DISK_SHARE,
      },
    ];
  },
};

async function uploadAndPublish(bench: Bench) {
  const debs = await bench.debs();
  const server = await startServer({ folder: bench.folder('cost'), signing: 'ed25519' });
  try {
    const before = server.cpuSeconds();
    const client = new Client(server);
    const target = debTarget('f0');
    const last = await uploadAllButLast(client, target, debs);
    await client.upload(target, last.name, last);
    await client.update(target);
    await client.awaitEntry(target, null);
    // The listing names every sha512, so it waits until all are there.
    const { status } = await client.get(binariesPath(target));
    if (status !== 200) throw new Error(`the listing was answered ${status}`);
    const cpuSeconds = server.cpuSeconds() - before;
    client.close();
    const [bytes = ''] = (await runTool('du', ['-sb', server.data])).split('\t');
    return { cpuSeconds, diskBytes: Number(bytes) };
  } finally {
    await server.stop();
    bench.folder('cost');
  }
}
