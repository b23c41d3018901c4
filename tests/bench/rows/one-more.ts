import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '../client.ts';
import type { Corpus } from '../corpus/corpus.ts';
import { interleaved } from '../pairs.ts';
import { secondsToPublish, somePackage, warmUp } from '../publishing.ts';
import type { Bench, Finding, Row } from '../row.ts';
import { timed } from '../run-tool.ts';
import { startServer } from '../server.ts';
import { compared } from '../statistics.ts';
import { debTarget, entryPath, rpmTarget } from '../target.ts';
import { createrepo, createrepoUpdate } from '../tools/createrepo.ts';
import { ftparchiveRepo } from '../tools/ftparchive.ts';
import { Reprepro } from '../tools/reprepro.ts';

const THERE = 554;
const BYTES = 1_000_000;
const LEAST_RUNS = 11;

/** One more apt package among 555, the way a second leg of a build brings it. */
export const oneMoreDeb: Row = {
  name: 'one-more-deb',
  needs: [
    ['reprepro', 'reprepro'],
    ['apt-ftparchive', 'apt-utils'],
  ],
  async run(bench): Promise<Finding[]> {
    const debs = bench.smallDebs(THERE);
    const files = bench.folder('one-more-debs');
    cpSync(debs.folder, files, { recursive: true });
    const archive = bench.folder('one-more-archive');
    await ftparchiveRepo(files, archive);
    const [plain, full] = (['plain', 'chacra'] as const).map(
      (setup) => new Reprepro(bench.folder(`one-more-${setup}`), setup),
    );
    if (plain === undefined || full === undefined) throw new TypeError('there are two setups');
    await plain.includeAtOnce(debs);
    await full.includeAtOnce(debs);
    const one = await startWith(bench, debs, 'deb');
    const figures = await interleaved(moreRuns(bench), {
      ours: one.add,
      plain: (round) => timed(() => plain.include(saved(files, 'plain', round))),
      full: (round) => timed(() => full.include(saved(files, 'full', round))),
      archive: () => timed(() => ftparchiveRepo(files, archive)),
    }).finally(one.stop);
    const { ours } = figures;
    const what = 'one more deb of 1 MB among 555, signed';
    return [
      compared({ what, ours, beside: figures.plain, name: 'reprepro, no Contents', times: 4 }),
      compared({
        what: 'the same',
        ours,
        beside: figures.full,
        name: 'reprepro as chacra configures it',
        times: null,
      }),
      compared({
        what: 'the same',
        ours,
        beside: figures.archive,
        name: 'warm `apt-ftparchive --db`, gzip, release, unsigned',
        times: null,
      }),
    ];
  },
};

/** One more yum package among 555. */
export const oneMoreRpm: Row = {
  name: 'one-more-rpm',
  needs: [['createrepo_c', 'createrepo-c']],
  async run(bench): Promise<Finding[]> {
    const rpms = bench.smallRpms(THERE);
    const files = bench.folder('one-more-rpms');
    cpSync(rpms.folder, files, { recursive: true });
    const out = bench.folder('one-more-repo');
    await createrepo(files, out);
    const one = await startWith(bench, rpms, 'rpm');
    const { ours, update } = await interleaved(moreRuns(bench), {
      ours: one.add,
      update: (round) => {
        const { name, bytes } = somePackage('rpm', `theirs-${round}`, BYTES);
        writeFileSync(join(files, name), bytes);
        return timed(() => createrepoUpdate(files, out));
      },
    }).finally(one.stop);
    const what = 'one more rpm of 1 MB among 555, signed';
    const name = '`createrepo_c --update --no-database`';
    return [compared({ what, ours, beside: update, name, times: 2 })];
  },
};

/** These runs are short, and more of them cost little. */
function moreRuns({ runs, say }: Bench): Pick<Bench, 'runs' | 'say'> {
  return { runs: Math.max(runs, LEAST_RUNS), say };
}

function saved(folder: string, label: string, round: number) {
  const { name, bytes } = somePackage('deb', `${label}-${round}`, BYTES);
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return { name, path, size: bytes.length };
}

async function startWith(bench: Bench, corpus: Corpus, kind: 'deb' | 'rpm') {
  const server = await startServer({
    folder: bench.folder(`one-more-${kind}`),
    signing: 'ed25519',
  });
  await warmUp(server, kind);
  const client = new Client(server);
  const target = kind === 'deb' ? debTarget('c0') : rpmTarget('c1');
  for (const file of corpus.files) await client.upload(target, file.name, file);
  await client.publish(target);
  const add = async (round: number) => {
    const { name, bytes } = somePackage(kind, `ours-${round}`, BYTES);
    const { body: before } = await client.get(entryPath(target));
    return secondsToPublish(client, target, { name, body: bytes }, () =>
      client.awaitEntry(target, before),
    );
  };
  const stop = async () => {
    client.close();
    await server.stop();
  };
  return { add, stop };
}
