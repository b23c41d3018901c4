import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { httpShamanClient } from '../../services/adapters/shaman-client.ts';
import { basicAuthorization } from '../../services/platform/auth.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { ShamanServer } from '../fakes/shaman-server.ts';
import { authorization, nodeConfiguration } from '../fixtures/chacra.ts';
import { startProcess, writeConfiguration } from '../fixtures/service-process.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { NODE_KEY, PUBLIC_URL, growingSequences, startTelling } from '../fixtures/telling-node.ts';
import { statuses, tellingBinaries, tellingConfiguration } from '../fixtures/telling-node.ts';
import { tellingRepo } from '../fixtures/telling-node.ts';
import { testFolder } from '../fixtures/test-folder.ts';

const PUBLISHED = ['requested', 'queued', 'building', 'ready'];

t.test('shaman is told each state of a repo with the fields it knows', async (t) => {
  const folder = testFolder(t);
  const shaman = await new ShamanServer(t).start();
  const clock = new ManualClock();
  const node = await startTelling(t, shaman, folder, clock);
  await node.upload();
  t.same(shaman.asked, [], 'an upload alone is nothing to tell');
  await node.update();
  await node.until(() => shaman.taken.length === 4);
  t.same(statuses(shaman.taken), PUBLISHED);
  t.ok(growingSequences(shaman.taken));
  const [requested, queued, building, ready] = shaman.taken;
  const repo = {
    project_name: 'ceph',
    ref: 'wip/a',
    sha1: '1'.repeat(40),
    distro: 'debian',
    distro_version: 'bookworm',
    flavor: 'default',
    type: 'deb',
    size: someDeb('hello', '1.0-1', 'amd64', '1').bytes.length,
    archs: ['x86_64'],
    extra: {},
    signed: false,
    needs_update: true,
    is_queued: false,
    is_updating: false,
    status: 'requested',
    reason: null,
    failed_package: null,
    generation: 1,
    chacra_url: `${PUBLIC_URL}repos/${tellingRepo()}/`,
    url: `${PUBLIC_URL}r/${tellingRepo()}/`,
  };
  t.match(requested, {
    path: 'POST /api/repos/ceph/',
    authorization: basicAuthorization('node1', NODE_KEY),
    contentType: 'application/json',
    body: { ...repo, modified: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/ },
  });
  t.match(queued?.body, { ...repo, status: 'queued', is_queued: true });
  const built = { ...repo, needs_update: false };
  t.match(building?.body, { ...built, status: 'building', is_updating: true });
  t.match(ready?.body, { ...built, status: 'ready', path: String, live_generation: 1 });

  await node.ask('POST', `repos/${tellingRepo()}/extra`, '{"version":"19.2.0"}');
  await node.until(() => shaman.taken.length === 5);
  t.match(shaman.taken[4]?.body, { status: 'ready', generation: 1, extra: { version: '19.2.0' } });
  clock.advance(1000);
  await node.ask('DELETE', `repos/${tellingRepo()}/`);
  await node.until(() => shaman.taken.length === 6);
  t.match(shaman.taken[5]?.body, { status: 'deleted', chacra_url: repo.chacra_url, reason: null });
  clock.advance(1000);
  await node.upload();
  await node.update();
  await node.until(() => shaman.taken.length === 10);
  t.same(statuses(shaman.taken.slice(6)), PUBLISHED);
  t.ok(growingSequences(shaman.taken));

  await node.upload(2, 'auto');
  t.equal(shaman.asked.length, 10, 'its quiet time is not told');
  await node.until(() => shaman.taken.length === 13);
  t.same(statuses(shaman.taken.slice(10)), ['queued', 'building', 'ready']);
  await node.ask('PUT', `${tellingBinaries(3)}/any.tar/`, 'any');
  await node.ask('POST', `repos/${tellingRepo(3)}/`, '{"type":"raw"}');
  await node.update(3);
  await node.until(() => shaman.taken.length === 16);
  t.same(statuses(shaman.taken.slice(13)), ['queued', 'building', 'ready'], 'a raw one likewise');
  t.equal(shaman.asked.length, 16, 'each once');
});

