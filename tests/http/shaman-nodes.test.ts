import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import type { Test } from 'tap';
import { httpNodeProbe } from '../../services/adapters/http-node-probe.ts';
import { openNodeRecords } from '../../services/adapters/shaman-nodes.ts';
import { rendezvous } from '../../services/domain/placement.ts';
import { newStorageNode } from '../../services/domain/storage-node.ts';
import { probeNodes } from '../../services/shaman/probe-nodes.ts';
import { registerNode } from '../../services/shaman/register-node.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { READY_EVENT } from '../fixtures/shaman-payloads.ts';
import { as, startTestShaman } from '../fixtures/shaman.ts';
import type { TestShaman } from '../fixtures/shaman.ts';
import { testFolder } from '../fixtures/test-folder.ts';

const SHA1 = 'c'.repeat(40);

async function nextOf(shaman: TestShaman, query = ''): Promise<string> {
  const response = await shaman.get(`/api/nodes/next/${query}`, {
    headers: { authorization: as('jenkins') },
  });
  return response.status === 200 ? response.text() : String(response.status);
}

/** A node that answers its health as told. */
async function someNode(t: Test) {
  const state = { status: 204 };
  const server: Server = createServer((_request, response) => {
    response.writeHead(state.status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  // A TCP server's address is an object; only pipes have a string.
  const { port } = server.address() as AddressInfo;
  return { host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}/`, state, server };
}

t.test('plain next goes round, over what is fit', async (t) => {
  const shaman = await startTestShaman(t);
  t.equal(await nextOf(shaman), '404', 'no node yet');
  for (const host of ['a.test', 'b.test', 'c.test']) {
    t.equal((await shaman.post(`/api/nodes/${host}/`, {}, 'chacra')).status, 200);
  }
  const round = await Promise.all(Array.from({ length: 30 }, () => nextOf(shaman)));
  for (const host of ['a', 'b', 'c']) {
    t.equal(round.filter((url) => url === `https://${host}.test/`).length, 10, host);
  }
  t.equal((await shaman.post('/api/v1/nodes/a.test/drain', {}, 'jenkins')).status, 403);
  t.equal((await shaman.post('/api/v1/nodes/a.test/drain', {})).status, 200);
  t.equal((await shaman.post('/api/nodes/b.test/', { free_bytes: 1000 }, 'chacra')).status, 200);
  t.same(new Set([await nextOf(shaman), await nextOf(shaman)]), new Set(['https://c.test/']));
  t.equal((await shaman.post('/api/v1/nodes/a.test/resume', {})).status, 200);
  t.same(
    new Set([await nextOf(shaman), await nextOf(shaman)]),
    new Set(['https://a.test/', 'https://c.test/']),
  );
  t.equal((await shaman.post('/api/v1/nodes/z.test/drain', {})).status, 404);
});

t.test('everything of a sha1 goes to one node, also after a restart', async (t) => {
  const clock = new ManualClock();
  const shaman = await startTestShaman(t, { clock });
  const nodes = [await someNode(t), await someNode(t), await someNode(t)];
  for (const { host, url } of nodes) await shaman.post(`/api/nodes/${host}/`, { url }, 'chacra');
  const query = `?sha1=${SHA1}&project=ceph&ref=main`;
  const first = await nextOf(shaman, query);
  const all = await Promise.all(Array.from({ length: 10 }, () => nextOf(shaman, query)));
  t.same(new Set(all), new Set([first]));
  const host = new URL(first).host;
  await shaman.post(`/api/v1/nodes/${host}/drain`, {});
  t.equal(await nextOf(shaman, query), first, 'a draining node keeps what it was assigned');
  await shaman.stop();
  const again = await startTestShaman(t, { clock, folder: shaman.folder });
  t.equal(await nextOf(again, query), first, 'kept on disk');
  clock.advance(25 * 3_600_000);
  const other = await nextOf(again, query);
  t.not(other, first, 'after a day it is placed anew, not on a draining node');
  const there = nodes.find(({ url }) => url !== other)?.url ?? '';
  const chacraUrl = `${there}repos/ceph/main/${SHA1}/ubuntu/xenial/flavors/default/`;
  await again.post(
    '/api/repos/ceph/',
    { ...READY_EVENT, sha1: SHA1, chacra_url: chacraUrl },
    'chacra',
  );
  t.equal(await nextOf(again, query), there, 'where its records are');
  t.equal(await nextOf(again, '?sha1=a/b'), '400');
});

t.test('placement pins projects', async (t) => {
  const shaman = await startTestShaman(t, {
    shaman: 'placement: [{ project: "extra*", nodes: [b.test] }]',
  });
  for (const host of ['a.test', 'b.test']) await shaman.post(`/api/nodes/${host}/`, {}, 'chacra');
  for (let number = 0; number < 8; number += 1) {
    const sha1 = String(number).repeat(40);
    t.equal(await nextOf(shaman, `?sha1=${sha1}&project=extras`), 'https://b.test/');
  }
  await shaman.get('/api/nodes/b.test/', {
    method: 'DELETE',
    headers: { authorization: as('root') },
  });
  t.equal(await nextOf(shaman, `?sha1=${SHA1}&project=extras`), '404', 'nowhere else');
});

t.test('a lost node is left out and comes back by itself', async (t) => {
  const clock = new ManualClock();
  const log = new RecordingLog();
  const nodes = await openNodeRecords({ root: testFolder(t), clock, log });
  t.teardown(() => nodes.close());
  const node = await someNode(t);
  await registerNode({ nodes, clock }, node.host, { url: node.url });
  const probed = async () => {
    await probeNodes({ nodes, probe: httpNodeProbe, clock, log });
    return nodes.get(node.host);
  };
  node.state.status = 500;
  t.match(await probed(), { healthy: true, downCount: 1 }, 'one lost answer is no outage');
  t.match(await probed(), { healthy: false, reason: '/health/ answers 500' });
  t.match(await probed(), { healthy: false, downCount: 3 });
  node.state.status = 204;
  t.match(await probed(), { healthy: true, downCount: 0, reason: null });
  node.server.close();
  node.server.closeAllConnections();
  await probed();
  t.match(await probed(), { healthy: false, reason: /ECONNREFUSED/ });
  t.strictSame(
    log.lines.map(({ message }) => message),
    ['storage node is down', 'storage node is back', 'storage node is down'],
  );
});

t.test('rendezvous shares by weight and room', async (t) => {
  const nodes = [
    { ...newStorageNode('a', 'https://a/', ''), weight: 1, freeBytes: 100 },
    { ...newStorageNode('b', 'https://b/', ''), weight: 3, freeBytes: 100 },
    { ...newStorageNode('c', 'https://c/', ''), weight: 4, freeBytes: 25 },
  ];
  const counts = new Map<string, number>();
  let seed = 1;
  // A generator with a fixed seed: the shares are a fact of it, not of luck.
  const draw = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (let turn = 0; turn < 5000; turn += 1) {
    const host = rendezvous(nodes, String(turn), draw)?.host ?? '';
    counts.set(host, (counts.get(host) ?? 0) + 1);
  }
  const share = (host: string) => (counts.get(host) ?? 0) / 5000;
  t.ok(Math.abs(share('a') - 0.2) < 0.03, `a: ${share('a')}`);
  t.ok(Math.abs(share('b') - 0.6) < 0.03, `b: ${share('b')}`);
  t.ok(Math.abs(share('c') - 0.2) < 0.03, `c: ${share('c')}`);
  fc.assert(
    fc.property(fc.string(), fc.nat(2), (key, gone) => {
      const hash = (text: string) =>
        ([...text].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 9973, 7) + 1) / 9975;
      const before = rendezvous(nodes, key, hash);
      const left = nodes.filter((_node, at) => at !== gone);
      const after = rendezvous(left, key, hash);
      return before === nodes[gone] || before === after;
    }),
  );
});
