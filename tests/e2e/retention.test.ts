import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { makeSigningKey } from '../../services/adapters/make-signing-key.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { ShamanServer } from '../fakes/shaman-server.ts';
import { authorization, nodeConfiguration, startNode } from '../fixtures/chacra.ts';
import { fetchNamed, followApt } from '../fixtures/follow-repo.ts';
import { killAtChange } from '../fixtures/kill-at-change.ts';
import { startProcess, writeConfiguration } from '../fixtures/service-process.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { tellingConfiguration } from '../fixtures/telling-node.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { oneOf, seeded } from '../soak/soak.ts';

const DAY = 86_400_000;
const SUITES = ['bookworm', 'trixie'];
const ROUNDS = 6;
const SEED = 6;

type Ask = (method: string, path: string, body?: Uint8Array) => Promise<unknown>;

const sha1Of = (number: number): string => number.toString(16).padStart(40, '0');
const repoOf = (sha1: string, suite: string): string => `ceph/main/${sha1}/debian/${suite}`;

async function keyIn(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const { armoredKey } = await makeSigningKey({ type: 'ed25519', name: 'Our builds' });
  writeFileSync(join(folder, 'signing.asc'), armoredKey);
  return '  signing: { keyFile: signing.asc }';
}

function asking(url: string): Ask {
  return async (method, path, body) => {
    const headers = { authorization: authorization() };
    const answer = await fetch(url + path, { method, headers, body: body ?? null });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === '' ? null : JSON.parse(text)) as unknown;
  };
}

/** Two repos of one sha1, published. */
async function build(ask: Ask, sha1: string): Promise<void> {
  for (const suite of SUITES) {
    const deb = someDeb('hello', '1.0-1', 'amd64', `${sha1} ${suite}`);
    await ask('PUT', `binaries/${repoOf(sha1, suite)}/x86_64/${deb.name}`, deb.bytes);
    await ask('POST', `repos/${repoOf(sha1, suite)}/update`);
  }
  for (const suite of SUITES) {
    for (;;) {
      // The node's own JSON, whose shape other tests hold it to.
      const { status } = (await ask('GET', `repos/${repoOf(sha1, suite)}/`)) as { status: string };
      if (status === 'ready') break;
      if (status === 'failed') throw new Error(`${sha1} failed`);
      await turn();
    }
  }
}

async function sha1sOf(ask: Ask): Promise<string[]> {
  const refs = (await ask('GET', 'repos/ceph/').catch(() => ({}))) as Record<string, string[]>;
  return refs['main'] ?? [];
}

/** Follows a published repo to the last byte; false when it is not there to begin with. */
async function follow(url: string, sha1: string, suite: string): Promise<boolean> {
  const root = `${url}r/${repoOf(sha1, suite)}/flavors/default/`;
  const entry = await fetch(`${root}dists/${suite}/InRelease`);
  const text = await entry.text();
  if (entry.status === 404) return false;
  if (entry.status !== 200) throw new Error(`${entry.url}: ${entry.status} ${text}`);
  const packages = await followApt(root, suite, text);
  for (const named of packages) await fetchNamed(root, named);
  if (packages.length !== 1) throw new Error(`${root} has ${packages.length} packages`);
  return true;
}

t.test('who follows an index while retention deletes meets no error', async (t) => {
  const folder = testFolder(t);
  const clock = new ManualClock();
  const chacra = [
    await keyIn(folder),
    '  projects: { ceph: { automatic: false } }',
    '  retention: [{ days: 1 }]',
  ];
  const node = await startNode(t, { folder, clock, chacra: chacra.join('\n') });
  const ask = asking(node.url);
  const all = Array.from({ length: 24 }, (_, number) => sha1Of(number));
  for (const sha1 of all) await build(ask, sha1);
  clock.advance(2 * DAY);
  let isOver = false;
  const counts = { whole: 0, gone: 0 };
  const read = async (reader: number): Promise<void> => {
    const random = seeded(reader);
    while (!isOver) {
      const isThere = await follow(node.url, oneOf(all, random), oneOf(SUITES, random));
      if (isThere) counts.whole += 1;
      else counts.gone += 1;
    }
  };
  const readers = [1, 2, 3].map(read);
  const over = async () => {
    const run = (await ask('GET', 'api/v1/retention/run')) as { state: string; deleted: number };
    return run.state === 'done' ? run : null;
  };
  await ask('POST', 'api/v1/retention/run');
  let run = await over();
  while (run === null) run = await over();
  while (counts.gone === 0) await turn();
  isOver = true;
  await Promise.all(readers);
  const left = await sha1sOf(ask);
  t.equal(run.deleted, all.length - left.length);
  t.ok(run.deleted > 0, `${run.deleted} builds went`);
  t.ok(counts.whole > 0, `${counts.whole} times all was there, ${counts.gone} times nothing`);
  for (const sha1 of left) for (const suite of SUITES) t.ok(await follow(node.url, sha1, suite));
});

