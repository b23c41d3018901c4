import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Test } from 'tap';
import t from 'tap';
import { ManualClock } from '../fakes/manual-clock.ts';
import { ShamanServer } from '../fakes/shaman-server.ts';
import { authorization, startNode } from '../fixtures/chacra.ts';
import { filesBelow } from '../fixtures/files-below.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import {
  TellingNode,
  statuses,
  tellingBinaries,
  tellingConfiguration,
  tellingRepo,
} from '../fixtures/telling-node.ts';
import { testFolder } from '../fixtures/test-folder.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;

interface Plan {
  readonly delete: readonly { readonly sha1: string; readonly freed_bytes: number }[];
  readonly spared: readonly { readonly sha1: string; readonly held_by: string }[];
}

interface Run {
  readonly state: string;
  readonly deleted: number;
  readonly spared: number;
}

/** A node with rules, whose time is in our hands. */
async function startKeeping(t: Test, lines: string) {
  const folder = testFolder(t);
  const shaman = await new ShamanServer(t).start();
  const clock = new ManualClock();
  const chacra = `${tellingConfiguration(folder, shaman)}\n${lines}`;
  const node = await startNode(t, { folder, clock, chacra });
  const telling = new TellingNode(node, clock);
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await node.fetch(path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? null : JSON.parse(text)) as unknown };
  };
  const build = async (...numbers: number[]) => {
    for (const number of numbers) {
      await telling.upload(number);
      await telling.update(number);
      const isReady = () => shaman.taken.some(({ body }) => isAbout(body, number, 'ready'));
      await telling.until(isReady);
    }
  };
  const run = async () => {
    t.equal((await ask('POST', 'api/v1/retention/run')).status, 202);
    for (;;) {
      const last = (await ask('GET', 'api/v1/retention/run')).body as Run;
      if (!['planning', 'deleting', 'sweeping'].includes(last.state)) return last;
      await turn();
    }
  };
  const plan = async () => (await ask('GET', 'api/v1/retention')).body as Plan;
  const there = async (...numbers: number[]) => {
    const found = [];
    for (const number of numbers) {
      const { status } = await ask('GET', `repos/${tellingRepo(number)}/`);
      if (status === 200) found.push(number);
    }
    return found;
  };
  return { folder, shaman, clock, node, telling, ask, build, run, plan, there };
}

function isAbout(body: Readonly<Record<string, unknown>>, number: number, status: string): boolean {
  return body['sha1'] === `${number}`.repeat(40) && body['status'] === status;
}

const pinPath = (number: number) => `api/v1/pins/ceph/wip%2Fa/${String(number).repeat(40)}`;

t.test('builds go by the rules, with all that is theirs, and shaman is told', async (t) => {
  const keeping = await startKeeping(
    t,
    '  retention: [{ project: ceph, ref: "wip/*", keepBuilds: 2, days: 10 }]',
  );
  const { clock, ask, build, run, plan, there, shaman, telling, folder } = keeping;
  await build(1, 2, 3, 4);
  clock.advance(9 * DAY);
  t.match(await plan(), { delete: [], spared: [] });
  t.match(await run(), { state: 'done', deleted: 0 });
  clock.advance(2 * DAY);
  const pinned = await ask('PUT', pinPath(2), { reason: 'v19.2.0' });
  t.match(pinned, { status: 200, body: { reason: 'v19.2.0', until: null, by: 'root' } });
  const { bytes } = someDeb('hello', '1.0-1', 'amd64', '1');
  const planned = await plan();
  t.match(planned, {
    rules: 1,
    builds: 4,
    delete: [
      {
        ...{ project: 'ceph', ref: 'wip/a', sha1: '1'.repeat(40), flavor: 'default', rule: 1 },
        why: /^last published 11 days ago, and 3 are newer; kept for 10 days or among the newest 2$/,
        ...{ repos: 1, binaries: 1, bytes: bytes.length, freed_bytes: bytes.length },
      },
    ],
    spared: [{ sha1: '2'.repeat(40), held_by: 'pinned by root: v19.2.0' }],
  });
  t.same(await there(1, 2, 3, 4), [1, 2, 3, 4], 'nothing went by asking');
  t.match(await run(), { state: 'done', by: 'root', deleted: 1, freed_bytes: bytes.length });
  t.same(await there(1, 2, 3, 4), [2, 3, 4]);
  await telling.until(() => shaman.taken.some(({ body }) => isAbout(body, 1, 'deleted')));
  t.equal(statuses(shaman.taken).filter((status) => status === 'deleted').length, 1);
  const data = join(folder, 'data', 'chacra');
  const blobs = filesBelow(join(data, 'blobs')).filter((path) => /[0-9a-f]{64}$/.test(path));
  t.equal(blobs.length, 3, 'its bytes too');
  t.equal(readdirSync(join(data, 'published')).length, 3);

  t.equal((await ask('DELETE', pinPath(2))).status, 204);
  t.match(await run(), { state: 'done', deleted: 1 });
  t.same(await there(2, 3, 4), [3, 4]);
});

