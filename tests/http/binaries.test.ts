import { createHash, randomBytes } from 'node:crypto';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { PieceBuffers } from '../../services/http/piece-buffers.ts';
import { authorization, startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { BINARIES, REPO, SHA1 } from '../fixtures/some-address.ts';

const VERSION = `binaries/${REPO}`;
const OTHER = `binaries/ceph/feature%2Fx/${SHA1}`;

async function put(node: TestNode, path: string, body = path): Promise<void> {
  const { status } = await node.fetch(path, { method: 'PUT', body });
  if (status !== 201) throw new Error(`PUT ${path} was answered ${status}`);
}

const json = async (node: TestNode, path: string): Promise<unknown> =>
  (await node.fetch(path, { headers: { authorization: '' } })).json();

const announce = (node: TestNode, path: string, body: object) =>
  node.fetch(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', authorization: authorization('builder') },
  });

/** A node with a few files, below each level more than one name. */
async function filledNode(t: Parameters<typeof startNode>[0]): Promise<TestNode> {
  const node = await startNode(t);
  await put(node, `${BINARIES}/a.bin`);
  await put(node, `${BINARIES}/b.bin`);
  await put(node, `${VERSION}/x86_64/flavors/debug/a.bin`);
  await put(node, `${VERSION}/arm64/a.bin`);
  await put(node, `${OTHER}/ubuntu/jammy/source/a.bin`);
  await put(node, `${OTHER}/ubuntu/noble/source/a.bin`);
  return node;
}

t.test('every level lists the one below', async (t) => {
  const node = await filledNode(t);
  t.equal((await node.fetch('binaries/empty/', { method: 'POST' })).status, 200);
  const levels: Record<string, unknown> = {
    'binaries/': { ceph: ['main', 'feature/x'], empty: [] },
    'binaries/ceph/': { main: [SHA1], 'feature/x': [SHA1] },
    'binaries/empty/': {},
    'binaries/ceph/main/': { [SHA1]: ['debian'] },
    'binaries/ceph/feature%2Fx/': { [SHA1]: ['ubuntu'] },
    [`${OTHER}/`]: { ubuntu: ['jammy', 'noble'] },
    [`${OTHER}/ubuntu/`]: { jammy: ['source'], noble: ['source'] },
    [`binaries/ceph/main/${SHA1}/debian/`]: { bookworm: ['arm64', 'x86_64'] },
    [`${VERSION}/`]: { x86_64: ['a.bin', 'b.bin', 'a.bin'], arm64: ['a.bin'] },
    [`${VERSION}/x86_64/flavors/`]: { default: ['a.bin', 'b.bin'], debug: ['a.bin'] },
  };
  for (const [path, expected] of Object.entries(levels)) {
    t.same(await json(node, path), expected, path);
    const head = await node.fetch(path, { method: 'HEAD' });
    t.equal(head.status, 200);
    t.equal(head.headers.get('content-length'), String(JSON.stringify(expected).length));
    const { headers, status } = await node.fetch(`${path.slice(0, -1)}?a=b`);
    t.equal(status, 302);
    t.equal(headers.get('location'), `${node.url}${path}?a=b`);
  }
  t.match(await json(node, `${VERSION}/x86_64/`), { 'a.bin': Object, 'b.bin': Object });
  t.match(await json(node, `${VERSION}/x86_64/flavors/debug/`), { 'a.bin': { flavor: 'debug' } });
});

