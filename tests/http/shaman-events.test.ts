import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import t from 'tap';
import { ManualClock } from '../fakes/manual-clock.ts';
import { listenTo } from '../fixtures/event-reader.ts';
import { untilHeld } from '../fixtures/held.ts';
import { startTestShaman } from '../fixtures/shaman.ts';
import { CENTOS7, TRUSTY, XENIAL, tellBuild, tellRepo } from '../fixtures/tell-shaman.ts';

const ALL = 'api/v1/events';

t.test('everything that changes, in order', async (t) => {
  const shaman = await startTestShaman(t);
  await tellRepo(shaman, { ...TRUSTY, status: 'building' });
  const reader = await listenTo(t, `${shaman.url}${ALL}`);
  t.equal(reader.response.headers.get('content-type'), 'text/event-stream');
  const one = await listenTo(t, `${shaman.url}${ALL}?project=ceph&ref=wip%2Fx&sha1=def`);
  const project = await listenTo(t, `${shaman.url}${ALL}?project=ceph`);
  const none = await listenTo(t, `${shaman.url}${ALL}?project=other&ref=main`);
  await untilHeld(shaman, 'stream', 4);
  await tellRepo(shaman, TRUSTY);
  await tellBuild(shaman, { status: 'queued', distro: '', distro_version: '', distro_arch: '' });
  await tellBuild(shaman, { status: 'started', url: 'https://j/2/' });
  await tellRepo(shaman, { ...XENIAL, sha1: 'def', ref: 'wip/x' });
  await tellRepo(shaman, { ...TRUSTY, status: 'deleted' });
  await shaman.post('/api/repos/other/', { ...XENIAL });
  const expected = [
    { event: 'repo', data: { status: 'ready', was: 'building', gone: false, sha1: 'abc123' } },
    { event: 'build', data: { status: 'queued', was: null, distro: null, url: 'https://j/1/' } },
    { event: 'build', data: { status: 'queued', was: 'queued', gone: true, distro: null } },
    { event: 'build', data: { status: 'started', was: null, distro_version: '22.04' } },
    { event: 'repo', data: { ref: 'wip/x', sha1: 'def', distro_codename: 'xenial', was: null } },
    { event: 'repo', data: { status: 'deleted', was: 'ready', gone: true } },
  ];
  let last = 0;
  for (const event of expected) {
    const heard = await reader.next();
    t.match(heard, event);
    t.match(await project.next(), event);
    t.ok(Number(heard.id) > last, 'ids grow');
    last = Number(heard.id);
  }
  t.match(await one.next(), expected[4], 'only what it listens to');
  await shaman.stop();
  t.equal(await none.block().then((first) => first?.data), null, 'its first id');
  t.equal(await none.block(), null, 'ended with the service, without an event');
});

t.test('who comes back misses nothing, or learns that it did', async (t) => {
  const clock = new ManualClock();
  const shaman = await startTestShaman(t, { clock, shaman: 'keptEvents: 4' });
  const listen = (query: string, id?: string) =>
    listenTo(t, `${shaman.url}${ALL}${query}`, id === undefined ? {} : { 'last-event-id': id });
  const reader = await listen('?ref=main');
  const started = await reader.block();
  t.match(started, { id: /^\d+$/, data: null });
  const sha1Of = ({ data }: { readonly data: Readonly<Record<string, unknown>> }) => data['sha1'];
  for (const sha1 of ['1', '2', '3', '4']) {
    await tellRepo(shaman, { ...XENIAL, sha1, ref: sha1 === '3' ? 'other' : 'main' });
  }
  const first = await reader.next();
  t.equal(sha1Of(first), '1');
  reader.close();
  await untilHeld(shaman, 'stream', 0);

  const again = await listen('?ref=main', first.id ?? '');
  t.same([sha1Of(await again.next()), sha1Of(await again.next())], ['2', '4']);
  const query = await listen(`?sha1=4&last_event_id=${started?.id}`);
  const fourth = await query.next();
  t.equal(sha1Of(fourth), '4');
  const current = await listen('', fourth.id ?? '');
  await tellRepo(shaman, { ...XENIAL, sha1: '5' });
  t.equal(sha1Of(await current.next()), '5', 'not the one it had');

  for (let number = 6; number < 16; number += 1) {
    await tellRepo(shaman, { ...XENIAL, sha1: `${number}` });
  }
  const future = String(Number(fourth.id) + 1e9);
  for (const id of [first.id ?? '', '0', 'abc', '-1', future, `${2 ** 60}`]) {
    const late = await listen('', id);
    t.match(await late.next(), { event: 'resync', id: /^\d+$/, data: { reason: String } }, id);
    await tellRepo(shaman, { ...CENTOS7, sha1: '5' });
    t.match(await late.next(), { event: 'repo', data: { sha1: '5', distro: 'centos' } });
    late.close();
  }
  const { id } = await again.next();
  clock.advance(15_000);
  let beat = await current.block();
  while (beat !== null && beat.data !== null) beat = await current.block();
  t.ok(Number(beat?.id) > Number(id), 'a sign of life carries the newest id');

  await shaman.stop();
  const restarted = await startTestShaman(t, { folder: shaman.folder, clock });
  const back = await listenTo(t, `${restarted.url}${ALL}`, { 'last-event-id': beat?.id ?? '' });
  await tellRepo(restarted, { ...XENIAL, sha1: 'a' });
  t.match(await back.next(), { event: 'repo', data: { sha1: 'a' } }, 'nothing was missed');
  const old = await listenTo(t, `${restarted.url}${ALL}`, { 'last-event-id': id ?? '' });
  t.match(await old.next(), { event: 'resync' }, 'what was before the restart is not known');
});