t.test(
  'a failed publish is told with its reason, and the next life goes on from there',
  async (t) => {
    const folder = testFolder(t);
    const shaman = await new ShamanServer(t).start();
    const clock = new ManualClock();
    const node = await startTelling(t, shaman, folder, clock);
    await node.upload();
    // Nothing can be published where a file stands in the way.
    writeFileSync(join(folder, 'data', 'chacra', 'published'), '');
    await node.update();
    await node.until(() => shaman.taken.length === 4);
    const failed = shaman.taken[3]?.body;
    t.match(failed, { status: 'failed', generation: 1, live_generation: null, archs: ['x86_64'] });
    t.match(failed, { reason: /published/, needs_update: false, is_updating: false });
    await node.node.stop();
    rmSync(join(folder, 'data', 'chacra', 'published'));
    const later = await startTelling(t, shaman, folder, clock);
    await later.update();
    await later.until(() => shaman.taken.length === 8);
    const states = ['requested', 'queued', 'building'];
    t.same(statuses(shaman.taken), [...states, 'failed', ...states, 'ready'], 'nothing twice');
    t.match(shaman.taken[7]?.body, { generation: 2, live_generation: 2, reason: null });
    t.ok(growingSequences(shaman.taken));
  },
);

t.test(
  'while shaman is away, refused or in trouble, events wait in their order, through restarts',
  async (t) => {
    const folder = testFolder(t);
    const shaman = await new ShamanServer(t).start();
    const clock = new ManualClock();
    await shaman.stop();
    const first = await startTelling(t, shaman, folder, clock);
    await first.upload();
    await first.update();
    await first.untilLogged('shaman is away; events wait');
    await first.node.stop();

    const second = await startTelling(t, shaman, folder, clock);
    await second.upload(2);
    await second.update(2);
    await shaman.start();
    for (const mood of [500, 503, 429, 'break'] as const) {
      const before = shaman.asked.length;
      shaman.mood = () => mood;
      await second.until(() => shaman.asked.length >= before + 2);
      t.same(shaman.taken, [], `${mood}`);
    }
    const refused = second.node.log.lines.filter(({ message }) => message.includes('refused'));
    t.same(refused, [], 'trouble is no refusal');
    await second.untilReady(2);
    await second.ask('DELETE', `repos/${tellingRepo(2)}/`);
    await second.node.stop();

    shaman.mood = () => 200;
    const third = await startTelling(t, shaman, folder, clock);
    await third.until(() => shaman.taken.length === 9);
    const of = (number: number) =>
      statuses(shaman.taken.filter(({ body }) => body['sha1'] === `${number}`.repeat(40)));
    t.same(of(1), PUBLISHED);
    t.same(of(2), [...PUBLISHED, 'deleted']);
    t.ok(growingSequences(shaman.taken));
    t.equal((await third.node.fetch(`repos/${tellingRepo(2)}/`)).status, 404);
    await third.node.stop();
    const documents = readdirSync(join(folder, 'data', 'chacra', 'repos'), {
      recursive: true,
      encoding: 'utf8',
    });
    const repos = documents.filter((name) => name.endsWith('.json'));
    t.equal(repos.length, 1, 'a deleted repo is forgotten once shaman knows');

    const fourth = await startTelling(t, shaman, folder, clock);
    await fourth.update();
    await fourth.until(() => shaman.taken.length === 13);
    t.same(statuses(shaman.taken.slice(9)), PUBLISHED, 'what was taken is not told again');
  },
);

t.test('an event that shaman does not want holds up its own repo only', async (t) => {
  const folder = testFolder(t);
  const shaman = await new ShamanServer(t).start();
  const clock = new ManualClock();
  const node = await startTelling(t, shaman, folder, clock);
  shaman.mood = ({ body }) => (body['sha1'] === '1'.repeat(40) ? 401 : 200);
  for (const number of [1, 2]) {
    await node.upload(number);
    await node.update(number);
  }
  await node.until(() => shaman.taken.length === 4);
  t.same(new Set(shaman.taken.map(({ body }) => body['sha1'])), new Set(['2'.repeat(40)]));
  await node.untilLogged('shaman refused an event');
  t.match(
    node.node.log.lines.find(({ message }) => message === 'shaman refused an event'),
    { level: 'warn', fields: { repo: tellingRepo(1), status: 'requested', reason: /^401/ } },
  );
  shaman.mood = () => 200;
  await node.until(() => shaman.taken.length === 8);
  t.same(statuses(shaman.taken.slice(4)), PUBLISHED);
  t.ok(growingSequences(shaman.taken));
});

