import t from 'tap';
import { BUILD_REPORT, READY_EVENT, READY_RECORD, eventOf } from '../fixtures/shaman-payloads.ts';
import { as, startTestShaman } from '../fixtures/shaman.ts';

t.test('what is not said stays as it was', async (t) => {
  const shaman = await startTestShaman(t);
  const record = async () => {
    const [first] = (await shaman.json('/api/search/?project=ceph')) as object[];
    return first;
  };
  const post = (body: object) => shaman.post('/api/repos/ceph/', body);
  await post(READY_EVENT);
  const { chacra_url } = READY_EVENT;
  await post({ chacra_url, status: 'building' });
  t.match(await record(), { ...READY_RECORD, status: 'building', modified: String });
  await post({ chacra_url: chacra_url.slice(0, -1), status: 'ready', archs: ['arm64'], url: '' });
  t.match(
    await record(),
    { url: READY_RECORD.url, archs: ['x86_64', 'arm64'] },
    'the original adds',
  );
  await post({ chacra_url, status: 'failed', reason: 'a.deb is torn', sha1: 'ignored' });
  t.match(await record(), { sha1: 'abc123', status: 'failed', reason: 'a.deb is torn' });
  await post({
    chacra_url,
    status: 'ready',
    extra: { version: '2' },
    sequence: 5,
    archs: ['s390x'],
  });
  const now = { status: 'ready', extra: { version: '2' }, archs: ['s390x'], reason: undefined };
  t.match(await record(), now);
  for (const sequence of [5, 4, 0]) await post({ chacra_url, status: 'building', sequence });
  t.match(await record(), now, 'what came again or late is ignored');

  await post({ chacra_url, status: 'deleted', sequence: 6 });
  t.same(await shaman.json('/api/search/'), []);
  t.same(await shaman.json('/api/'), { repos: [] });
  await post({ ...READY_EVENT, sequence: 5 });
  t.same(await shaman.json('/api/search/'), [], 'a late event does not bring it back');
  await post({ ...READY_EVENT, sequence: 7 });
  t.match(await record(), { url: READY_RECORD.url }, 'a new one does');
});

t.test('records appear once, and nothing appears of nothing', async (t) => {
  const shaman = await startTestShaman(t);
  const first = Array.from({ length: 12 }, () => shaman.post('/api/repos/ceph/', READY_EVENT));
  const answers = await Promise.all(first);
  t.same([...new Set(answers.map(({ status }) => status))], [200]);
  t.equal(((await shaman.json('/api/search/')) as []).length, 1);
  const gone = { ...eventOf({ sha1: 'f' }), status: 'deleted' };
  t.equal((await shaman.post('/api/repos/unheard/', gone)).status, 200);
  t.equal((await shaman.post('/api/repos/unheard/', { ...gone, sequence: 3 })).status, 200);
  t.same(await shaman.json('/api/'), { repos: ['ceph'] });
  t.same(await shaman.json('/api/search/?project=unheard'), []);
  const pulp = 'https://pulp.test/pulp/api/v3/distributions/rpm/rpm/0189/';
  const foreign = { ...eventOf({ distro: 'centos', version: '9' }), chacra_url: pulp };
  t.equal((await shaman.post('/api/repos/ceph/', { ...foreign, type: 'pulp_rpm' })).status, 200);
  t.match(await shaman.json('/api/search/?distros=centos/9'), [{ chacra_url: pulp }]);
});

