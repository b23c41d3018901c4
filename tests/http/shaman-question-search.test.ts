import t from 'tap';
import { ManualClock } from '../fakes/manual-clock.ts';
import { startTestShaman } from '../fixtures/shaman.ts';
import { CENTOS7, TRUSTY, XENIAL, lines, tellRepo } from '../fixtures/tell-shaman.ts';

t.test('search', async (t) => {
  const clock = new ManualClock();
  const shaman = await startTestShaman(t, { clock });
  for (let number = 0; number < 12; number += 1) {
    clock.advance(60_000);
    const platform = [XENIAL, CENTOS7, TRUSTY][number % 3] ?? XENIAL;
    const fields = { ref: `wip/${number % 4}`, sha1: `${number}`, ...platform };
    await tellRepo(
      shaman,
      { ...fields, archs: [number % 2 === 0 ? 'aarch64' : 'x86_64'] },
      { extra: { number, job: 'ceph' }, status: number < 6 ? 'ready' : 'building' },
    );
  }
  const page = async (query: string) => {
    const body = await shaman.json(`/api/v1/search?project=ceph&${query}`);
    return body as {
      readonly repos: readonly { readonly sha1: string }[];
      readonly next: string | null;
    };
  };
  const sha1s = async (query: string) => (await page(query)).repos.map(({ sha1 }) => Number(sha1));
  for (const [query, expected] of [
    ['', [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
    ['arch=arm64', [10, 8, 6, 4, 2, 0]],
    ['platforms=xenial/aarch64,centos7/amd64', [7, 6, 1, 0]],
    ['ref=wip/1', [9, 5, 1]],
    ['ref=wip/*&status=ready', [5, 4, 3, 2, 1, 0]],
    ['ref=*2', [10, 6, 2]],
    ['ref=none*', []],
    ['ref=wip/1&sha1=5', [5]],
    ['sha1=5&ref=*/2', []],
    ['extra.number=7', [7]],
    ['extra.job=ceph&extra.number=8', [8]],
    ['extra.toString=x', []],
    ['since=2026-01-01T00:11:00Z', [11, 10]],
    ['since=2026-01-01T01:02:00%2B01:00&until=2026-01-01T00:05:00Z', [3, 2, 1]],
    ['since=2026-01-01&until=2026-01-01', []],
    ['flavor=debug', []],
  ] as const) {
    t.same(await sha1s(query), expected, query);
  }
  const seen: number[] = [];
  let next: string | null = '';
  for (let turn = 0; next !== null && turn < 9; turn += 1) {
    const cursor = next === '' ? '' : `&cursor=${next}`;
    const { repos, next: following } = await page(`limit=5${cursor}`);
    seen.push(...repos.map(({ sha1 }) => Number(sha1)));
    next = following;
    // What changes meanwhile comes to the front, and nothing comes twice.
    if (turn === 0) await tellRepo(shaman, { ref: 'wip/1', sha1: '9', ...XENIAL });
  }
  t.same(seen, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  t.match(await lines(shaman, '/api/v1/search?project=ceph&limit=1'), [
    'repo ready ceph wip/1 9 ubuntu/16.04 default x86_64 https://chacra.test/r/ceph/wip%2F1/9/ubuntu/xenial/flavors/default/ https://chacra.test/repos/ceph/wip%2F1/9/ubuntu/xenial/flavors/default/',
    /^next \d+$/,
  ]);
  t.match((await page('limit=1')).repos, [
    { modified: '2026-01-01T00:12:00.000Z', extra: {}, type: null },
  ]);

  const first = await shaman.get('/api/v1/search?project=ceph');
  const etag = first.headers.get('etag') ?? '';
  const again = () =>
    shaman.get('/api/v1/search?project=ceph', { headers: { 'if-none-match': etag } });
  t.equal((await again()).status, 304);
  await tellRepo(shaman, { ref: 'wip/1', sha1: '1', ...CENTOS7 });
  t.equal((await again()).status, 200);
  const head = await shaman.get('/api/v1/search?project=ceph&sha1=none&wait=9', { method: 'HEAD' });
  t.equal(head.status, 200, 'HEAD is not held');
});

t.test('what cannot be asked', async (t) => {
  const shaman = await startTestShaman(t);
  const matrix = 'matrix?project=ceph&sha1=a';
  for (const [path, message] of [
    ['latest', /project is missing/],
    ['latest?project=ceph&platforms=xenial', /ref is missing/],
    ['latest?project=ceph&ref=main', /platforms is missing/],
    [
      'latest?project=ceph&ref=main&platfroms=xenial',
      /"platfroms" \(platforms\?\); known: project/,
    ],
    ['latest?project=ceph&ref=main&platforms=xenial,', /distro: $/],
    ['latest?project=ceph&ref=main&platforms=ubuntu', /distro: ubuntu$/],
    [
      `latest?project=ceph&ref=main&platforms=${'noble,'.repeat(50)}noble`,
      /more than 50 platforms/,
    ],
    ['latest?project=ceph&ref=main&platforms=noble&allow_partial=maybe', /must be 1 or 0/],
    ['latest?project=ceph&ref=a%25b&platforms=noble', /invalid ref/],
    ['latest?project=ceph&ref=main&platforms=noble&wait=soon', /wait must be .*"soon"/],
    ['matrix?project=ceph', /sha1 and ref is missing/],
    ['matrix?project=&sha1=a', /invalid project/],
    ['matrix?project=a/b&sha1=a', /invalid project/],
    [`${matrix}&sha1=b`, /sha1 is given twice/],
    [`${matrix}&wait=-1`, /wait must be/],
    [`${matrix}&wait=1.5`, /wait must be/],
    [`${matrix}&wait=3601`, /from 0 to 3600/],
    [`${matrix}&wait=`, /wait must be/],
    [`${matrix}&generation=x&platforms=noble`, /generation must be/],
    [`${matrix}&generation=1`, /one platform/],
    [`${matrix}&generation=1&platforms=noble,jammy`, /one platform/],
    [`${matrix}&format=xml`, /json or text/],
    [`${matrix}&sha1=${'x'.repeat(300)}`, /twice/],
    [`matrix?project=ceph&sha1=${'x'.repeat(300)}`, /longer than 255/],
    ['search?projcet=ceph', /\(project\?\)/],
    ['search?extra.=1', /unknown parameter/],
    ['search?limit=0', /from 1 to 1000/],
    ['search?limit=1001', /from 1 to 1000/],
    ['search?cursor=abc', /cursor must be/],
    ['search?since=yesterday', /time such as/],
    ['search?until=2026-13-45', /time such as/],
    ['search?sha1=latest', /api\/v1\/latest/],
    ['search?project=ceph&wait=5', /sha1 or an exact ref/],
    ['search?project=ceph&ref=*&wait=5', /sha1 or an exact ref/],
    ['events?refs=main', /\(ref\?\)/],
    ['events?sha1=', /invalid sha1/],
  ] as const) {
    const answer = await shaman.get(`/api/v1/${path}`);
    t.equal(answer.status, 400, path.slice(0, 80));
    t.match(((await answer.json()) as { message: string }).message, message);
  }
  for (const path of ['latest', 'matrix', 'search', 'events']) {
    const answer = await shaman.post(`/api/v1/${path}`, {});
    t.same([answer.status, answer.headers.get('allow')], [405, 'GET, HEAD'], path);
  }
  const closed = await startTestShaman(t, {
    folder: `${shaman.folder}/closed`,
    top: 'anonymous: none',
  });
  for (const path of ['latest', 'matrix', 'search', 'events']) {
    t.equal((await closed.get(`/api/v1/${path}`)).status, 401, path);
  }
});
