import { Client } from '../bench/client.ts';
import { digest, readAsApt, readAsDnf, readPackage } from '../bench/readers.ts';
import type { Server } from '../bench/server.ts';
import { binariesPath } from '../bench/target.ts';
import type { Expected } from './expected.ts';
import { Violation, oneOf } from './soak.ts';
import type { Soak } from './soak.ts';

const SAMPLES = 3;

/** Holds a server that was just started to what the one before it had acknowledged. */
export async function check(
  soak: Soak,
  server: Server,
  expected: readonly Expected[],
): Promise<void> {
  const client = new Client(server);
  for (const repo of expected) {
    const { target } = repo;
    const listed = await client.listing(target);
    const { wrong, open } = repo.settle(listed);
    if (wrong.length > 0) throw new Violation(`${target.sha1}: ${wrong.join('; ')}`);
    for (const name of open) await sameBytes(client, repo, name, listed.get(name));
    if (repo.generation === 0) continue;
    // What was promised comes without anybody asking again.
    await client.awaitGeneration(target, repo.generation);
    const read = target.distro === 'centos/9' ? readAsDnf : readAsApt;
    const published = [...(await read(client, target))];
    for (let sample = 0; sample < SAMPLES && published.length > 0; sample += 1) {
      await readPackage(client, target, oneOf(published, soak.random));
    }
    await client.publish(target);
    const all = [...(await read(client, target)).values()].sort();
    if (all.join() !== [...listed.values()].sort().join()) {
      throw new Violation(`${target.sha1}: published is not what was uploaded`);
    }
  }
  client.close();
}

/** What arrived while the server died is there whole or not at all. */
async function sameBytes(
  client: Client,
  { target }: Expected,
  name: string,
  sha256: string | undefined,
): Promise<void> {
  const { status, body } = await client.get(binariesPath(target) + encodeURIComponent(name));
  if (sha256 === undefined && status === 404) return;
  if (status === 200 && digest(body) === sha256) return;
  throw new Violation(`${name} was answered ${status} with ${body.length} bytes`);
}
