import t from 'tap';
import { someDeb } from '../fixtures/some-packages.ts';
import { authorization, startNode } from '../fixtures/chacra.ts';

const SHA1 = '0123456789012345678901234567890123456789';
const REPO = `ceph/main/${SHA1}/debian/bookworm/flavors/default`;
const BINARIES = `binaries/ceph/main/${SHA1}/debian/bookworm/x86_64/flavors/default`;

t.test('an upload becomes an installable repository', async (t) => {
  const node = await startNode(t);
  const deb = someDeb();
  const put = await node.fetch(`${BINARIES}/${deb.name}/`, { method: 'PUT', body: deb.bytes });
  t.equal(put.status, 201);
  const updated = await node.fetch(`repos/${REPO}/update`, { method: 'POST' });
  t.equal(updated.status, 200);
  t.equal(((await updated.json()) as { status: string }).status, 'queued');
  const anonymous = await node.fetch(`${BINARIES}/x/`, {
    method: 'PUT',
    body: 'x',
    headers: { authorization: '' },
  });
  t.equal(anonymous.status, 401);
  const forbidden = await node.fetch(`${BINARIES}/x/`, {
    method: 'PUT',
    body: 'x',
    headers: { authorization: authorization('stranger') },
  });
  t.equal(forbidden.status, 403);
});
