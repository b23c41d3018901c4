import { join } from 'node:path';
import { Client } from '../client.ts';
import type { Corpus } from '../corpus/corpus.ts';
import { interleaved } from '../pairs.ts';
import { secondsToPublish, uploadAllButLast, warmUp } from '../publishing.ts';
import type { Bench, Finding, Row } from '../row.ts';
import { timed } from '../run-tool.ts';
import { startServer } from '../server.ts';
import type { ServerOptions } from '../server.ts';
import { compared, duration, megabytes, median } from '../statistics.ts';
import { debTarget, publishedPath } from '../target.ts';
import { Reprepro } from '../tools/reprepro.ts';
import { ftparchivePackages, ftparchiveRepo } from '../tools/ftparchive.ts';

const TIMES_REPREPRO_PER_100_MB = 250;
const TIMES_FTPARCHIVE = 1.8;

/** From the last byte of a build to its signed apt repository, beside the tools that make one of the files. */
export const publishApt: Row = {
  name: 'publish-apt',
  needs: [
    ['reprepro', 'reprepro'],
    ['apt-ftparchive', 'apt-utils'],
    ['gzip', 'gzip'],
  ],
  async run(bench): Promise<Finding[]> {
    const debs = await bench.debs();
    const archive = bench.folder('ftparchive');
    await ftparchiveRepo(debs.folder, archive);
    const figures = await interleaved(bench, {
      ours: () => publishOnce(bench, debs, { signing: 'ed25519' }),
      rsa: () => publishOnce(bench, debs, { signing: 'rsa3072' }),
      cold: () => publishOnce(bench, debs, { signing: 'ed25519', isCold: true }),
      reprepro: () => {
        const repo = new Reprepro(bench.folder('reprepro'), 'chacra');
        return timed(() => repo.includeAll(debs));
      },
      packages: () => timed(() => ftparchivePackages(debs.folder, archive)),
      archive: () => timed(() => ftparchiveRepo(debs.folder, archive)),
    });
    const what = `last byte, then \`update\` → signed apt repo served; ${debs.files.length} debs, ${megabytes(debs.bytes)}`;
    const times = Math.round((TIMES_REPREPRO_PER_100_MB * debs.bytes) / 1e8);
    const { ours, rsa, cold, reprepro, packages, archive: whole } = figures;
    return [
      compared({ what, ours, beside: reprepro, name: 'reprepro, looped as chacra does', times }),
      compared({
        what: 'the same',
        ours,
        beside: packages,
        name: 'warm `apt-ftparchive --db packages`',
        times: TIMES_FTPARCHIVE,
      }),
      compared({
        what: 'the same',
        ours,
        beside: whole,
        name: 'the same with gzip and `apt-ftparchive release`, which makes a repository of it, unsigned',
        times: TIMES_FTPARCHIVE,
      }),
      reported('the same, signed with RSA-3072', rsa),
      reported('the same, first publish of the process', cold),
    ];
  },
};

function reported(what: string, seconds: readonly number[]): Finding {
  const ours = duration(median(seconds));
  return { what, ours, beside: '', ratio: '', target: null, reached: null };
}

async function publishOnce(
  bench: Bench,
  debs: Corpus,
  { signing, isCold = false }: Pick<ServerOptions, 'signing'> & { readonly isCold?: boolean },
): Promise<number> {
  const server = await startServer({ folder: bench.folder('publish-apt'), signing });
  try {
    if (!isCold) await warmUp(server, 'deb');
    const client = new Client(server);
    const target = debTarget('b0');
    const last = await uploadAllButLast(client, target, debs);
    const file = { name: last.name, body: last };
    const seconds = await secondsToPublish(client, target, file, () =>
      client.awaitEntry(target, null),
    );
    const path = join(publishedPath(target), 'dists/bookworm/main/binary-amd64/Packages');
    const { body } = await client.get(path);
    const served = body.toString().match(/^Package: /gm)?.length ?? 0;
    if (served !== debs.files.length) throw new Error(`${served} packages are served`);
    client.close();
    return seconds;
  } finally {
    await server.stop();
  }
}