t.test('the limit is per address, also behind trusted proxies', async (t) => {
  const shaman = await startTestShaman(t, {
    top: 'trustedProxies: [127.0.0.1, 10.0.0.0/8, "fd00::/8"]',
    shaman: 'heldPerAddress: 1, heldTotal: 7',
  });
  for (const [forwarded, status] of [
    ['192.0.2.1', 200],
    ['192.0.2.1', 429],
    ['192.0.2.2, 10.1.1.1', 200],
    ['192.0.2.3, 192.0.2.2, 10.1.1.1', 429],
    ['', 200],
    ['nobody', 429],
    ['192.0.2.4:4711', 200],
    ['::ffff:192.0.2.4, [fd00::1]:80', 429],
    // To every client of IPv6 belong as many addresses as it likes.
    ['2001:db8::1', 200],
    ['2001:0DB8::ffff:1:2', 429],
    ['[2001:db8:0:1::1]:4711', 200],
    ['2001:db8:0:1:ffff::', 429],
    ['::1', 200],
    ['192.0.2.5', 429],
  ] as const) {
    const reader = await listenTo(t, `${shaman.url}${ALL}`, { 'x-forwarded-for': forwarded });
    t.equal(reader.response.status, status, forwarded);
  }
});

t.test('a reader that does not read', async (t) => {
  const clock = new ManualClock();
  const shaman = await startTestShaman(t, { clock, shaman: 'keptEvents: 4, heldPerAddress: 3' });
  const { hostname, port } = new URL(shaman.url);
  const silent = async () => {
    const socket = connect(Number(port), hostname);
    socket.write(`GET /${ALL} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, 'readable');
    t.teardown(() => socket.destroy());
    return socket;
  };
  const slow = await silent();
  await silent();
  const quick = await listenTo(t, `${shaman.url}${ALL}`);
  await untilHeld(shaman, 'stream', 3);
  t.equal((await shaman.get(`/${ALL}`)).status, 429);
  t.equal((await shaman.get(`/${ALL}`, { method: 'HEAD' })).status, 200);

  const text = 'x'.repeat(900_000);
  for (let number = 0; number < 30; number += 1) {
    await tellRepo(shaman, { ...XENIAL, sha1: `${number}` }, { extra: { text } });
    t.equal((await quick.next()).data['sha1'], `${number}`, 'others hear at once');
  }
  // What it had not read when it was forgotten is lost to it, and it is told so in the right place.
  const heard: string[] = [];
  for await (const line of createInterface({ input: slow })) {
    const sha1 = /^data: .*"sha1":"(\d+)"/.exec(line)?.[1];
    if (line === 'event: resync') heard.push('resync');
    if (sha1 !== undefined) heard.push(sha1);
    if (sha1 === '29') break;
  }
  slow.destroy();
  const gap = heard.indexOf('resync');
  t.ok(gap > 0, `the first ${gap} were on their way`);
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => `${from + at}`);
  t.same(heard.slice(0, gap), numbers(0, gap), 'none is missing before');
  t.same(heard.slice(gap + 1), numbers(30 - (heard.length - gap - 1), 30), 'none after');
  for (let beat = 0; beat < 5; beat += 1) {
    clock.advance(15_000);
    await quick.block();
  }
  // Who never reads is cut off; who does stays.
  await untilHeld(shaman, 'stream', 1);
});
