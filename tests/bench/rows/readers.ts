import { Client } from '../client.ts';
import { somePackage } from '../publishing.ts';
import { readAsApt } from '../readers.ts';
import type { Published } from '../readers.ts';
import type { Bench, Finding, Row } from '../row.ts';
import { startServer } from '../server.ts';
import type { Server } from '../server.ts';
import { debTarget } from '../target.ts';
import type { Target } from '../target.ts';

const ARRIVING = 30;
const READERS = 2;

/** Readers that follow InRelease → by-hash while packages arrive and each is published at once. */
export const readersWhileArriving: Row = {
  name: 'readers',
  needs: [],
  async run(bench): Promise<Finding[]> {
    const server = await startServer({ folder: bench.folder('readers'), signing: 'ed25519' });
    const findings: Finding[] = [];
    try {
      for (const uploaders of [1, 4]) {
        const target = debTarget(`ad${uploaders}`);
        const { rounds, errors } = await arrive(bench, server, target, uploaders);
        const beside =
          uploaders === 1
            ? 'Gitea: 46 missing of 159 rounds, uploads answered 500; Pulp without by-hash: 13 mismatches (seen once)'
            : '';
        findings.push({
          what: `readers while ${ARRIVING} debs arrive by ${uploaders}, each published`,
          ours: `${errors} errors in ${rounds} rounds`,
          beside,
          ratio: '',
          target: '0 errors',
          reached: errors === 0 && rounds > 0,
        });
      }
    } finally {
      await server.stop();
    }
    return findings;
  },
};

async function arrive(bench: Bench, server: Server, target: Target, uploaders: number) {
  const first = new Client(server);
  const { name, bytes } = somePackage('deb', 'first', 20_000);
  await first.upload(target, name, bytes);
  await first.publish(target);
  let isOver = false;
  let rounds = 0;
  let errors = 0;
  const read = async () => {
    const client = new Client(server);
    let before: Published = new Map();
    while (!isOver) {
      try {
        const names = await readAsApt(client, target);
        if ([...before.keys()].some((known) => !names.has(known)))
          throw new Error('a package vanished');
        before = names;
      } catch (error) {
        errors += 1;
        bench.say(`  reader: ${error instanceof Error ? error.message : String(error)}`);
      }
      rounds += 1;
    }
    client.close();
  };
  const upload = async (uploader: number) => {
    const client = new Client(server);
    for (let index = uploader; index < ARRIVING; index += uploaders) {
      const one = somePackage('deb', `arriving-${index}`, 200_000);
      await client.upload(target, one.name, one.bytes);
      await client.publish(target);
    }
    client.close();
  };
  const reading = Array.from({ length: READERS }, read);
  const uploads = Array.from({ length: uploaders }, (_, index) => upload(index));
  await Promise.all(uploads).finally(() => {
    isOver = true;
  });
  await Promise.all(reading);
  const names = await readAsApt(first, target);
  if (names.size !== ARRIVING + 1) throw new Error(`${names.size} packages are served at the end`);
  first.close();
  return { rounds, errors };
}