t.test('what is not there is 404 at every level, and says which', async (t) => {
  const node = await filledNode(t);
  for (const [path, message] of [
    ['binaries/none/', 'project none'],
    ['binaries/ceph/none/', 'ref none'],
    ['binaries/ceph/main/none/', 'sha1 none'],
    [`binaries/ceph/main/${SHA1}/none/`, 'distro none'],
    [`binaries/ceph/main/${SHA1}/debian/none/`, 'version none'],
    [`${OTHER}/debian/bookworm/`, 'distro debian'],
    [`${VERSION}/none/`, 'arch none'],
    [`${VERSION}/none/flavors/`, 'arch none'],
    [`${VERSION}/x86_64/flavors/none/`, 'flavor none'],
    [`${VERSION}/arm64/flavors/debug/`, 'arch arm64'],
    [`${VERSION}/x86_64/none/`, 'binary none'],
    [`${VERSION}/x86_64/flavors/debug/b.bin`, 'binary b.bin'],
    ['nothing/', '/nothing/'],
  ] as const) {
    const answer = await node.fetch(path);
    t.equal(answer.status, 404, path);
    t.match(await answer.json(), { message: `${message} does not exist` });
    const head = await node.fetch(path, { method: 'HEAD' });
    t.equal(head.status, 404);
    t.equal(await head.text(), '');
  }
});

t.test('methods that a URL does not take', async (t) => {
  const node = await filledNode(t);
  for (const [method, path, allow] of [
    ['POST', 'binaries/', 'GET, HEAD'],
    ['POST', 'binaries/ceph/main/', 'GET, HEAD'],
    ['POST', `binaries/ceph/main/${SHA1}/`, 'GET, HEAD'],
    ['POST', `binaries/ceph/main/${SHA1}/debian/`, 'GET, HEAD'],
    ['POST', `${VERSION}/`, 'GET, HEAD'],
    ['POST', `${VERSION}/x86_64/flavors/`, 'GET, HEAD'],
    ['PUT', `${VERSION}/x86_64/flavors/`, 'GET, HEAD'],
    ['DELETE', `${VERSION}/x86_64/flavors/`, 'GET, HEAD'],
    ['PUT', `${VERSION}/x86_64/flavors/debug/`, 'GET, HEAD, POST'],
    ['PUT', `${VERSION}/x86_64/`, 'GET, HEAD, POST'],
    ['PUT', 'binaries/ceph/', 'GET, HEAD, POST'],
    ['DELETE', 'binaries/ceph/', 'GET, HEAD, POST'],
    ['PATCH', `${BINARIES}/a.bin`, 'DELETE, GET, HEAD, POST, PUT'],
  ] as const) {
    const answer = await node.fetch(path, { method, body: '{}' });
    t.equal(answer.status, 405, `${method} ${path}`);
    t.equal(answer.headers.get('allow'), allow);
    const message = `${method} requests to this url are not allowed`;
    t.match(await answer.json(), { message, advice: `Allowed here: ${allow}.` });
  }
});

t.test('a project is made by who may, and only then', async (t) => {
  const node = await startNode(t);
  for (const user of ['', authorization('stranger')]) {
    const status = user === '' ? 401 : 403;
    const headers = { authorization: user };
    for (const [method, path] of [
      ['POST', 'binaries/ceph/'],
      ['POST', `${BINARIES}/`],
      ['POST', `${BINARIES}/a`],
      ['PUT', `${BINARIES}/a`],
      ['DELETE', `${BINARIES}/a`],
    ] as const) {
      const answer = await node.fetch(path, { method, headers });
      t.equal(answer.status, status, `${method} ${path}`);
    }
  }
  t.same(await json(node, 'binaries/'), {});
  const made = await node.fetch('binaries/ceph', { method: 'POST' });
  t.equal(made.status, 200, 'without a slash too');
  t.same(await made.json(), {});
  await put(node, `${BINARIES}/a`);
  const again = await node.fetch('binaries/ceph/', { method: 'POST' });
  t.same(await again.json(), { main: [SHA1] });
});