t.test(
  'a node that is killed before it hears that an event was taken tells it again',
  async (t) => {
    const folder = testFolder(t);
    const shaman = await new ShamanServer(t).start();
    shaman.mood = ({ body }) => (body['status'] === 'building' ? 'hold' : 200);
    const config = writeConfiguration(
      folder,
      nodeConfiguration({ chacra: tellingConfiguration(folder, shaman) }),
    );
    const node = await startProcess(t, 'chacra', { config });
    const send = async (method: string, path: string, body: Uint8Array | null = null) => {
      const headers = { authorization: authorization() };
      const { status } = await fetch(node.url + path, { method, headers, body });
      t.ok(status < 300, `${method} ${status}`);
    };
    const deb = someDeb();
    await send('PUT', `${tellingBinaries()}/${deb.name}/`, deb.bytes);
    await send('POST', `repos/${tellingRepo()}/update`);
    await shaman.until(() => shaman.asked.length === 3);
    await node.end('SIGKILL');
    shaman.mood = () => 200;
    await startProcess(t, 'chacra', { config });
    await shaman.until(() => statuses(shaman.taken).at(-1) === 'ready');
    // Acknowledgements ride in the next durable write: some may be told twice, never out of order.
    const second = shaman.taken.slice(2);
    t.match(statuses(second).join(' '), /^(requested )?(queued )?(building )+ready$/);
    t.ok(growingSequences(second));
    t.match(shaman.taken.at(-1)?.body, { live_generation: 1 });
  },
);

t.test('a node that shaman refuses stays fit, and tells its operator', async (t) => {
  const shaman = await new ShamanServer(t).start();
  shaman.nodeStatus = 401;
  const clock = new ManualClock();
  const telling = await startTelling(t, shaman, testFolder(t), clock);
  const health = async (): Promise<unknown> => {
    const answer = await telling.node.fetch('health/', { headers: { accept: 'application/json' } });
    return answer.json();
  };
  await telling.untilLogged('shaman does not know this node');
  t.match(await health(), {
    healthy: true,
    warnings: [/^shaman does not know this node: .*401/],
  });
  shaman.nodeStatus = 200;
  await telling.untilLogged('shaman knows this node');
  t.match(await health(), { healthy: true, warnings: { length: 0 } });
});

t.test('a shaman that takes a connection and is silent counts as away', async (t) => {
  const shaman = await new ShamanServer(t).start();
  shaman.mood = () => 'hold';
  const client = httpShamanClient({
    url: shaman.url,
    user: 'node1',
    key: NODE_KEY,
    timeoutMilliseconds: 50,
  });
  await t.rejects(client.postRepo('ceph', {}), { message: /no answer within 50 ms/ });
  t.equal(shaman.asked.length, 1);
  shaman.mood = () => 200;
  t.same(await client.postRepo('ceph', {}), { taken: true });
});

t.test(
  'a node that stops waits for a silent shaman a moment only, and tells it later',
  async (t) => {
    const shaman = await new ShamanServer(t).start();
    shaman.mood = () => 'hold';
    const access = {
      url: shaman.url,
      user: 'node1',
      key: NODE_KEY,
      timeoutMilliseconds: 3_600_000,
    };
    const client = httpShamanClient(access);
    const told = client.postRepo('ceph', {});
    const refused = t.rejects(told, { message: 'this node is stopping' });
    await shaman.until(() => shaman.asked.length === 1);
    client.hangUp();
    await refused;
    await t.rejects(client.postRepo('ceph', {}), { message: 'this node is stopping' });
    t.equal(shaman.asked.length, 1);
  },
);
