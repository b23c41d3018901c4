import { Client } from '../bench/client.ts';
import { somePackage } from '../bench/publishing.ts';
import { digest } from '../bench/readers.ts';
import type { Server } from '../bench/server.ts';
import type { Expected } from './expected.ts';
import { Violation, oneOf } from './soak.ts';
import type { Soak } from './soak.ts';

const UPLOADERS = 3;
const SIZES = [2000, 30_000, 1_500_000];

/** Uploads, replaces, deletes and publishes until the server is gone; answers how much was acknowledged. */
export async function work(
  soak: Soak,
  server: Server,
  expected: readonly Expected[],
): Promise<number> {
  const loops = [
    ...Array.from({ length: UPLOADERS }, () => (client: Client, repo: Expected) => {
      return soak.random() < 0.2 ? change(soak, client, repo) : add(soak, client, repo);
    }),
    update,
  ];
  const counts = await Promise.all(loops.map((step) => loop(soak, server, expected, step)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function loop(
  soak: Soak,
  server: Server,
  expected: readonly Expected[],
  step: (client: Client, repo: Expected) => Promise<void>,
): Promise<number> {
  const client = new Client(server);
  for (let acknowledged = 0; ; acknowledged += 1) {
    try {
      await step(client, oneOf(expected, soak.random));
    } catch (error) {
      client.close();
      // A connection that breaks is the crash; an answer that refuses is not.
      if (error instanceof Error && 'code' in error) return acknowledged;
      throw new Violation('a request was refused', { cause: error });
    }
  }
}

async function add(soak: Soak, client: Client, repo: Expected): Promise<void> {
  await upload(soak, client, repo, repo.newName());
}

/** Replaces or deletes what stands under a name. */
async function change(soak: Soak, client: Client, repo: Expected): Promise<void> {
  const names = repo.settledNames();
  // The last one stays, or the repo would go with it.
  if (names.length < 10) return add(soak, client, repo);
  const fileName = oneOf(names, soak.random);
  if (soak.random() < 0.5) {
    await upload(soak, client, repo, fileName.split(/[_-]1\.0/, 1)[0] ?? '');
    return;
  }
  repo.ask(fileName, null);
  await client.remove(repo.target, fileName);
  repo.acknowledge(fileName, null);
}

async function upload(soak: Soak, client: Client, repo: Expected, name: string): Promise<void> {
  const kind = repo.target.distro === 'centos/9' ? 'rpm' : 'deb';
  const one = somePackage(kind, name, oneOf(SIZES, soak.random));
  const sha256 = digest(one.bytes);
  repo.ask(one.name, sha256);
  await client.upload(repo.target, one.name, one.bytes, { force: true });
  repo.acknowledge(one.name, sha256);
}

async function update(client: Client, repo: Expected): Promise<void> {
  // A repo that nothing was uploaded to is not there to be updated.
  if (repo.settledNames().length === 0) {
    await client.get('/health/');
    return;
  }
  repo.promise(await client.update(repo.target));
}
