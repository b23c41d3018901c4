import t from 'tap';
import { sendList } from '../../services/http/send-list.ts';
import { listen } from '../../services/platform/http-server.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import {
  BUILD_REPORT,
  COMPLETED_BUILD,
  READY_EVENT,
  READY_RECORD,
  eventOf,
} from '../fixtures/shaman-payloads.ts';
import { as, startTestShaman } from '../fixtures/shaman.ts';

/** Records of a JSON list, by one of their fields. */
function column(rows: unknown, name: string): unknown[] {
  return (rows as Record<string, unknown>[]).map((row) => row[name]);
}

t.test('the payloads that were seen, to the letter', async (t) => {
  const clock = new ManualClock('2026-11-22T13:34:54.858Z');
  const shaman = await startTestShaman(t, { clock });
  const posted = await shaman.post('/api/repos/ceph/', READY_EVENT, 'chacra');
  t.equal(posted.status, 200);
  t.same(await posted.json(), {});
  const text = await (await shaman.get('/api/search/?project=ceph')).text();
  t.equal(text, JSON.stringify([READY_RECORD]), 'also the order of the fields');

  clock.advance(Date.parse('2026-11-22T13:35:29.217Z') - clock.now().getTime());
  t.equal(
    (await shaman.post('/api/builds/ceph/', { ...BUILD_REPORT, status: 'started' })).status,
    200,
  );
  clock.advance(52);
  await shaman.post('/api/builds/ceph', { ...BUILD_REPORT, status: 'completed' }, 'jenkins');
  const builds = await (await shaman.get('/api/builds/ceph/main/abc123/')).text();
  t.equal(builds, JSON.stringify([COMPLETED_BUILD]));

  t.equal((await shaman.post('/api/nodes/chacra.test/', {}, 'chacra')).status, 200);
  t.match(await shaman.json('/api/nodes/'), {
    'chacra.test': {
      host: 'chacra.test',
      last_used: '1970-01-01 00:00:00',
      last_check: '2026-11-22 13:35:29.269000',
      healthy: true,
      down_count: 0,
    },
  });
  await shaman.stop();
  const again = await startTestShaman(t, { folder: shaman.folder });
  t.same(await again.json('/api/search/?project=ceph'), [READY_RECORD], 'there after a restart');
  t.same(await again.json('/api/builds/ceph/main/abc123/'), [COMPLETED_BUILD]);
  t.match(await again.json('/api/nodes/chacra.test/'), { healthy: true });
});

