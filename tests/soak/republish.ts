import { Client } from '../bench/client.ts';
import { somePackage } from '../bench/publishing.ts';
import { readAsApt, readAsDnf, readPackage } from '../bench/readers.ts';
import type { Published } from '../bench/readers.ts';
import { startServer } from '../bench/server.ts';
import type { Server } from '../bench/server.ts';
import { debTarget, rpmTarget } from '../bench/target.ts';
import { megabytes } from '../bench/statistics.ts';
import { Violation, oneOf } from './soak.ts';
import type { Soak } from './soak.ts';

const PACKAGES = 20;
const READERS = 2;
const BYTES = 30_000;

/**
 * Publishes an apt and a yum repository over and over, with packages added, replaced by other bytes
 * and deleted in between, while readers follow the index files to the packages. None may see an error.
 */
export async function republish(soak: Soak, times: number): Promise<void> {
  const server = await startServer({ folder: soak.folder('republish'), signing: 'ed25519' });
  try {
    for (const kind of ['deb', 'rpm'] as const) await republishOne(soak, server, kind, times);
    soak.say(`  memory at the end: ${megabytes(server.memory().now)}`);
  } finally {
    await server.stop();
  }
}

async function republishOne(soak: Soak, server: Server, kind: 'deb' | 'rpm', times: number) {
  const target = kind === 'deb' ? debTarget('50a') : rpmTarget('50b');
  const read = kind === 'deb' ? readAsApt : readAsDnf;
  const writer = new Client(server);
  const names = Array.from({ length: PACKAGES }, (_, index) => `soaked-${index}`);
  for (const name of names) {
    const one = somePackage(kind, name, BYTES);
    await writer.upload(target, one.name, one.bytes);
  }
  await writer.publish(target);
  let isOver = false;
  let rounds = 0;
  const reader = async () => {
    const client = new Client(server);
    while (!isOver) {
      const published = await read(client, target);
      if (published.size < PACKAGES - 1) throw new Violation(`${published.size} packages listed`);
      await readPackage(client, target, oneOf([...published], soak.random));
      rounds += 1;
    }
    client.close();
  };
  const publisher = async () => {
    for (let time = 1; time <= times; time += 1) {
      // Other bytes under a name that stands there; the last name comes and goes.
      const isLast = time % 5 === 0;
      const name = isLast ? 'soaked-last' : oneOf(names, soak.random);
      const one = somePackage(kind, name, BYTES);
      if (isLast && time % 10 === 0) await writer.remove(target, one.name);
      else await writer.upload(target, one.name, one.bytes, { force: true });
      await writer.publish(target);
      if (time % 100 === 0) soak.say(`  ${kind}: ${time} publishes, ${rounds} rounds of readers`);
    }
  };
  const readers = Array.from({ length: READERS }, reader);
  const all = [publisher(), ...readers].map((work) =>
    work.finally(() => {
      isOver = true;
    }),
  );
  await Promise.all(all);
  agree(await writer.listing(target), await read(writer, target));
  writer.close();
}

/** What is published at the end is what was uploaded: nothing lost, nothing kept. */
function agree(uploaded: Published, published: Published): void {
  const [left, right] = [uploaded.values(), published.values()].map((sums) => [...sums].sort());
  if (left?.join() !== right?.join()) throw new Violation('published is not what was uploaded');
}