t.test('without rules nothing goes', async (t) => {
  const { build, clock, run, plan, there } = await startKeeping(
    t,
    '  diskPressure: { showBelowBytes: 8 TiB, deleteBelowBytes: 8 TiB }',
  );
  await build(1, 2);
  clock.advance(1000 * DAY);
  t.match(await plan(), { rules: 0, delete: [], spared: [] });
  t.match(await run(), { state: 'done', deleted: 0 });
  t.same(await there(1, 2), [1, 2]);
});

t.test('what is being read or written stays', async (t) => {
  const keeping = await startKeeping(t, '  retention: [{ days: 1 }]');
  const { clock, node, build, plan, run, there } = keeping;
  await build(1, 2, 3);
  clock.advance(5 * DAY);
  t.equal((await plan()).delete.length, 3);
  const read = await node.fetch(`r/${tellingRepo(1)}/dists/bookworm/InRelease`);
  await read.arrayBuffer();
  const upload = request(new URL(`${tellingBinaries(2)}/more.deb`, node.url), {
    method: 'PUT',
    headers: { authorization: authorization(), 'content-length': 1000 },
  });
  const isHeld = async (number: number) =>
    (await plan()).spared.some(({ sha1 }) => sha1 === `${number}`.repeat(40));
  upload.on('error', () => undefined);
  upload.write('!<arch>\n');
  while (!(await isHeld(2))) await turn();
  t.match(await plan(), {
    delete: [{ sha1: '3'.repeat(40) }],
    spared: [{ held_by: 'is being read' }, { held_by: 'is being written' }],
  });
  t.match(await run(), { state: 'done', deleted: 1 });
  t.same(await there(1, 2, 3), [1, 2]);
  clock.advance(15 * MINUTE);
  upload.destroy();
  while (await isHeld(2)) await turn();
  t.match(await run(), { state: 'done', deleted: 2 });
  t.same(await there(1, 2, 3), []);
});

t.test('a full disk takes the oldest that the rules keep, down to their minimum', async (t) => {
  const keeping = await startKeeping(
    t,
    [
      '  retention: [{ keepBuilds: 100, minimumBuilds: 2 }]',
      '  diskPressure: { showBelowBytes: 8388607 TiB, deleteBelowBytes: 8388607 TiB }',
    ].join('\n'),
  );
  const { clock, ask, build, plan, run, there, node } = keeping;
  await build(1, 2, 3, 4, 5);
  clock.advance(DAY);
  await ask('PUT', pinPath(1), { reason: 'kept', until: '2026-02-01T01:00:00+01:00' });
  t.match(await plan(), {
    missing_bytes: Number,
    delete: [
      { sha1: '2'.repeat(40), why: 'the disk is full: last published 1 day ago' },
      { sha1: '3'.repeat(40) },
    ],
  });
  t.match(await run(), { deleted: 2 });
  t.same(await there(1, 2, 3, 4, 5), [1, 4, 5]);
  const health = await node.fetch('health/', { headers: { accept: 'application/json' } });
  t.equal(health.status, 200);
  t.match(await health.json(), { warnings: [/fewer than/] });
  clock.advance(40 * DAY);
  t.match(await run(), { deleted: 1 }, 'a pin ends');
  t.same(await there(1, 4, 5), [4, 5]);
  t.same((await ask('GET', 'api/v1/pins/')).body, [], 'and is forgotten');
});

