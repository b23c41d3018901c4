import { Client } from '../client.ts';
import type { Corpus } from '../corpus/corpus.ts';
import { interleaved } from '../pairs.ts';
import { secondsToPublish, uploadAllButLast, warmUp } from '../publishing.ts';
import type { Bench, Finding, Row } from '../row.ts';
import { timed } from '../run-tool.ts';
import { startServer } from '../server.ts';
import { compared, megabytes } from '../statistics.ts';
import { rpmTarget } from '../target.ts';
import { createrepo, createrepoCached } from '../tools/createrepo.ts';

const TIMES_CREATEREPO_PER_100_MB = 2.2;
const TIMES_CACHED = 1.7;

/** From the last byte of a build to its signed yum repository, beside createrepo_c on the same files. */
export const publishYum: Row = {
  name: 'publish-yum',
  needs: [
    ['createrepo_c', 'createrepo-c'],
    ['rpmbuild', 'rpm'],
    ['dpkg-deb', 'dpkg'],
  ],
  async run(bench): Promise<Finding[]> {
    const rpms = await bench.rpms();
    const cached = bench.folder('createrepo-cached');
    await createrepoCached(rpms.folder, cached);
    const { ours, fresh, warm } = await interleaved(bench, {
      ours: () => publishOnce(bench, rpms),
      fresh: () => timed(() => createrepo(rpms.folder, bench.folder('createrepo'))),
      warm: () => timed(() => createrepoCached(rpms.folder, cached)),
    });
    const what = `last byte, then \`update\` → signed yum repo served; ${rpms.files.length} rpms, ${megabytes(rpms.bytes)}`;
    const times = (TIMES_CREATEREPO_PER_100_MB * rpms.bytes) / 1e8;
    return [
      compared({ what, ours, beside: fresh, name: '`createrepo_c --no-database`', times }),
      compared({
        what: 'the same',
        ours,
        beside: warm,
        name: 'the same with a warm `--cachedir`',
        times: TIMES_CACHED,
      }),
    ];
  },
};

async function publishOnce(bench: Bench, rpms: Corpus): Promise<number> {
  const server = await startServer({ folder: bench.folder('publish-yum'), signing: 'ed25519' });
  try {
    await warmUp(server, 'rpm');
    const client = new Client(server);
    const target = rpmTarget('b1');
    const last = await uploadAllButLast(client, target, rpms);
    const file = { name: last.name, body: last };
    const seconds = await secondsToPublish(client, target, file, () =>
      client.awaitEntry(target, null),
    );
    client.close();
    return seconds;
  } finally {
    await server.stop();
  }
}
