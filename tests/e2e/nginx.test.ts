import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { ManualClock } from '../fakes/manual-clock.ts';
import { startNode } from '../fixtures/chacra.ts';
import { docBlocks } from '../fixtures/doc-blocks.ts';
import { startNginx } from '../fixtures/nginx.ts';
import { untilPublished } from '../fixtures/signed-node.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { needs } from '../fixtures/tool.ts';

const NGINX = needs(['nginx', 'nginx-light']);
const SHA1 = '0123456789012345678901234567890123456789';
const REPO = `ceph/wip%2Fstrange/${SHA1}/debian/bookworm`;

/** Names that some layer on the way would read as something else if it were not quoted. */
const NAMES = [
  'plain_1.0_all.txt',
  'with space & more.txt',
  '100%.txt',
  '%2e%2e.txt',
  'a?b#c.txt',
  'ümlaut-日本.txt',
  `it's "quoted"; $(x).txt`,
  'plus+colon:tilde~.txt',
  '[1]{2}<3>|.txt',
];
/** What a client is told of a file; all but the last is said by nginx in our name. */
const TOLD = [
  ...['etag', 'last-modified', 'content-type', 'content-disposition', 'cache-control'],
  ...['content-length', 'content-range', 'x-content-type-options', 'content-security-policy'],
];

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A node whose packages nginx sends, as docs/operations.md says, from a location of this name. */
async function startDelegating(t: Test, location: string) {
  const [server = ''] = docBlocks('operations.md', 'Packages sent by nginx', 'nginx');
  const clock = new ManualClock();
  const node = await startNode(t, {
    clock,
    top: 'trustedProxies: [127.0.0.2]',
    chacra: `  accelRedirect: ${JSON.stringify(location)}\n  projects: { ceph: { automatic: false } }`,
  });
  const url = await startNginx(
    t,
    node.folder,
    server
      .replace('http://127.0.0.1:8081;', `${node.url.slice(0, -1)};\n  proxy_bind 127.0.0.2;`)
      .replace('location /gitbuilder-blobs/', `location "${location}"`)
      .replace('/var/lib/gitbuilder/', `${node.folder}/data/`),
  );
  const publish = async (files: readonly { name: string; bytes: Uint8Array }[]) => {
    for (const { name, bytes } of files) {
      const path = `binaries/${REPO}/noarch/flavors/default/${encodeURIComponent(name)}/?force=1`;
      t.ok((await node.fetch(path, { method: 'PUT', body: bytes })).ok, name);
    }
    await node.fetch(`repos/${REPO}/`, { method: 'POST', body: '{"type": "raw"}' });
    await node.fetch(`repos/${REPO}/update`, { method: 'POST' });
    await untilPublished(node, REPO);
    // Of a file that changed just now no date is told.
    clock.advance(5_000);
  };
  return { node, url, publish };
}

for (const location of ['/gitbuilder-blobs/', '/of chacra & 100%/ü/']) {
  t.test(`nginx sends what chacra names to it, from ${location}`, NGINX, async (t) => {
    const { node, url, publish } = await startDelegating(t, location);
    const files = [
      someDeb('hello', '1.0~rc1+b2'),
      ...NAMES.map((name) => ({ name, bytes: Buffer.from(`${name}\n`.repeat(100)) })),
    ];
    await publish(files);
    const places = files.flatMap(({ name, bytes }) => [
      { path: `r/${REPO}/flavors/default/noarch/${encodeURIComponent(name)}`, bytes },
      { path: `binaries/${REPO}/noarch/flavors/default/${encodeURIComponent(name)}/`, bytes },
    ]);
    const both = async (path: string, init: RequestInit) =>
      [await fetch(url + path, init), await fetch(node.url + path, init)] as const;
    for (const { path, bytes } of places) {
      const [whole, direct] = await both(path, {});
      const etag = direct.headers.get('etag') ?? '';
      const date = direct.headers.get('last-modified') ?? '';
      t.equal(sha256(new Uint8Array(await whole.arrayBuffer())), sha256(bytes), path);
      t.equal(whole.headers.get('x-accel-redirect'), null);
      t.ok(whole.headers.get('x-request-id'));
      for (const [init, status] of [
        [{}, 200],
        [{ method: 'HEAD' }, 200],
        [{ headers: { 'if-none-match': etag } }, 304],
        [{ headers: { 'if-none-match': '"other"' } }, 200],
        [{ headers: { 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' } }, 200],
        [{ headers: { range: 'bytes=10-19' } }, 206],
        [{ headers: { range: 'bytes=-7' } }, 206],
        [{ headers: { range: 'bytes=10-19', 'if-range': etag } }, 206],
        [{ headers: { range: 'bytes=10-19', 'if-range': '"other"' } }, 200],
        [{ headers: { range: 'bytes=10-19', 'if-range': date } }, 206],
        [{ headers: { range: 'bytes=9999999-' } }, 416],
      ] as const) {
        const [fronted, own] = await both(path, init);
        const what = `${path} ${JSON.stringify(init)}`;
        t.equal(fronted.status, status, what);
        if (status === 416) continue;
        t.equal(own.status, status, `${what}, from chacra itself`);
        const told = (answer: Response) => TOLD.map((name) => [name, answer.headers.get(name)]);
        t.same(told(fronted), told(own), what);
        t.same(
          Buffer.from(await fronted.arrayBuffer()),
          Buffer.from(await own.arrayBuffer()),
          `${what}: its bytes`,
        );
      }
    }

    const [first] = files;
    if (first === undefined) throw new TypeError('there are files');
    const path = `binaries/${REPO}/noarch/flavors/default/${encodeURIComponent(first.name)}/`;
    const etag = (await fetch(url + path)).headers.get('etag') ?? '';
    const other = someDeb('hello', '1.0~rc1+b2', 'amd64', 'x').bytes;
    await publish([{ name: first.name, bytes: other }]);
    const replaced = await fetch(url + path, { headers: { 'if-none-match': etag } });
    t.equal(replaced.status, 200, 'who has the bytes that were forced away gets the new ones');
    t.equal(sha256(new Uint8Array(await replaced.arrayBuffer())), sha256(other));

    const digest = sha256(other);
    rmSync(join(node.folder, 'data/chacra/blobs', digest.slice(0, 2), digest));
    const lost = await fetch(url + path, { headers: { accept: 'application/json' } });
    t.equal(lost.status, 500, 'lost bytes are not said never to have been');
    t.match(await lost.json(), { code: 'DATA_DAMAGED' });
  });
}