t.test('pins are there after a restart, and say what cannot be', async (t) => {
  const { ask, build, clock, folder, node } = await startKeeping(t, '');
  await build(1);
  const pin = (body: object, number = 1) => ask('PUT', pinPath(number), body);
  t.match(await pin({}), { status: 400, body: { message: /reason/ } });
  t.match(await pin({ reason: ' ' }), { status: 400, body: { message: /say why/ } });
  t.match(await pin({ reason: 'x', until: 'soon' }), { status: 400, body: { message: /until/ } });
  t.match(await pin({ reason: 'x', until: '2020-01-01T00:00:00Z' }), {
    status: 400,
    body: { message: /over already/ },
  });
  t.match(await pin({ reason: 'x' }, 9), { status: 404, body: { message: /sha1 9999/ } });
  t.match(await pin({ reason: 'x' }), { status: 200 });
  const until = '2027-01-01T00:00:00.000Z';
  t.match(await pin({ reason: 'y', until }), { status: 200, body: { reason: 'y', until } });
  const asked = async (user: string, method: string) =>
    (await node.fetch(pinPath(1), { method, headers: { authorization: authorization(user) } }))
      .status;
  t.equal(await asked('operator', 'PUT'), 403);
  t.equal(await asked('operator', 'DELETE'), 403);
  await node.stop();
  const later = await startNode(t, { folder, clock });
  const list = await (await later.fetch('api/v1/pins/', { headers: { authorization: '' } })).json();
  t.match(list, [
    { project: 'ceph', ref: 'wip/a', sha1: '1'.repeat(40), reason: 'y', until, present: true },
  ]);
  await later.fetch(`repos/${tellingRepo()}/`, { method: 'DELETE' });
  t.match(await (await later.fetch('api/v1/pins/')).json(), [{ present: false }]);
});

t.test('what each project and ref takes, with what is shared', async (t) => {
  const { node, telling, ask, clock } = await startKeeping(t, '');
  const put = (path: string, body: string) =>
    node.fetch(`binaries/${path}/x86_64/flavors/default/${body.length}.bin`, {
      method: 'PUT',
      body,
    });
  const [own, ofProject, ofAll] = ['own'.repeat(10), 'project'.repeat(10), 'all'.repeat(100)];
  await put('ceph/main/1/debian/12', own);
  await put('ceph/main/2/debian/12', own);
  for (const ref of ['main/1', 'wip%2Fa/3']) await put(`ceph/${ref}/debian/12`, ofProject);
  for (const path of ['ceph/main/1', 'other/main/4']) await put(`${path}/debian/12`, ofAll);
  const empty = { free_bytes: Number };
  const { body } = await ask('GET', 'api/v1/disk-use');
  const use = (...[sha1s, repos, binaries, bytes, stored_bytes, exclusive_bytes]: number[]) => ({
    ...{ sha1s, repos, binaries, bytes, stored_bytes, exclusive_bytes },
  });
  t.match(body, {
    ...empty,
    total: use(4, 4, 6, 60 + 140 + 600, 400, 400),
    projects: [
      {
        project: 'ceph',
        ...use(3, 3, 5, 60 + 140 + 300, 400, 100),
        refs: [
          { ref: 'main', ...use(2, 2, 4, 60 + 70 + 300, 400, 30) },
          { ref: 'wip/a', ...use(1, 1, 1, 70, 70, 0) },
        ],
      },
      { project: 'other', ...use(1, 1, 1, 300, 300, 0), refs: [{ ref: 'main' }] },
    ],
  });
  await telling.ask('DELETE', 'repos/other/main/4/debian/12/');
  t.same((await ask('GET', 'api/v1/disk-use')).body, body, 'of a moment ago');
  clock.advance(30_000);
  const later = (await ask('GET', 'api/v1/disk-use')).body;
  t.match(later, { projects: [{ ...use(3, 3, 5, 500, 400, 400) }] });
});