t.test('every level of the original, and what is unknown', async (t) => {
  const shaman = await startTestShaman(t);
  for (const event of [
    READY_EVENT,
    eventOf({ flavor: 'debug' }),
    eventOf({ ref: 'wip/fix', sha1: 'fed', distro: 'centos', version: '9', status: 'building' }),
  ]) {
    t.equal((await shaman.post('/api/repos/ceph', event)).status, 200);
  }
  await shaman.post('/api/builds/ceph/', { ...BUILD_REPORT, status: 'queued' });
  t.match(await shaman.json('/'), {
    description: /^gitbuilder shaman/,
    repos: /^http:.*\/api\/repos\/$/,
  });
  const levels: Array<[path: string, body: unknown]> = [
    ['/api/', { repos: ['ceph'] }],
    ['/api/repos/', { ceph: { refs: ['wip/fix', 'main'], sha1s: ['fed', 'abc123'] } }],
    ['/api/repos/ceph/', ['wip/fix', 'main']],
    ['/api/repos/ceph/main/', ['abc123']],
    ['/api/repos/ceph/wip%2Ffix/', ['fed']],
    ['/api/repos/ceph/unknown/', []],
    ['/api/repos/ceph/main/abc123/', ['ubuntu']],
    ['/api/repos/ceph/main/unknown/', []],
    ['/api/repos/ceph/main/latest/', ['ubuntu']],
    ['/api/repos/ceph/main/abc123/ubuntu/', ['jammy']],
    ['/api/repos/ceph/main/latest/ubuntu/', ['jammy']],
    ['/api/repos/ceph/main/abc123/ubuntu/jammy/flavors/', ['debug', 'default']],
    ['/api/repos/ceph/main/latest/ubuntu/22.04/flavors/', ['debug', 'default']],
    ['/api/repos/ceph/main/abc123/debian/12/', []],
    ['/api/builds/', { ceph: ['main'] }],
    ['/api/builds/ceph/', ['main']],
    ['/api/builds/ceph/main/', ['abc123']],
    ['/api/builds/ceph/unknown/', []],
    ['/api/builds/ceph/main/unknown/', []],
    ['/api/nodes/', {}],
  ];
  for (const [path, body] of levels) {
    t.same(await shaman.json(path), body, path);
    const head = await shaman.get(path, { method: 'HEAD' });
    t.equal(head.status, 200, `HEAD ${path}`);
    t.equal(await head.text(), '');
    const bare = await shaman.get(`${path.slice(0, -1)}?kept=1`);
    t.equal(bare.status, 302, `${path} without its slash`);
    t.equal(bare.headers.get('location'), `${shaman.url}${path.slice(1)}?kept=1`);
  }
  for (const path of [
    '/api/repos/unknown/',
    '/api/repos/unknown/main/abc123/ubuntu/jammy/repo',
    '/api/builds/unknown/main/abc123/',
    '/api/nodes/unknown/',
    '/api/unknown/',
  ]) {
    t.equal((await shaman.get(path)).status, 404, path);
  }
  for (const path of ['main/latest/centos/9', 'wip%2Ffix/latest', 'main/latest/ubuntu/noble']) {
    t.equal((await shaman.get(`/api/repos/ceph/${path}/`)).status, 504, path);
  }
  const wrong = await shaman.get('/api/search/', { method: 'PUT' });
  t.equal(wrong.status, 405);
  t.equal(wrong.headers.get('allow'), 'GET, HEAD');
  for (const health of ['/_health/', '/health/'])
    t.equal((await shaman.get(health)).status, 204, health);
  const listed = await shaman.json('/api/repos/ceph/latest-is-a-ref/latest-is-a-sha1/');
  t.same(listed, []);
});

t.test('teuthology', async (t) => {
  const shaman = await startTestShaman(t);
  await shaman.post('/api/repos/ceph/', READY_EVENT);
  await shaman.post('/api/repos/ceph/', eventOf({ host: '2.test', archs: ['arm64'] }));
  const ask = 'api/search?status=ready&project=ceph&flavor=default&distros=ubuntu%2F22.04%2Fx86_64';
  for (const by of ['&sha1=abc123', '&ref=main']) {
    const rows = await shaman.json(`/${ask}${by}`);
    t.match(rows, [{ ...READY_RECORD, modified: String }], by);
    t.equal((rows as unknown[]).length, 1, 'only the arch that was asked for');
  }
  t.same(await shaman.json(`/${ask}&ref=other`), []);
  const [row] = (await shaman.json(`/${ask}&ref=main`)) as { chacra_url: string }[];
  t.equal(new URL('repo', row?.chacra_url).href, `${READY_EVENT.chacra_url}repo`);

  await shaman.post('/api/builds/ceph/', { ...BUILD_REPORT, status: 'completed' });
  const followed = await fetch(new URL('/api/builds/ceph/main/abc123', shaman.url));
  t.match(await followed.json(), [
    {
      distro: 'ubuntu',
      distro_version: '22.04',
      flavor: 'default',
      distro_arch: 'x86_64',
      status: 'completed',
    },
  ]);
});

