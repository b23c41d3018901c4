import t from 'tap';
import { authorization, startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { SHA1 } from '../fixtures/some-address.ts';

interface Row {
  readonly name: string;
  readonly arch: string;
  readonly flavor: string;
  readonly checksum: string | null;
}

/** Paths below `/binaries/`, each with its file's content and who uploads it. */
const FILES = [
  [`ceph/main/${SHA1}/debian/bookworm/x86_64/flavors/default/ceph_1.tar`, 'one', 'root'],
  [`ceph/main/${SHA1}/debian/bookworm/x86_64/flavors/debug/ceph_1.tar`, 'debug', 'root'],
  [`ceph/main/${SHA1}/debian/bookworm/arm64/flavors/default/ceph_1.tar`, 'arm', 'builder'],
  [`ceph/fix%2F1/${SHA1}/ubuntu/jammy/x86_64/flavors/default/ceph-common_2.tar`, 'x', 'builder'],
  [`ceph/main/${SHA1.replace('0', 'f')}/centos/9/noarch/flavors/default/cephadm`, 'xx', 'root'],
  [`samba/main/${SHA1}/centos/9/x86_64/flavors/default/samba.rpm.txt`, 'xxx', 'root'],
] as const;

async function filledNode(t: Parameters<typeof startNode>[0]): Promise<TestNode> {
  const node = await startNode(t);
  for (const [path, body, user] of FILES) {
    const headers = { authorization: authorization(user) };
    const { status } = await node.fetch(`binaries/${path}`, { method: 'PUT', body, headers });
    if (status !== 201) throw new Error(`${path} was answered ${status}`);
  }
  return node;
}

/** Where a row's file is, as in `FILES`. */
const found = (rows: readonly Row[]) => rows.map((row) => `${row.arch}/${row.flavor}/${row.name}`);

t.test('every filter, alone and together', async (t) => {
  const node = await filledNode(t);
  const [one, debug, arm, common, cephadm, samba] = FILES.map(([path]) => {
    const [arch, , flavor, name] = path.split('/').slice(5);
    return `${arch}/${flavor}/${name}`;
  });
  for (const [query, expected] of [
    ['project=samba', [samba]],
    ['ref=fix%2F1', [common]],
    [`sha1=${SHA1.replace('0', 'f')}`, [cephadm]],
    ['distro=centos', [cephadm, samba]],
    ['distro_version=jammy', [common]],
    ['arch=arm64', [arm]],
    ['flavor=debug', [debug]],
    ['built_by=builder', [arm, common]],
    ['size=3', [one, arm, samba]],
    ['name=ceph_1.tar', [one, debug, arm]],
    ['name=ceph', []],
    ['name-has=ceph', [one, debug, arm, common, cephadm]],
    ['name-has=%', []],
    ['name-has=', [one, debug, arm, common, cephadm, samba]],
    ['name=ceph_1.tar&arch=x86_64&flavor=default', [one]],
    ['project=ceph&distro=centos&arch=x86_64', []],
  ] as const) {
    const answer = await node.fetch(`search/?${query}`, { headers: { authorization: '' } });
    t.equal(answer.status, 200, query);
    t.same(found((await answer.json()) as Row[]).sort(), [...expected].sort(), query);
    t.equal((await node.fetch(`search/?${query}`, { method: 'HEAD' })).status, 200);
  }
  const [first] = (await (await node.fetch('search/?arch=arm64')).json()) as object[];
  const listed = await (
    await node.fetch(`binaries/ceph/main/${SHA1}/debian/bookworm/arm64/`)
  ).json();
  const sameButAge = { ...(listed as Record<string, object>)['ceph_1.tar'], last_changed: String };
  t.match(first, sameButAge, 'as the listing shows it, checksum included');
});

t.test('pages do not overlap, whatever comes in between', async (t) => {
  const node = await filledNode(t);
  const whole = found((await (await node.fetch('search/?name-has=')).json()) as Row[]);
  const pages: string[][] = [];
  let cursor: string | null = null;
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = await node.fetch(`search/?name-has=&limit=2${after}`);
    pages.push(found((await answer.json()) as Row[]));
    cursor = answer.headers.get('x-next-cursor');
    const early = `binaries/aaa/main/${SHA1}/debian/bookworm/x86_64/early${pages.length}`;
    await node.fetch(early, { method: 'PUT', body: 'x' });
  } while (cursor !== null);
  t.same(
    pages.map(({ length }) => length),
    [2, 2, 2],
  );
  t.same(pages.flat(), whole);
  const all = await node.fetch('search/?name-has=&limit=1000');
  t.equal(all.headers.get('x-next-cursor'), null);
  t.same(await (await node.fetch('search/?project=ceph&limit=0')).json(), []);
});

