import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeSigningKey } from '../../services/adapters/make-signing-key.ts';
import { Client } from '../bench/client.ts';
import { KEY, nodeConfiguration } from '../fixtures/chacra.ts';
import { killAtChange } from '../fixtures/kill-at-change.ts';
import { startProcess, writeConfiguration } from '../fixtures/service-process.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { WorkedRepo } from '../fixtures/worked-repo.ts';
import { oneOf, seeded } from '../soak/soak.ts';

const CRASHES = 16;
const SEED = 20;
const MOST_CHANGES = 120;
const UPLOADERS = 2;

/** A connection that broke is the crash; an answer that refuses or lies is not. */
const isCrash = (cause: unknown): boolean =>
  cause instanceof TypeError || (cause instanceof Error && 'code' in cause);

/** Uploads, publishes and reads until the node is gone. */
async function work(url: string, repos: readonly WorkedRepo[], random: () => number) {
  const loop = async (step: (client: Client, repo: WorkedRepo) => Promise<void>): Promise<void> => {
    const client = new Client({ url, credentials: `builder:${KEY}` });
    try {
      for (;;) await step(client, oneOf(repos, random));
    } catch (cause) {
      if (!isCrash(cause)) throw cause;
    } finally {
      client.close();
    }
  };
  const uploaders = Array.from({ length: UPLOADERS }, (_, uploader) =>
    loop((client, repo) => repo.change(client, uploader)),
  );
  const publisher = loop((client, repo) => repo.update(client));
  const reader = loop((client, repo) => repo.read(client, url));
  await Promise.all([...uploaders, publisher, reader]);
}

t.test('kill -9 in the middle of uploads and publishes loses and half-does nothing', async (t) => {
  const folder = testFolder(t);
  mkdirSync(folder, { recursive: true });
  const { armoredKey } = await makeSigningKey({ type: 'ed25519', name: 'Our builds' });
  writeFileSync(join(folder, 'signing.asc'), armoredKey);
  const text = nodeConfiguration({
    chacra: `  signing: { keyFile: signing.asc }
  quietSeconds: 0.2
  projects: { bench: { combined: [bookworm, trixie] } }`,
  });
  const config = writeConfiguration(folder, text);
  const data = join(folder, 'data', 'chacra');
  const random = seeded(SEED);
  const [bookworm, trixie, yum] = [
    new WorkedRepo('deb', random),
    new WorkedRepo('deb', random, 'trixie'),
    new WorkedRepo('rpm', random),
  ];
  const repos = [bookworm, trixie, yum];

  for (let crash = 0; ; crash += 1) {
    const node = await startProcess(t, 'chacra', { config });
    t.same(readdirSync(join(data, 'incoming')), [], 'nothing half done is left');
    t.same(readdirSync(join(data, 'trash')), []);
    const client = new Client({ url: node.url, credentials: `builder:${KEY}` });
    for (const repo of repos) t.same(await repo.settle(client, node.url), []);
    await bookworm.awaitThose(client, node.url, trixie);
    await trixie.awaitThose(client, node.url, bookworm);
    client.close();
    if (crash === CRASHES) {
      await node.end('SIGTERM');
      break;
    }
    const working = work(node.url, repos, random);
    await Promise.race([
      working,
      killAtChange(node.pid, data, 1 + Math.floor(random() * MOST_CHANGES)),
    ]);
    await node.end();
    await working;
  }
  const counts = repos.map(({ acknowledged }) => acknowledged);
  t.ok(
    counts.every((count) => count > CRASHES),
    `${counts.join(', ')} were acknowledged`,
  );
});