t.test('builds', async (t) => {
  const shaman = await startTestShaman(t);
  const post = async (fields: object) => {
    const answer = await shaman.post(
      '/api/builds/ceph/',
      { ...BUILD_REPORT, ...fields },
      'jenkins',
    );
    t.equal(answer.status, 200);
  };
  const builds = async () =>
    ((await shaman.json('/api/builds/ceph/main/abc123/')) as (typeof BUILD_REPORT)[]).map(
      ({ url, distro, distro_arch, ...rest }) =>
        [url, distro, distro_arch, (rest as { status?: string }).status].join(' '),
    );
  const nowhere = { distro: '', distro_version: '', distro_arch: '' };
  await post({ ...nowhere, url: 'https://j/trigger/', status: 'queued' });
  await post({ status: 'started' });
  t.same(await builds(), ['https://j/1/ ubuntu x86_64 started'], 'the first cell takes it over');
  await post({ status: 'started', distro_arch: 'arm64' });
  await post({ status: 'completed' });
  t.same(
    await builds(),
    ['https://j/1/ ubuntu x86_64 completed', 'https://j/1/ ubuntu arm64 started'],
    'cells that share a URL are two',
  );
  await post({ status: 'started', url: 'https://j/2/' });
  await post({ status: 'aborted', url: 'https://j/2/', distro_version: '22.04', log_url: '' });
  t.same(
    await builds(),
    [
      'https://j/2/ ubuntu x86_64 aborted',
      'https://j/1/ ubuntu x86_64 completed',
      'https://j/1/ ubuntu arm64 started',
    ],
    'history is kept',
  );
  const all = await shaman.json('/api/builds/ceph/main/abc123/');
  t.match(all, [
    { completed: null, log_url: BUILD_REPORT.log_url, distro_version: '22.04' },
    { completed: String, distro_version: '22.04' },
    { completed: null },
  ]);
  await post({ status: 'queued', url: 'https://j/queue/', sha1: 'f' });
  await post({ status: 'started', url: 'https://j/3/', sha1: 'f' });
  const other = (await shaman.json('/api/builds/ceph/main/f/')) as object[];
  t.match(other, [{ url: 'https://j/3/', status: 'started' }]);
  t.equal(other.length, 1, 'the queued one of the cell was taken over');
  await post({ ...nowhere, url: 'https://j/trigger/', status: 'queued', sha1: 'e' });
  await post({ url: 'https://j/4/', status: 'started', sha1: 'e', flavor: 'debug' });
  const flavored = (await shaman.json('/api/builds/ceph/main/e/')) as object[];
  t.match(flavored, [{ url: 'https://j/4/', flavor: 'debug' }]);
  t.equal(flavored.length, 1, 'a trigger knows no flavor');
});

t.test('bad input is refused with a reason, and changes nothing', async (t) => {
  const shaman = await startTestShaman(t);
  const repo = (fields: object) => JSON.stringify({ ...READY_EVENT, ...fields });
  const build = (fields: object) =>
    JSON.stringify({ ...BUILD_REPORT, status: 'queued', ...fields });
  const tooLong = `https://c.test/${'x'.repeat(3000)}/`;
  const bodies: Array<[path: string, body: string, message: RegExp | string]> = [
    ['repos/ceph', '', 'could not decode JSON body'],
    ['repos/ceph', '{"chacra_url":', 'could not decode JSON body'],
    ['repos/ceph', '[]', /expected object/],
    ['repos/ceph', 'null', /expected object/],
    ['repos/ceph', '{}', 'chacra_url: is missing; status: is missing'],
    ['repos/ceph', repo({ chacra_url: 7 }), /^chacra_url: /],
    ['repos/ceph', repo({ chacra_url: 'javascript:alert(1)//' }), /no http or https URL/],
    ['repos/ceph', repo({ chacra_url: 'https://u:secret@c.test/' }), /holds a user or password/],
    ['repos/ceph', repo({ chacra_url: 'https://c.test/?a=1' }), /query or fragment/],
    ['repos/ceph', repo({ chacra_url: 'https://c.test/a b/' }), /blank/],
    ['repos/ceph', repo({ chacra_url: 'https://c.test/\u0436/' }), /percent-encoded/],
    ['repos/ceph', repo({ url: 'https://c.test/\u2028/' }), /^url: .*blank/],
    ['repos/ceph', repo({ chacra_url: tooLong }), /longer than 2048/],
    ['repos/ceph', repo({ url: 'ftp://c.test/' }), /^url: /],
    ['repos/ceph', repo({ status: 'fine' }), /^status: must be one of requested, queued/],
    ['repos/ceph', repo({ archs: 'x86_64' }), /^archs: /],
    ['repos/ceph', repo({ archs: ['x86 64'] }), /arch .* blank/],
    ['repos/ceph', repo({ extra: 'text' }), /^extra: /],
    ['repos/ceph', repo({ sequence: '7' }), /^sequence: /],
    ['repos/ceph', repo({ sequence: 1.5 }), /^sequence: /],
    ['repos/ceph', repo({ ref: null, flavor: '', distro: undefined }), /: ref, flavor, distro$/],
    ['repos/ceph', repo({ ref: '../..' }), /leave its folder/],
    ['repos/ceph', repo({ distro: 'ubuntu jammy' }), /blank/],
    ['repos/ce%20ph', repo({}), /project .* blank/],
    ['builds/ceph', '{}', /url: is missing; ref: is missing; sha1: is missing; status: is missing/],
    ['builds/ceph', build({ status: 'done' }), /must be one of queued, started/],
    ['builds/ceph', build({ url: '' }), /^url: /],
    ['builds/ceph', build({ log_url: 'javascript:alert(1)' }), /^log_url: /],
    ['builds/ceph', build({ sha1: '' }), /sha1 .* empty/],
    ['builds/ceph', build({ ref: 'a%2Fb' }), /ref .* quoting/],
    ['builds/ceph', build({ distro_arch: {} }), /^distro_arch: /],
    ['nodes/u@a.test', '{}', /no host/],
    ['nodes/a.test', '{"url":"https://evil.test/"}', /of the host a.test/],
    ['nodes/a.test', '{"url":"https://u:p@a.test/"}', /^url: .* password/],
    ['nodes/a.test', '{"free_bytes":-1}', /^free_bytes: /],
  ];
  for (const [path, body, message] of bodies) {
    const answer = await shaman.post(`/api/${path}/`, body);
    const shown = `${path} ${body.slice(0, 60)}`;
    t.equal(answer.status, 400, shown);
    t.match(await answer.json(), { message, advice: String, request_id: String }, shown);
  }
  const huge = await shaman.post('/api/repos/ceph/', repo({ reason: 'x'.repeat(2 << 20) }));
  t.equal(huge.status, 413);
  const next = await shaman.post('/api/nodes/next/', {});
  t.equal(next.status, 405, 'no host has this name');
  const headers = { Authorization: as('jenkins') };
  t.equal((await shaman.get('/api/nodes/next?sha1=a%20b', { headers })).status, 400);
  const told = { '/api/nodes/next': { get: { responses: { 400: { description: String } } } } };
  t.match(await shaman.json('/api/v1/openapi.json'), { paths: told });

  const search = '/api/search/?project=ceph&';
  for (const [query, message] of [
    ['arch=x86_64', /invalid query params: arch; known: project, ref/],
    ['ref=a&ref=b', /ref is given twice/],
    ['distros=', /Invalid version or codename for distro: $/],
    ['distros=ubuntu', /Invalid version or codename for distro: ubuntu$/],
    ['distros=ubuntu/', /codename for distro: ubuntu\/$/],
    ['distros=/22.04', /codename for distro: \/22.04$/],
    ['distros=ubuntu/22.04/x86_64/more', /codename for distro: ubuntu\/22.04\/x86_64\/more$/],
    ['distros=ubuntu/22.04,', /codename for distro: $/],
    ['distros=ubuntu/22.04/', /codename for distro/],
  ] as const) {
    const answer = await shaman.get(`${search}${query}`);
    t.equal(answer.status, 400, query);
    t.match(await answer.json(), { message }, query);
  }
  for (const path of ['/api/repos/%ff/', '/api/repos/a/b/c/d/e/%ff', '/api/nodes/%ff/']) {
    t.equal((await shaman.get(path)).status, 400, path);
  }
  t.same(await shaman.json('/api/'), { repos: [] }, 'no project was made');
  t.same(await shaman.json('/api/nodes/'), {});
  t.same(shaman.log.lines, [], 'nothing of this is an error of ours');
});

