import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startNode } from '../fixtures/chacra.ts';
import { untilPublished } from '../fixtures/signed-node.ts';
import { someDeb } from '../fixtures/some-packages.ts';

const SHA1 = '0123456789012345678901234567890123456789';
const at = (sha1: string) => `binaries/ceph/main/${sha1}/debian/bookworm/x86_64/flavors/default`;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

t.test('bytes that are here need not be sent again', async (t) => {
  const node = await startNode(t);
  const deb = someDeb();
  const digest = sha256(deb.bytes);
  const unknown = '0'.repeat(64);
  const known = async (body: string) =>
    (await node.fetch('api/v1/blobs/known', { method: 'POST', body })).text();
  const attach = (path: string, of = digest) =>
    node.fetch(path, { method: 'PUT', headers: { 'X-Attach': '1', 'X-Checksum-Sha256': of } });

  t.equal(await known(`${digest}\n`), '', 'nothing is known yet');
  t.equal((await attach(`${at(SHA1)}/${deb.name}`)).status, 404);
  await node.fetch(`${at(SHA1)}/${deb.name}`, { method: 'PUT', body: deb.bytes });
  t.equal(await known(`${unknown}\r\n${digest.toUpperCase()}\n`), `${digest}\n`);

  const other = 'f'.repeat(40);
  t.equal((await attach(`${at(other)}/${deb.name}`)).status, 201);
  t.equal((await attach(`${at(other)}/${deb.name}`)).status, 200, 'once more');
  const got = await node.fetch(`${at(other)}/${deb.name}`);
  t.equal(sha256(new Uint8Array(await got.arrayBuffer())), digest);
  const listing = (await (await node.fetch(`${at(other)}/`)).json()) as Record<string, object>;
  t.match(listing[deb.name], { size: deb.bytes.length, built_by: 'root' });

  const changed = someDeb('hello', '2');
  await node.fetch(`${at(SHA1)}/two.deb`, { method: 'PUT', body: changed.bytes });
  const conflict = await attach(`${at(other)}/${deb.name}`, sha256(changed.bytes));
  t.equal(conflict.status, 409, 'the name holds other bytes');
  const forced = await attach(`${at(other)}/${deb.name}?force=1`, sha256(changed.bytes));
  t.equal(forced.status, 200);

  await node.fetch(`${at(SHA1)}/notes.txt`, { method: 'PUT', body: 'no package' });
  const text = await attach(`${at(other)}/notes.deb`, sha256(Buffer.from('no package')));
  t.equal(text.status, 422, 'bytes that are no package under a name of one');
  t.match(await text.json(), { code: 'PACKAGE_MALFORMED' });
});

t.test('what cannot be asked is refused', async (t) => {
  const node = await startNode(t);
  const post = (body: string, headers: Record<string, string> = {}) =>
    node.fetch('api/v1/blobs/known', { method: 'POST', body, headers });
  t.equal((await post('abc\n')).status, 400);
  t.equal((await post('../../etc/passwd')).status, 400);
  t.equal((await post('', { authorization: '' })).status, 401);
  t.equal((await post('0'.repeat(2 ** 20 + 1))).status, 413);
  const put = (headers: Record<string, string>) =>
    node.fetch(`${at(SHA1)}/a.deb`, { method: 'PUT', headers });
  t.equal((await put({ 'X-Attach': '1' })).status, 400, 'without a digest');
  t.equal((await put({ 'X-Attach': '1', 'X-Checksum-Sha256': 'zz' })).status, 400);
});

t.test('everything that uses some bytes is found by their digest', async (t) => {
  const chacra = '  projects: { ceph: { automatic: false } }';
  const node = await startNode(t, { chacra });
  const deb = someDeb('hello', '1.0~rc1+b2-1');
  const digest = sha256(deb.bytes);
  const ask = async (of: string, init: RequestInit = {}) => node.fetch(`api/v1/blobs/${of}`, init);
  const wip = `wip%2Ffix/${SHA1}/debian/bookworm`;
  const put = async (repo: string, name: string, body: Uint8Array) => {
    const path = `binaries/ceph/${repo}/x86_64/flavors/default/${encodeURIComponent(name)}/?force=1`;
    t.ok((await node.fetch(path, { method: 'PUT', body })).ok);
  };
  const publish = async (repo: string) => {
    await node.fetch(`repos/ceph/${repo}/update`, { method: 'POST' });
    await untilPublished(node, `ceph/${repo}`);
  };

  t.match(await (await ask(digest)).json(), { code: 'BLOB_UNKNOWN' });
  await put(wip, deb.name, deb.bytes);
  await put(`main/${SHA1}/debian/bookworm`, 'other.deb', deb.bytes);
  const before = (await (await ask(digest.toUpperCase())).json()) as Record<string, object[]>;
  t.match(before, { sha256: digest, size: deb.bytes.length, stored: true, published: [] });
  t.equal(before['binaries']?.length, 2);

  await publish(wip);
  // Replaced: no binary of the repo any more, but its first generation still names them.
  await put(wip, deb.name, someDeb('hello', '1.0~rc1+b2-1', 'amd64', 'other').bytes);
  await publish(wip);
  const place = {
    project: 'ceph',
    ref: 'wip/fix',
    sha1: SHA1,
    distro: 'debian',
    flavor: 'default',
  };
  const pool = 'pool/main/h/hello/hello_1.0~rc1+b2-1_amd64.deb';
  const answer = await ask(digest);
  const after = (await answer.json()) as {
    binaries: { name: string; url: string }[];
    published: { url: string; generation: number; live: boolean }[];
  };
  t.match(after.binaries, [{ ...place, ref: 'main', arch: 'x86_64', name: 'other.deb' }]);
  t.match(after.published, [{ ...place, generation: 1, live: false, path: pool }]);
  for (const { url } of [...after.binaries, ...after.published]) {
    const got = new Uint8Array(await (await fetch(url)).arrayBuffer());
    t.equal(sha256(got), digest, 'each url leads to these bytes');
  }

  const lines = (await (await ask(`${digest}?format=text`)).text()).split('\n');
  t.same(lines, [
    `sha256 ${digest}`,
    `size ${deb.bytes.length}`,
    'stored yes',
    `binary ${after.binaries[0]?.url}`,
    `kept 1 ${after.published[0]?.url}`,
    '',
  ]);
  const plain = await ask(digest, { headers: { accept: 'text/plain', authorization: '' } });
  t.equal(await plain.text(), lines.join('\n'), 'without a key, too');

  const places = [node.folder, 'data', 'chacra', 'blobs', digest.slice(0, 2), digest];
  rmSync(join(...places));
  t.match(await (await ask(digest)).json(), { stored: false, size: deb.bytes.length });
  t.equal((await ask('abc')).status, 400);
  t.equal((await ask(`${digest}?fromat=text`)).status, 400);
  t.equal((await ask('0'.repeat(64))).status, 404);
});