t.test('a download', async (t) => {
  const node = await startNode(t);
  const path = `${BINARIES}/${encodeURIComponent('hällo "1" (a).bin')}`;
  await put(node, path, 'the bytes');
  const whole = await node.fetch(`${path}/`, { headers: { authorization: '' } });
  const etag = whole.headers.get('etag') ?? '';
  t.match(etag, /^"[0-9a-f]{64}"$/);
  t.equal(await whole.text(), 'the bytes');
  const head = await node.fetch(path, { method: 'HEAD' });
  t.match(Object.fromEntries(head.headers), {
    'content-length': '9',
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="h_llo _1_ (a).bin"; filename*=UTF-8''h%C3%A4llo%20%221%22%20%28a%29.bin`,
    'accept-ranges': 'bytes',
    'x-content-type-options': 'nosniff',
    etag,
  });
  const get = (headers: Record<string, string>) => node.fetch(path, { headers });
  const part = await get({ range: 'bytes=4-' });
  t.equal(part.status, 206);
  t.equal(part.headers.get('content-range'), 'bytes 4-8/9');
  t.equal(await part.text(), 'bytes');
  t.equal((await get({ range: 'bytes=9-' })).status, 416);
  t.equal((await get({ 'if-none-match': etag })).status, 304);
  t.equal((await get({ 'if-none-match': '"other"' })).status, 200);
});

t.test('a file that is cut off on the disk is sent by nobody', async (t) => {
  const byProxy = { top: 'trustedProxies: [127.0.0.1]', chacra: '  accelRedirect: /blobs/' };
  for (const options of [{}, byProxy]) {
    const node = await startNode(t, options);
    await put(node, `${BINARIES}/a`, 'the bytes');
    const sha256 = createHash('sha256').update('the bytes').digest('hex');
    truncateSync(join(node.folder, 'data/chacra/blobs', sha256.slice(0, 2), sha256), 5);
    for (const headers of [{}, { range: 'bytes=0-2' }]) {
      const answer = await node.fetch(`${BINARIES}/a`, { headers });
      t.equal(answer.status, 500);
      t.match(await answer.json(), { code: 'DATA_DAMAGED', message: /5 bytes, .* says 9/ });
    }
    // The next one clears the folder.
    await node.stop();
  }
});

t.test('who downloads beside others, some of whom go away, gets what was asked for', async (t) => {
  const node = await startNode(t);
  const sums = new Map<string, string>();
  for (const name of ['one.iso', 'two.iso', 'three.iso']) {
    const body = randomBytes(3_000_000);
    sums.set(name, createHash('sha256').update(body).digest('hex'));
    await node.fetch(`${BINARIES}/${name}`, { method: 'PUT', body });
  }
  const sumOf = async (name: string): Promise<string> => {
    const bytes = await (await node.fetch(`${BINARIES}/${name}`)).arrayBuffer();
    return createHash('sha256').update(new Uint8Array(bytes)).digest('hex');
  };
  const goAway = async (name: string): Promise<void> => {
    const reader = (await node.fetch(`${BINARIES}/${name}`)).body?.getReader();
    await reader?.read();
    await reader?.cancel();
  };
  const names = [...sums.keys()];
  for (let round = 0; round < 4; round += 1) {
    const asked = names.flatMap((name) => [name, name, name, name]);
    const leaving = Promise.all(asked.map(goAway));
    t.strictSame(
      await Promise.all(asked.map(sumOf)),
      asked.map((name) => sums.get(name)),
    );
    await leaving;
  }
});

t.test('buffers are lent again only when nothing may read them', async (t) => {
  const pieces = new PieceBuffers();
  const long = 10_000_000;
  const first = pieces.borrow(long);
  first.giveBack('unused');
  const second = pieces.borrow(long);
  t.equal(second.pair, first.pair);
  second.giveBack('perhaps-in-use');
  const few = Array.from({ length: 8 }, () => pieces.borrow(long));
  t.ok(few.every(({ pair }) => pair !== first.pair && pair[0].length === 512 * 1024));
  const many = pieces.borrow(long);
  t.equal(many.pair[0].length, 256 * 1024, 'many take little each');
  t.equal(pieces.borrow(900).pair[1].length, 900, 'a short one takes what it needs');
  for (const borrowed of [...few, many]) borrowed.giveBack('unused');
  const again = pieces.borrow(long);
  t.ok(few.some(({ pair }) => pair === again.pair));
});

t.test('a binary that is only announced', async (t) => {
  const node = await startNode(t);
  const path = `${BINARIES}/later.deb`;
  t.equal((await announce(node, path, { name: 'later.deb', built_by: 'ci-7' })).status, 200);
  const row = { size: 0, checksum: null, path: null, built_by: 'ci-7' };
  t.match(await json(node, `${BINARIES}/`), { 'later.deb': row });
  const absent = await node.fetch(path);
  t.equal(absent.status, 404);
  t.match(await absent.json(), { message: /only its metadata was uploaded/ });
  const again = await announce(node, path, { name: 'later.deb' });
  t.equal(again.status, 400);
  t.match(await again.json(), { message: 'resource already exists and "force" key was not used' });
  const forced = { name: 'later.deb', force: true, path: '/etc/passwd', size: 5 };
  t.equal((await announce(node, path, forced)).status, 200);
  const taken = { size: 0, path: null, built_by: 'builder' };
  t.match(await json(node, `${BINARIES}/`), { 'later.deb': taken }, 'path and size change nothing');
  t.equal((await node.fetch(path)).status, 404);
  const other = await announce(node, path, { name: 'another.deb' });
  t.equal(other.status, 400);
  t.match(await other.json(), { message: /the URL another file/ });
});

t.test('what is deleted is gone, up to its project', async (t) => {
  const node = await filledNode(t);
  const remove = async (path: string) => (await node.fetch(path, { method: 'DELETE' })).status;
  t.equal(await remove(`${BINARIES}/b.bin/`), 204, 'with a slash');
  t.equal(await remove(`${BINARIES}/a.bin`), 204, 'without one');
  t.equal(await remove(`${BINARIES}/a.bin`), 404);
  t.same(await json(node, `${VERSION}/x86_64/flavors/`), { debug: ['a.bin'] });
  t.equal(await remove(`${VERSION}/arm64/a.bin`), 204, 'the last one of a repo');
  t.same(await json(node, `repos/${REPO}/flavors/`), ['debug']);
  t.equal(await remove(`${VERSION}/x86_64/flavors/debug/a.bin`), 204);
  t.same(await json(node, 'binaries/ceph/'), { 'feature/x': [SHA1] });
  t.equal(await remove(`${OTHER}/ubuntu/jammy/source/a.bin`), 204);
  t.equal(await remove(`${OTHER}/ubuntu/noble/source/a.bin`), 204);
  t.same(await json(node, 'binaries/'), {});
  t.same(await json(node, 'repos/'), {});
  await put(node, `${BINARIES}/a.bin`, 'made again');
  t.equal(await (await node.fetch(`${BINARIES}/a.bin`)).text(), 'made again');
});

t.test('names that JavaScript has a meaning for are names', async (t) => {
  const node = await startNode(t);
  for (const word of ['__proto__', 'constructor', 'toString']) {
    const path = `binaries/${word}/${word}/${word}/${word}/${word}/${word}/flavors/${word}`;
    await put(node, `${path}/${word}`);
    t.equal((await node.fetch(`${path}/${word}`)).status, 200, word);
    for (let at = path.length; at > 0; at = path.lastIndexOf('/', at - 1)) {
      const level = `${path.slice(0, at)}/`;
      const answer = await node.fetch(level);
      t.equal(answer.status, 200, level);
      t.match(await answer.text(), word);
    }
    const repo = `repos/${word}/${word}/${word}/${word}/${word}`;
    t.equal((await node.fetch(`${repo}/flavors/${word}/`)).status, 200);
    t.equal((await node.fetch(`search/?arch=${word}`)).status, 200);
  }
});
