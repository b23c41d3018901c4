import { createHash } from 'node:crypto';
import t from 'tap';
import { startNode } from '../fixtures/chacra.ts';
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