t.test(
  'kill -9 in the middle of retention: the next start and run end what it began',
  async (t) => {
    const folder = testFolder(t);
    const shaman = await new ShamanServer(t).start();
    const lines = [
      tellingConfiguration(folder, shaman).replace(/^ {2}publicUrl.*\n/, ''),
      await keyIn(folder),
      '  retention: [{ keepBuilds: 2, days: 0 }]',
      '  retentionQuietMinutes: 0',
    ];
    const config = writeConfiguration(folder, nodeConfiguration({ chacra: lines.join('\n') }));
    const data = join(folder, 'data', 'chacra');
    const random = seeded(SEED);
    let made = 0;
    let killed = 0;
    for (let round = 0; round <= ROUNDS; round += 1) {
      const node = await startProcess(t, 'chacra', { config });
      const ask = asking(node.url);
      const isWhole = async (sha1: string): Promise<boolean> => {
        const there = await Promise.all(SUITES.map((suite) => follow(node.url, sha1, suite)));
        return there.every(Boolean);
      };
      t.same(readdirSync(join(data, 'trash')), [], 'nothing half removed is left');
      const newest = [made - 1, made].filter((number) => number > 0).map(sha1Of);
      for (const sha1 of newest) t.ok(await isWhole(sha1), 'what the rule keeps is whole');
      for (const sha1 of await sha1sOf(ask)) {
        for (const suite of SUITES) await follow(node.url, sha1, suite);
      }
      if (round === ROUNDS) {
        const runToEnd = async (): Promise<void> => {
          await ask('POST', 'api/v1/retention/run');
          const isDone = async () =>
            ((await ask('GET', 'api/v1/retention/run')) as { state: string }).state === 'done';
          while (!(await isDone())) await turn();
        };
        // What was being read a moment ago is spared, and goes with a later run.
        for (let runs = 0; runs < 20 && (await sha1sOf(ask)).length > newest.length; runs += 1)
          await runToEnd();
        t.same((await sha1sOf(ask)).sort(), newest, 'in the end only that');
        // Not by URL: each life of the node has another port, and some are told twice.
        const deleted = () =>
          new Set(
            shaman.taken
              .filter(({ body }) => body['status'] === 'deleted')
              .map(({ body }) => `${String(body['sha1'])} ${String(body['distro_version'])}`),
          );
        await shaman.until(() => deleted().size === (made - newest.length) * SUITES.length);
        t.pass('and shaman knows of all that went');
        await node.end('SIGTERM');
        t.equal(readdirSync(join(data, 'published')).length, newest.length * SUITES.length);
        break;
      }
      for (let number = 0; number < 3; number += 1) await build(ask, sha1Of((made += 1)));
      const killing = killAtChange(node.pid, data, 1 + Math.floor(random() * 40));
      // The crash may come before the answer.
      await ask('POST', 'api/v1/retention/run').catch(() => undefined);
      const isDone = async (): Promise<void> => {
        for (;;) {
          const run = (await ask('GET', 'api/v1/retention/run')) as { state: string };
          if (run.state === 'done') return;
          await turn();
        }
      };
      const outcome = await Promise.race([
        killing.then(() => 'killed'),
        isDone().then(
          () => 'done',
          () => 'killed',
        ),
      ]);
      if (outcome === 'killed') killed += 1;
      await node.end();
    }
    t.ok(killed > 0, `${killed} times in the middle`);
  },
);