t.test('cephadm, curl and the words for releases and archs', async (t) => {
  const shaman = await startTestShaman(t);
  await shaman.post('/api/repos/ceph/', READY_EVENT);
  const arm = eventOf({ host: '2.test', version: 'noble', archs: ['arm64', 'noarch'] });
  await shaman.post('/api/repos/ceph/', arm);
  const yum = eventOf({ distro: 'centos', version: '9', archs: ['x86_64'] });
  await shaman.post('/api/repos/ceph/', yum);
  const base = '/api/repos/ceph/main';
  for (const [path, target] of [
    ['latest/ubuntu/jammy/repo/?arch=x86_64', READY_EVENT],
    ['abc123/ubuntu/22.04/repo', READY_EVENT],
    ['abc123/ubuntu/noble/repo/?arch=aarch64', arm],
    ['latest/ubuntu/24.04/flavors/default/repo?arch=arm64', arm],
    ['latest/centos/9/repo', yum],
  ] as const) {
    const answer = await shaman.get(`${base}/${path}`);
    t.equal(answer.status, 302, path);
    t.equal(answer.headers.get('location'), `${target.chacra_url}repo`, path);
  }
  const asked = await shaman.get(
    `${base}/latest/ubuntu/jammy/repo?format=sources&signed=1&arch=x86_64`,
  );
  t.equal(asked.headers.get('location'), `${READY_EVENT.chacra_url}repo?format=sources&signed=1`);
  const deb = `deb [trusted=yes] ${READY_EVENT.url} jammy main\n`;
  t.equal(await (await shaman.get(`${base}/latest/ubuntu/jammy/repo`)).text(), deb, 'without -L');
  const plain = await shaman.get(`${base}/latest/ubuntu/jammy/repo?text=1`);
  t.equal(plain.status, 200);
  t.match(plain.headers.get('content-type'), 'text/plain');
  t.equal(await plain.text(), deb);
  const rpm = await (await shaman.get(`${base}/latest/centos/9/repo?text=1`)).text();
  t.match(rpm, `[ceph]\nname=ceph packages for $basearch\nbaseurl=${yum.url}$basearch\n`);

  for (const [path, target] of [
    ['abc123/ubuntu/jammy/x86_64', READY_EVENT.url],
    ['latest/ubuntu/jammy/x86_64/', READY_EVENT.url],
    ['latest/ubuntu/noble/aarch64/pool/a+b%20c.deb', `${arm.url}pool/a+b%20c.deb`],
    ['latest/centos/9/flavors/default/x86_64/repodata/', `${yum.url}repodata/`],
  ] as const) {
    const answer = await shaman.get(`${base}/${path}`);
    t.equal(answer.status, 302, path);
    t.equal(answer.headers.get('location'), target, path);
  }
  for (const path of [
    'latest/ubuntu/jammy/repo?arch=arm64',
    'latest/ubuntu/xenial/repo',
    'unknown/ubuntu/jammy/repo',
    'latest/ubuntu/jammy/s390x/',
    'latest/ubuntu/jammy/flavors/other/repo',
  ]) {
    const answer = await shaman.get(`${base}/${path}`);
    t.equal(answer.status, 504, path);
    t.match(await answer.json(), { message: 'no repository is ready for: ceph/main' });
  }

  const found = async (distros: string) =>
    column(await shaman.json(`/api/search/?project=ceph&distros=${distros}`), 'distro_codename');
  t.same(await found('ubuntu/24.04'), ['noble']);
  t.same(await found('ubuntu/noble/arm64,centos/9/x86_64'), [null, 'noble']);
  t.same(await found('ubuntu/24.04/x86_64'), []);
  t.same(await found('windows/1809'), [], 'unknown names pass through');
});

