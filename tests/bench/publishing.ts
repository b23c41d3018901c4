import { readFileSync } from 'node:fs';
import { collectGarbage } from './client-garbage.ts';
import { smallDeb } from './corpus/debs.ts';
import { smallRpm } from './corpus/rpms.ts';
import type { Corpus } from './corpus/corpus.ts';
import { Client } from './client.ts';
import type { Body } from './client.ts';
import type { Server } from './server.ts';
import { debTarget, entryPath, rpmTarget } from './target.ts';
import type { Target } from './target.ts';

const WARM_PACKAGES = 60;
const WARM_ROUNDS = 30;

/**
 * Lets a new process publish and serve other packages for a while: the tools beside it are compiled
 * programs, and a storage node runs for months. What is measured later was never published before.
 */
export async function warmUp(server: Server, kind: 'deb' | 'rpm'): Promise<void> {
  const client = new Client(server);
  const target = kind === 'deb' ? debTarget('aa') : rpmTarget('aa');
  for (let round = 0; round < WARM_ROUNDS; round += 1) {
    for (let index = 0; index < WARM_PACKAGES / WARM_ROUNDS; index += 1) {
      const one = somePackage(kind, `warm-${round}-${index}`, 20_000);
      await client.upload(target, one.name, one.bytes);
    }
    await client.publish(target);
    await client.get(entryPath(target));
  }
  client.close();
}

/** A new small package of the kind. */
export function somePackage(kind: 'deb' | 'rpm', name: string, bytes: number) {
  return kind === 'deb'
    ? { name: `${name}_1.0-1_amd64.deb`, bytes: smallDeb(name, '1.0-1', bytes) }
    : { name: `${name}-1.0-1.x86_64.rpm`, bytes: smallRpm(name, bytes) };
}

/** Uploads all but the last file of a corpus, the smallest. */
export async function uploadAllButLast(client: Client, target: Target, corpus: Corpus) {
  const last = corpus.files.at(-1);
  if (last === undefined) throw new Error('the corpus is empty');
  for (const file of corpus.files) {
    if (file !== last) await client.upload(target, file.name, file);
  }
  return last;
}

/**
 * Seconds from the last byte of an upload, with the `update` after it, to what `isServed` waits for.
 * The update is held until its publish is live: a client that polls would be in its way.
 */
export async function secondsToPublish(
  client: Client,
  target: Target,
  file: { readonly name: string; readonly body: Body },
  isServed: () => Promise<unknown>,
): Promise<number> {
  let started = 0n;
  const body = 'path' in file.body ? readFileSync(file.body.path) : file.body;
  collectGarbage();
  await client.upload(target, file.name, body, {
    onLastByte: () => {
      started = process.hrtime.bigint();
    },
  });
  await client.publish(target);
  await isServed();
  return Number(process.hrtime.bigint() - started) / 1e9;
}