t.test('who may do what', async (t) => {
  const shaman = await startTestShaman(t);
  const event = READY_EVENT;
  const report = { ...BUILD_REPORT, status: 'queued' };
  const requests: Array<[method: string, path: string, body: object | null, scope: string]> = [
    ['POST', '/api/repos/ceph/', event, 'node'],
    ['POST', '/api/builds/ceph/', report, 'upload'],
    ['POST', '/api/nodes/a.test/', {}, 'node'],
    ['GET', '/api/nodes/next/', null, 'upload'],
    ['GET', '/api/nodes/next', null, 'upload'],
    ['DELETE', '/api/nodes/a.test/', null, 'admin'],
  ];
  const may: Record<string, string> = { jenkins: 'upload', chacra: 'node', root: 'admin' };
  for (const [method, path, body, scope] of requests) {
    const ask = (headers: Record<string, string>) =>
      shaman.get(path, { method, headers, body: body === null ? null : JSON.stringify(body) });
    for (const headers of [{}, { Authorization: 'Basic eA==' }, { Authorization: 'Bearer no' }]) {
      const answer = await ask(headers);
      t.equal(answer.status, 401, `${method} ${path} ${JSON.stringify(headers)}`);
      t.match(answer.headers.get('www-authenticate'), 'Basic');
    }
    for (const [user, holds] of Object.entries(may)) {
      const { status } = await ask({ Authorization: as(user) });
      const isAllowed = holds === scope || holds === 'admin';
      t.equal(status === 403, !isAllowed, `${method} ${path} as ${user}: ${status}`);
    }
  }
  t.same(await shaman.json('/api/nodes/'), {}, 'the last one removed it');

  const shut = await startTestShaman(t, { top: 'anonymous: none', folder: `${shaman.folder}/2` });
  for (const path of ['/api/search', '/api/', '/api/repos/ceph/main/latest/ubuntu/jammy/repo']) {
    t.equal((await shut.get(path)).status, 401, path);
  }
});
