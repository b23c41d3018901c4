import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../client.ts';
import { secondsToPublish, somePackage } from '../publishing.ts';
import type { Finding, Row } from '../row.ts';
import { startServer } from '../server.ts';
import { duration, megabytes, median, quantile, spread } from '../statistics.ts';
import { debTarget, publishedPath } from '../target.ts';

const MILLISECONDS = 15;
const IDLE_BYTES = 120e6;
const ROUNDS = 15;
const SETTLE_MILLISECONDS = 5000;

/** One more deb in the repository of a real build, until `Packages` names it; and what idling costs. */
export const oneMoreVisible: Row = {
  name: 'one-more-visible',
  needs: [],
  async run(bench): Promise<Finding[]> {
    const debs = await bench.debs();
    const folder = bench.folder('visible');
    const server = await startServer({ folder, signing: 'ed25519' });
    await pause(SETTLE_MILLISECONDS);
    const started = server.memory().now;
    const client = new Client(server);
    const target = debTarget('ab');
    for (const file of debs.files) await client.upload(target, file.name, file);
    await client.publish(target);
    const path = `${publishedPath(target)}dists/bookworm/main/binary-amd64/Packages`;
    const seconds: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const { name, bytes } = somePackage('deb', `seen-${round}`, 100_000);
      const isVisible = async () => {
        while (!(await client.get(path)).body.includes(`Package: seen-${round}\n`)) await pause(1);
      };
      seconds.push(await secondsToPublish(client, target, { name, body: bytes }, isVisible));
    }
    bench.say(`  ${seconds.map(duration).join(', ')}`);
    client.close();
    await pause(SETTLE_MILLISECONDS);
    const worked = server.memory();
    await server.stop();
    const again = await startServer({ folder, signing: 'ed25519' });
    await pause(SETTLE_MILLISECONDS);
    const restarted = again.memory().now;
    await again.stop();
    bench.folder('visible');
    const middle = median(seconds);
    return [
      {
        what: `last byte, then \`update\` → one more deb visible in \`Packages\`, ${debs.files.length} there, signed`,
        ours: `${spread(seconds, duration)}, p95 ${duration(quantile(seconds, 0.95))}`,
        beside: 'Gitea 0.16 s, Pulp 0.7–1.2 s, chacra 116 s (seen once, not run again)',
        ratio: `${(0.16 / middle).toFixed(0)}×`,
        target: `≤ ${MILLISECONDS} ms`,
        reached: middle <= MILLISECONDS / 1000,
      },
      {
        what: 'idle memory (RSS) of a started server with that repo',
        ours: `${megabytes(restarted)}; without data ${megabytes(started)}`,
        beside: 'Gitea 248 MB, Pulp 699 MB (seen once, not run again)',
        ratio: `${(248e6 / restarted).toFixed(1)}×`,
        target: '≤ 120 MB',
        reached: restarted <= IDLE_BYTES,
      },
      {
        what: `the same, ${SETTLE_MILLISECONDS / 1000} s after the upload of ${megabytes(debs.bytes)}`,
        ours: `${megabytes(worked.now)}, at most ${megabytes(worked.peak)}`,
        beside: '',
        ratio: '',
        target: '≤ 120 MB',
        reached: worked.now <= IDLE_BYTES,
      },
    ];
  },
};