t.test('long answers come bit by bit, and whole', async (t) => {
  const node = await startNode(t, { chacra: '  projects: { ceph: { automatic: false } }' });
  const where = `ceph/main/${SHA1}/debian/bookworm`;
  const names = Array.from(
    { length: 500 },
    (_, number) => `file-${String(number).padStart(3, '0')}`,
  );
  await Promise.all(
    names.map((name) =>
      node.fetch(`binaries/${where}/all/flavors/default/${name}/`, { method: 'PUT', body: name }),
    ),
  );
  const search = await node.fetch('search/?arch=all');
  t.equal(search.headers.get('transfer-encoding'), 'chunked');
  const rows = (await search.json()) as Row[];
  t.same(
    rows.map(({ name }) => name),
    names,
  );
  t.ok(rows.every(({ checksum }) => /^[0-9a-f]{128}$/.test(String(checksum))));
  const page = await node.fetch('search/?arch=all&limit=499');
  t.match(page.headers.get('x-next-cursor'), /file-498$/);
  t.same(
    ((await page.json()) as Row[]).map(({ name }) => name),
    names.slice(0, 499),
  );
  const listing = `binaries/${where}/all/flavors/default/`;
  const listed = (await (await node.fetch(listing)).json()) as Record<string, Row>;
  t.same(Object.keys(listed).sort(), names);
  t.match(listed['file-007'], { name: 'file-007', checksum: rows[7]?.checksum });
  const why = `api/v1/repos/${where}/why?package=*`;
  const { packages } = (await (await node.fetch(why)).json()) as { packages: { file: string }[] };
  t.same(packages.map(({ file }) => file).sort(), names);
  const lines = await (await node.fetch(`${why}&format=text`)).text();
  t.equal(lines.match(/^next file-\d\d\d/gm)?.length, 500);
  for (const path of ['search/?arch=all', listing, why]) {
    const head = await node.fetch(path, { method: 'HEAD' });
    t.match([head.status, await head.text()], [200, '']);
    // Who leaves in the middle leaves nothing behind that the next one waits for.
    const left = await node.fetch(path);
    await left.body?.cancel();
  }
  t.equal((await node.fetch('health/')).status, 204);
  t.same(
    node.log.lines.filter(({ level }) => level === 'error'),
    [],
  );
});

t.test('what is no search', async (t) => {
  const node = await filledNode(t);
  for (const path of ['search/', 'search/?limit=5']) {
    t.same(await (await node.fetch(path)).json(), {}, 'as the original: an object');
  }
  const redirect = await node.fetch('search?project=ceph&arch=arm64');
  t.equal(redirect.status, 302);
  t.equal(redirect.headers.get('location'), `${node.url}search/?project=ceph&arch=arm64`);
  const odd = await node.fetch('search?name=a?b', { redirect: 'manual' });
  t.equal(odd.headers.get('location'), `${node.url}search/?name=a?b`);
  for (const [query, status, message] of [
    ['nam=ceph', 405, /^invalid query params: nam$/],
    ['status=ready&name=x&foo', 405, /^invalid query params: status,foo$/],
    ['size=abc', 400, /size must be a whole number/],
    ['size=', 400, /size must be a whole number/],
    ['size=-1', 400, /size must be a whole number/],
    ['name=a&name=b', 400, /name is given twice/],
    ['name=a&limit=ten', 400, /limit must be a whole number/],
    ['name=a&limit=1e3', 400, /limit must be a whole number/],
    ['name=a&limit=10001', 400, /limit must be at most 10000: go on with the cursor/],
    ['__proto__=a', 405, /invalid query params: __proto__/],
  ] as const) {
    const answer = await node.fetch(`search/?${query}`);
    t.equal(answer.status, status, query);
    t.match(await answer.json(), { message });
  }
  const advice = await (await node.fetch('search/?nam=x')).json();
  t.match(advice, { advice: /Known parameters: project, ref, sha1, .*limit, cursor/ });
});
