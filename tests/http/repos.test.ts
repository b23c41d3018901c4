import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { ManualClock } from '../fakes/manual-clock.ts';
import { startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { untilPublished } from '../fixtures/signed-node.ts';
import { BINARIES, PUBLISHED, REPO, REPOS, SHA1 } from '../fixtures/some-address.ts';
import { someDeb } from '../fixtures/some-packages.ts';

const BY_HAND = '  projects: { ceph: { automatic: false } }';

/** The node's own JSON, whose fields are what these tests look at. */
type Json = Readonly<Record<string, unknown>>;

const json = async (node: TestNode, path: string): Promise<Json> =>
  (await (await node.fetch(path)).json()) as Json;

async function put(node: TestNode, path: string, body: string | Uint8Array): Promise<void> {
  const { status } = await node.fetch(path, { method: 'PUT', body });
  if (status >= 300) throw new Error(`PUT ${path} was answered ${status}`);
}

const post = (node: TestNode, path: string, body?: unknown) =>
  node.fetch(path, {
    method: 'POST',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

const isIdle = (repo: Json) =>
  repo['needs_update'] === false && repo['is_queued'] === false && repo['is_updating'] === false;

async function putDeb(node: TestNode, name = 'hello'): Promise<void> {
  const deb = someDeb(name);
  await put(node, `${BINARIES}/${deb.name}`, deb.bytes);
}

t.test('levels, and a repo as the original shows it', async (t) => {
  const node = await startNode(t, { chacra: BY_HAND });
  await putDeb(node);
  await put(node, `binaries/${REPO}/arm64/flavors/debug/one`, 'one');
  await put(node, `binaries/ceph/v1%2F2/${SHA1}/centos/9/x86_64/two`, 'two');
  for (const [path, expected] of Object.entries({
    'repos/': { ceph: ['main', 'v1/2'] },
    'repos/ceph/': { main: [SHA1], 'v1/2': [SHA1] },
    'repos/ceph/v1%2F2/': { [SHA1]: ['centos'] },
    [`repos/ceph/main/${SHA1}/`]: { debian: ['bookworm'] },
    [`repos/ceph/main/${SHA1}/debian/`]: ['bookworm'],
    [`repos/${REPO}/flavors/`]: ['default', 'debug'],
  })) {
    t.same(await json(node, path), expected, path);
    const redirect = await node.fetch(path.slice(0, -1), { method: 'HEAD' });
    t.match([redirect.status, redirect.headers.get('location')], [302, `${node.url}${path}`]);
  }
  const before: Json = {
    path: null,
    project_name: 'ceph',
    ref: 'main',
    sha1: SHA1,
    distro: 'debian',
    distro_version: 'bookworm',
    signed: false,
    needs_update: false,
    is_updating: false,
    is_queued: false,
    type: 'deb',
    flavor: 'default',
    archs: ['x86_64'],
    extra: {},
    status: 'collecting',
    unpublished: 1,
    chacra_url: `${node.url}${REPOS}/`,
    url: `${node.url}${PUBLISHED}/`,
  };
  t.match(await json(node, `repos/${REPO}/`), before);
  t.same(await json(node, `${REPOS}/`), await json(node, `repos/${REPO}/`));
  t.match(await json(node, `repos/${REPO}/flavors/debug/`), { flavor: 'debug', archs: ['arm64'] });
  for (const path of ['none/', 'ceph/none/', `${REPO}/flavors/none/`, `ceph/main/${SHA1}/x/y/`]) {
    t.equal((await node.fetch(`repos/${path}`)).status, 404, path);
  }
  await post(node, `${REPOS}/update`);
  await untilPublished(node, REPO);
  const after = { ...before, path: `${REPO}/flavors/default`, status: 'ready', unpublished: 0 };
  t.match(await json(node, `${REPOS}/`), { ...after, live_generation: 1 });
  t.match(await json(node, ''), { repos: ['ceph'], binaries: ['ceph'] });
});

t.test('update and recreate', async (t) => {
  const node = await startNode(t, { chacra: BY_HAND });
  for (const what of ['update', 'recreate']) {
    for (const base of [`repos/${REPO}`, REPOS]) {
      t.equal((await post(node, `${base}/${what}`)).status, 404, 'not before its first binary');
      t.equal((await node.fetch(`${base}/${what}`, { method: 'HEAD' })).status, 404);
    }
  }
  await putDeb(node);
  let generation = 0;
  for (const what of ['recreate', 'update']) {
    for (const path of [`repos/${REPO}/${what}`, `${REPOS}/${what}/`]) {
      const init = { method: 'HEAD', headers: { authorization: '' } };
      t.equal((await node.fetch(path, init)).status, 401);
      t.equal((await node.fetch(path, { method: 'HEAD' })).status, 200);
      const wrong = await node.fetch(path);
      t.match([wrong.status, wrong.headers.get('allow')], [405, 'HEAD, POST']);
      const answer = await post(node, path);
      t.equal(answer.status, 200, path);
      generation += 1;
      const accepted = (await answer.json()) as Json;
      t.match(accepted, { generation, project_name: 'ceph' });
      t.notOk(isIdle(accepted));
      await untilPublished(node, REPO);
      t.match(await json(node, `${REPOS}/`), { generation, live_generation: generation });
    }
  }
});

t.test('an update is answered when it is live, for those who wait', async (t) => {
  const node = await startNode(t, {
    chacra: '  projects: { ceph: { automatic: false }, off: { disabled: true } }',
  });
  await putDeb(node);
  for (const wrong of ['wait=soon', 'wait=3601', 'wiat=5']) {
    const refused = await post(node, `repos/${REPO}/update?${wrong}`);
    t.match([refused.status, await refused.text()], [400, /wait/], wrong);
  }
  t.match(await json(node, `repos/${REPO}/`), { status: 'collecting' }, 'and nothing was done');
  const waited = (await (await post(node, `repos/${REPO}/update?wait=60`)).json()) as Json;
  t.match(waited, { generation: 1, done: true, status: 'ready', live_generation: 1 });
  t.equal((await node.fetch(`${PUBLISHED}/dists/bookworm/Release`)).status, 200);
  const anew = (await (await post(node, `${REPOS}/recreate?wait=60`)).json()) as Json;
  t.match(anew, { generation: 2, done: true, live_generation: 2 });
  const back = await post(node, `api/v1/${REPOS}/generations/1/restore?wait=60`);
  t.match(await back.json(), { generation: 3, done: true, live_generation: 3 });
  const off = `${SHA1}/debian/bookworm`;
  await put(node, `binaries/off/main/${off}/all/a.txt`, 'a');
  const never = await post(node, `repos/off/main/${off}/update?wait=60`);
  t.match(await never.json(), { done: true, status: 'collecting' }, 'nothing to wait for');
});

t.test('an update that may not wait is not accepted', async (t) => {
  const first = await startNode(t, { chacra: BY_HAND });
  await putDeb(first);
  await post(first, `${REPOS}/update?wait=60`);
  await first.stop();
  const { folder } = first;
  const published = join(folder, 'data', 'chacra', 'published');
  const manifest = join(published, readdirSync(published)[0] ?? '', '1.json');
  const text = readFileSync(manifest);
  rmSync(manifest);
  // The next publish reads what is live, and waits for as long as nobody writes it.
  execFileSync('mkfifo', [manifest]);
  const node = await startNode(t, { folder, chacra: `${BY_HAND}\n  heldPerAddress: 1` });
  const held = post(node, `${REPOS}/update?wait=60`);
  const isHeld = async () =>
    (await (await node.fetch('metrics')).text()).includes('gitbuilder_chacra_held_requests 1\n');
  while (!(await isHeld()));
  const other = `ceph/main/${SHA1}/debian/trixie`;
  await put(node, `binaries/${other}/all/a.txt`, 'a');
  const refused = await post(node, `repos/${other}/update?wait=60`);
  t.match([refused.status, await refused.text()], [429, /chacra\.heldPerAddress/]);
  t.match(await json(node, `repos/${other}/`), { status: 'collecting' }, 'and nothing was done');
  await writeFile(manifest, text);
  t.match(await (await held).json(), { done: true, status: 'ready', live_generation: 2 });
});

t.test('an update that fails is answered with the reason', async (t) => {
  const node = await startNode(t, { chacra: BY_HAND });
  await putDeb(node);
  // Nothing can be published where a file stands in the way.
  const published = join(node.folder, 'data', 'chacra', 'published');
  writeFileSync(published, '');
  const failed = (await (await post(node, `${REPOS}/update?wait=60`)).json()) as Json;
  t.match(failed, { generation: 1, done: true, status: 'failed', reason: /published/ });
});

t.test('the flags are never all false before what was asked for is there', async (t) => {
  const node = await startNode(t, { chacra: BY_HAND });
  for (let round = 1; round <= 5; round += 1) {
    await putDeb(node, `first${round}`);
    t.notOk(isIdle((await (await post(node, `${REPOS}/update`)).json()) as Json));
    // Meets the publish of the first one at another moment in each round.
    const second = putDeb(node, `second${round}`).then(() => post(node, `${REPOS}/update/`));
    const seen: Json[] = [];
    const poll = async () => {
      for (;;) {
        const repo = await json(node, `${REPOS}/`);
        seen.push(repo);
        if (isIdle(repo)) return;
      }
    };
    await poll();
    t.match(seen.at(-1), { status: 'ready' });
    await second;
    await poll();
    t.match(seen.at(-1), { status: 'ready', unpublished: 0 });
    const packages = await (
      await node.fetch(`${PUBLISHED}/dists/bookworm/main/binary-amd64/Packages`)
    ).text();
    t.match(packages, `Package: first${round}\n`);
    t.match(packages, `Package: second${round}\n`);
  }
});

t.test('an automatic repo owes its publish from the first byte that was accepted', async (t) => {
  const clock = new ManualClock();
  const node = await startNode(t, { clock });
  await putDeb(node);
  t.match(await json(node, `${REPOS}/`), { status: 'requested', needs_update: true });
  clock.advance(1999);
  await putDeb(node, 'another');
  clock.advance(1999);
  t.match(await json(node, `${REPOS}/`), { needs_update: true, is_queued: false });
  clock.advance(1);
  await untilPublished(node, REPO);
  t.match(await json(node, `${REPOS}/`), { status: 'ready', generation: 1, unpublished: 0 });
  const deb = someDeb();
  await node.fetch(`${BINARIES}/${deb.name}`, { method: 'DELETE' });
  t.match(await json(node, `${REPOS}/`), { status: 'requested', needs_update: true });
  await post(node, `${REPOS}/update`);
  await untilPublished(node, REPO);
  t.match(await json(node, `${REPOS}/`), { generation: 2 }, 'update does not wait for quiet');
});

t.test('recreate makes every file anew, and its readers see no gap', async (t) => {
  const node = await startNode(t, { chacra: BY_HAND });
  await putDeb(node);
  await post(node, `${REPOS}/update`);
  await untilPublished(node, REPO);
  const statuses = new Set<number>();
  let isDone = false;
  const read = async () => {
    while (!isDone) statuses.add((await node.fetch(`${PUBLISHED}/dists/bookworm/Release`)).status);
  };
  const reading = read();
  for (let round = 0; round < 10; round += 1) {
    await post(node, `${REPOS}/recreate`);
    await untilPublished(node, REPO);
  }
  isDone = true;
  await reading;
  t.same([...statuses], [200]);
  t.match(await json(node, `${REPOS}/`), { live_generation: 11 });
});

t.test('extra', async (t) => {
  const node = await startNode(t, { chacra: BY_HAND });
  t.equal((await post(node, `${REPOS}/extra`, {})).status, 404);
  await putDeb(node);
  const extra = { version: '1', nested: { a: [1, null, 'ü'] }, build_url: 'https://j/1/' };
  const answer = await post(node, `repos/${REPO}/extra/`, extra);
  t.equal(answer.status, 200);
  t.same(((await answer.json()) as Json)['extra'], extra);
  t.same((await json(node, `${REPOS}/`))['extra'], extra);
  t.equal((await post(node, `${REPOS}/extra`, { only: 'this' })).status, 200);
  t.same((await json(node, `${REPOS}/`))['extra'], { only: 'this' }, 'replaced, not merged');
});

t.test('a raw repo holds its files', async (t) => {
  const node = await startNode(t, { chacra: BY_HAND });
  await put(node, `${BINARIES}/disk.img`, 'an image');
  for (const path of [REPOS, `${REPOS}/`]) {
    const answer = await post(node, path, { type: 'raw' });
    t.match([answer.status, await answer.json()], [200, { type: 'raw' }]);
  }
  const same = { ref: 'main', distro: 'debian', distro_version: 'bookworm', needs_update: true };
  t.match(await (await post(node, `${REPOS}/`, same)).json(), { needs_update: true });
  await untilPublished(node, REPO);
  t.equal(await (await node.fetch(`${PUBLISHED}/x86_64/disk.img`)).text(), 'an image');
  const sums = await (await node.fetch(`${PUBLISHED}/SHA256SUMS`)).text();
  t.match(sums, /^[0-9a-f]{64} {2}x86_64\/disk\.img\n$/);
  t.equal((await node.fetch(`${REPOS}/repo`)).status, 204);
});

t.test('a repo is deleted with everything in it', async (t) => {
  const node = await startNode(t);
  for (const path of [`repos/${REPO}`, `repos/${REPO}/`, REPOS, `${REPOS}/`]) {
    await putDeb(node);
    await post(node, `${REPOS}/update`);
    await untilPublished(node, REPO);
    t.equal((await node.fetch(`${PUBLISHED}/dists/bookworm/Release`)).status, 200);
    t.equal((await node.fetch(path, { method: 'DELETE' })).status, 204, path);
    for (const gone of [`${REPOS}/`, `${PUBLISHED}/`, `${BINARIES}/`, 'repos/ceph/']) {
      t.equal((await node.fetch(gone)).status, 404, gone);
    }
    t.same(await json(node, 'binaries/'), {});
    t.equal((await node.fetch(path, { method: 'DELETE' })).status, 404, 'once');
  }
});
