import { Client } from '../client.ts';
import { secondsToPublish, somePackage, warmUp } from '../publishing.ts';
import type { Finding, Row } from '../row.ts';
import { startServer } from '../server.ts';
import { duration, median, spread } from '../statistics.ts';
import { debTarget, entryPath, publishedPath } from '../target.ts';

const CODENAMES = ['bookworm', 'trixie', 'jammy', 'noble', 'focal'] as const;
const EACH = 120;
const BYTES = 20_000;
const ROUNDS = 15;
const MILLISECONDS = 40;

/** One more deb in a repository that holds the packages of five distros, each under its own codename. */
export const combined: Row = {
  name: 'combined',
  needs: [],
  async run(bench): Promise<Finding[]> {
    const folder = bench.folder('combined');
    const server = await startServer({ folder, signing: 'ed25519', combined: CODENAMES });
    await warmUp(server, 'deb');
    const client = new Client(server);
    const target = debTarget('ce');
    for (const codename of CODENAMES) {
      for (let at = 0; at < EACH; at += 1) {
        const { name, bytes } = somePackage('deb', `${codename}-${at}`, BYTES);
        await client.upload(debTarget('ce', codename), name, bytes);
      }
    }
    await client.publish(target);
    for (const codename of CODENAMES) {
      const path = `${publishedPath(target)}dists/${codename}/main/binary-amd64/Packages`;
      const { body } = await client.get(path);
      const served = body.toString().match(/^Package: /gm)?.length ?? 0;
      if (served !== EACH) throw new Error(`${served} packages are served for ${codename}`);
    }
    const seconds: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const { name, bytes } = somePackage('deb', `more-${round}`, BYTES);
      const { body: before } = await client.get(entryPath(target));
      const isServed = () => client.awaitEntry(target, before);
      seconds.push(await secondsToPublish(client, target, { name, body: bytes }, isServed));
    }
    client.close();
    await server.stop();
    return [
      {
        what: `one more deb in a repository combined from ${CODENAMES.length} distros, ${CODENAMES.length * EACH} packages, signed; last byte → served`,
        ours: spread(seconds, duration),
        beside: '',
        ratio: '',
        target: `≤ ${MILLISECONDS} ms`,
        reached: median(seconds) <= MILLISECONDS / 1000,
      },
    ];
  },
};