t.test('latest goes by when a sha1 was first seen', async (t) => {
  const shaman = await startTestShaman(t);
  const post = (fields: Parameters<typeof eventOf>[0]) =>
    shaman.post('/api/repos/ceph/', eventOf(fields));
  await post({ sha1: 'old' });
  await post({ sha1: 'old', distro: 'centos', version: '9' });
  await post({ sha1: 'new' });
  await post({ sha1: 'newest', status: 'building' });
  await post({ sha1: 'old', flavor: 'debug' });
  await post({ sha1: 'old' });
  const latest = async (query: string) =>
    column(await shaman.json(`/api/search/?project=ceph&ref=main&sha1=latest${query}`), 'sha1');
  t.same(await latest(''), ['newest']);
  t.same(await latest('&status=ready'), ['new'], 'building an old one again changes nothing');
  t.same(await latest('&status=ready&distros=centos/9'), ['old']);
  const both = '/api/search/?project=ceph&sha1=latest&distros=centos/9,ubuntu/22.04';
  t.same(column(await shaman.json(both), 'distro'), ['centos', 'ubuntu'], 'one each, as asked');
  t.same(await latest('&distros=centos/9,debian/12'), []);
  const all = await shaman.json('/api/search/?project=ceph&ref=main&flavor=default');
  t.same(column(all, 'sha1'), ['old', 'newest', 'new', 'old'], 'lists go by the last change');
  const location = async (path: string) =>
    (await shaman.get(`/api/repos/ceph/main/latest/${path}`)).headers.get('location');
  t.match(await location('ubuntu/jammy/repo'), /\/new\//);
  t.match(await location('centos/9/repo'), /\/old\//);
});

t.test('nodes take turns', async (t) => {
  const shaman = await startTestShaman(t);
  const next = () => shaman.get('/api/nodes/next/', { headers: { Authorization: as('jenkins') } });
  const none = await next();
  t.equal(none.status, 404);
  t.match(await none.json(), { message: 'There are no healthy chacra nodes available.' });
  for (const host of ['a.test', 'b.test:8443', 'c.test'])
    await shaman.post(`/api/nodes/${host}`, {}, 'chacra');
  const url = 'http://b.test:8443/chacra';
  const report = { url, free_bytes: 7e12, load: 0.5, version: '1.2' };
  t.equal((await shaman.post('/api/nodes/b.test:8443/', report, 'chacra')).status, 200);
  const handed = [];
  for (let i = 0; i < 5; i += 1) handed.push(await (await next()).text());
  t.same(handed, ['https://a.test/', `${url}/`, 'https://c.test/', 'https://a.test/', `${url}/`]);
  const many = await Promise.all(Array.from({ length: 31 }, async () => (await next()).text()));
  const counts = [...new Set(many)].map((each) => many.filter((other) => other === each).length);
  t.same(counts.sort(), [10, 10, 11], 'callers of one moment spread evenly');
  t.match(await shaman.json('/api/nodes/b.test:8443/'), { ...report, url: `${url}/` });

  const remove = (path: string, user: string) =>
    shaman.get(path, { method: 'DELETE', headers: { Authorization: as(user) } });
  t.equal((await remove('/api/nodes/a.test/', 'chacra')).status, 403);
  t.equal((await remove('/api/nodes/a.test', 'root')).status, 204);
  t.equal((await remove('/api/nodes/a.test/', 'root')).status, 404);
  t.same(Object.keys((await shaman.json('/api/nodes/')) as object), ['b.test:8443', 'c.test']);
});

t.test(
  'a list of any length is one JSON list, and a client that leaves harms nobody',
  async (t) => {
    const rows = Array.from({ length: 100_000 }, (_, number) => ({
      number,
      text: 'x'.repeat(300),
    }));
    const bytesOf = (row: object) => Buffer.from(JSON.stringify(row));
    const answers: Promise<unknown>[] = [];
    const server = await listen(
      (request, response) => {
        const count = Number(request.url?.slice(1));
        answers.push(Promise.resolve(sendList(response, rows.slice(0, count), bytesOf)));
      },
      { host: '127.0.0.1', port: 0 },
    );
    t.teardown(() => server.stop(0));
    for (const count of [0, 1, 2, 3999, 4000, 4001, 8000, 8001]) {
      t.same(await (await fetch(`${server.url}${count}`)).json(), rows.slice(0, count), `${count}`);
      const head = await fetch(`${server.url}${count}`, { method: 'HEAD' });
      t.equal(await head.text(), '');
    }
    const leaving = await fetch(`${server.url}${rows.length}`);
    await leaving.body?.cancel();
    t.same(await Promise.all(answers), Array(answers.length).fill({ kind: 'sent' }));
  },
);
