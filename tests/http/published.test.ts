import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeSigningKey } from '../../services/adapters/make-signing-key.ts';
import { authorization, startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { untilPublished } from '../fixtures/signed-node.ts';
import { BINARIES, PUBLISHED, REPO, SHA1 } from '../fixtures/some-address.ts';
import { someBuiltRpm, someDeb } from '../fixtures/some-packages.ts';
import { testFolder } from '../fixtures/test-folder.ts';

const DEB = 'pool/main/h/hello/hello_1.0-1_amd64.deb';
const PACKAGES = 'dists/bookworm/main/binary-amd64/Packages';
const HASH = /[0-9a-f]{64}/;

type Headers = Readonly<Record<string, string>>;

/** Uploads a file into a repo and publishes that. */
async function publish(
  node: TestNode,
  repo: string,
  { name, bytes }: { readonly name: string; readonly bytes: Uint8Array | string },
  type?: 'raw',
): Promise<void> {
  const path = `binaries/${repo}/x86_64/${encodeURIComponent(name)}`;
  const { status } = await node.fetch(path, { method: 'PUT', body: bytes });
  if (status !== 201) throw new Error(`${path} was answered ${status}`);
  const post = { method: 'POST' };
  if (type !== undefined)
    await node.fetch(`repos/${repo}/`, { ...post, body: JSON.stringify({ type }) });
  await node.fetch(`repos/${repo}/update`, post);
  await untilPublished(node, repo);
}

const get = (node: TestNode, path: string, headers: Headers = {}, method = 'GET') =>
  node.fetch(path, { method, headers: { authorization: '', ...headers } });

const links = (page: string) => [...page.matchAll(/<a href="([^"]*)">/g)].map(([, to = '']) => to);

t.test('folders are pages whose links lead to every file', async (t) => {
  const node = await startNode(t);
  const deb = someDeb();
  await publish(node, REPO, deb);
  await publish(node, `ceph/fix%2F1/${SHA1}/debian/sid`, deb);
  const files = new Map<string, Buffer>();
  const walk = async (url: URL): Promise<void> => {
    const path = url.pathname.slice(1);
    const answer = await get(node, path);
    t.equal(answer.status, 200, path);
    if (!path.endsWith('/')) {
      files.set(path, Buffer.from(await answer.arrayBuffer()));
      return;
    }
    t.match(answer.headers.get('content-type'), /^text\/html/);
    const page = await answer.text();
    t.match(page, `<h1>Index of ${decodeURI(url.pathname)}</h1>`);
    const head = await get(node, path, {}, 'HEAD');
    t.equal(head.headers.get('content-length'), String(Buffer.byteLength(page)));
    const [up, ...below] = links(page);
    t.equal(up, '../');
    const redirect = await get(node, `${path.slice(0, -1)}?C=M`);
    t.equal(redirect.status, 302);
    t.equal(redirect.headers.get('location'), `${url.href}?C=M`);
    for (const link of below) await walk(new URL(link, url));
  };
  await walk(new URL('r/', node.url));
  for (const repo of [PUBLISHED, `r/ceph/fix%2F1/${SHA1}/debian/sid/flavors/default`]) {
    t.same(files.get(`${repo}/${DEB}`), Buffer.from(deb.bytes));
    const dist = repo === PUBLISHED ? 'bookworm' : 'sid';
    t.match(files.get(`${repo}/dists/${dist}/Release`)?.toString(), `Codename: ${dist}\n`);
  }
});

t.test('a name in a page is text, whatever it looks like', async (t) => {
  const node = await startNode(t);
  const name = `<img src=x onerror=alert(1)>&'"?#%2F.html`;
  await publish(node, REPO, { name, bytes: '<script>alert(1)</script>' }, 'raw');
  const folder = new URL(`${PUBLISHED}/x86_64/`, node.url);
  const page = await get(node, folder.pathname.slice(1));
  const html = await page.text();
  t.notMatch(html, '<img');
  t.match(page.headers.get('content-security-policy'), "default-src 'none'");
  const link = links(html).at(-1) ?? '';
  const file = await get(node, new URL(link, folder).pathname.slice(1));
  t.equal(await file.text(), '<script>alert(1)</script>', 'its link leads to it');
  t.match(Object.fromEntries(file.headers), {
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'",
  });
  const word = '%3Cscript%3Ealert(1)%3C%2Fscript%3E';
  for (const path of [`r/${word}/`, `binaries/${word}/`, `search/?${word}`]) {
    const error = await get(node, path, { accept: 'text/html' });
    t.match(error.headers.get('content-type'), /^text\/html/);
    t.match(error.headers.get('content-security-policy'), /default-src/);
    const text = await error.text();
    t.notMatch(text, '<script');
    t.match(text, '&#60;script&#62;', path);
    const json = await get(node, path);
    t.match(json.headers.get('content-type'), /^application\/json/);
    t.match(await json.text(), '<script>');
  }
});

t.test('ranges', async (t) => {
  const node = await startNode(t);
  const deb = someDeb();
  await publish(node, REPO, deb);
  const index = Buffer.from(await (await get(node, `${PUBLISHED}/${PACKAGES}`)).arrayBuffer());
  for (const [path, whole] of [
    [`${PUBLISHED}/${DEB}`, Buffer.from(deb.bytes)],
    [`${PUBLISHED}/${PACKAGES}`, index],
  ] as const) {
    const size = whole.length;
    const etag = (await get(node, path, {}, 'HEAD')).headers.get('etag') ?? '';
    for (const [headers, start, end] of [
      [{ range: 'bytes=0-9' }, 0, 10],
      [{ range: 'bytes=5-' }, 5, size],
      [{ range: 'bytes=-7' }, size - 7, size],
      [{ range: `bytes=-${size + 7}` }, 0, size],
      [{ range: `bytes=${size - 1}-${size + 99}` }, size - 1, size],
      [{ range: 'bytes=1-1', 'if-range': etag }, 1, 2],
    ] as const) {
      for (const method of ['GET', 'HEAD']) {
        const part = await get(node, path, headers, method);
        t.equal(part.status, 206, JSON.stringify(headers));
        t.equal(part.headers.get('content-range'), `bytes ${start}-${end - 1}/${size}`);
        t.equal(part.headers.get('content-length'), String(end - start));
        const bytes = Buffer.from(await part.arrayBuffer());
        if (method === 'GET') t.same(bytes, whole.subarray(start, end));
      }
    }
    for (const headers of [
      { range: 'bytes=0-1,4-5' },
      { range: 'bytes=5-2' },
      { range: 'lines=1-2' },
      { range: 'bytes=-' },
      { range: 'bytes=1-1', 'if-range': '"older"' },
    ]) {
      const answer = await get(node, path, headers);
      t.equal(answer.status, 200, JSON.stringify(headers));
      t.same(Buffer.from(await answer.arrayBuffer()), whole);
    }
    for (const range of [`bytes=${size}-`, 'bytes=-0']) {
      const none = await get(node, path, { range });
      t.equal(none.status, 416);
      t.equal(none.headers.get('content-range'), `bytes */${size}`);
      t.equal(await none.text(), '');
    }
  }
});

t.test('what may be kept, and how it is asked for again', async (t) => {
  const node = await startNode(t);
  await publish(node, REPO, someDeb());
  const rpms = `ceph/main/${SHA1}/centos/9`;
  await publish(node, rpms, someBuiltRpm());
  const release = await (await get(node, `${PUBLISHED}/dists/bookworm/Release`)).text();
  const [hash] = HASH.exec(release.slice(release.indexOf('SHA256:'))) ?? [''];
  const noarch = `r/${rpms}/flavors/default/noarch`;
  const repomd = await (await get(node, `${noarch}/repodata/repomd.xml`)).text();
  const [, primary = ''] = /href="([^"]*primary[^"]*)"/.exec(repomd) ?? [];
  for (const [path, kept] of [
    [`${PUBLISHED}/dists/bookworm/main/binary-amd64/by-hash/SHA256/${hash}`, true],
    [`${noarch}/${primary}`, true],
    [`${PUBLISHED}/dists/bookworm/Release`, false],
    [`${PUBLISHED}/${PACKAGES}.gz`, false],
    [`${noarch}/repodata/repomd.xml`, false],
    // Once no kept generation names its path, other bytes may stand there.
    [`${PUBLISHED}/${DEB}`, false],
    [`${BINARIES}/hello_1.0-1_amd64.deb`, false],
  ] as const) {
    const first = await get(node, path);
    const etag = first.headers.get('etag') ?? '';
    const control = kept ? 'public, max-age=31536000, immutable' : 'no-cache';
    t.match([first.status, first.headers.get('cache-control')], [200, control], path);
    t.match(etag, new RegExp(`^"${HASH.source}"$`));
    for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await get(node, path, { 'if-none-match': tags });
      t.equal(again.status, 304, tags);
      t.equal(again.headers.get('etag'), etag);
      t.equal(again.headers.get('cache-control'), control);
      t.equal(await again.text(), '');
    }
    const asked = { 'if-none-match': '"other"', 'if-modified-since': new Date().toUTCString() };
    t.equal((await get(node, path, asked)).status, 200, 'the tag decides, not the date');
  }
  const dated = await get(node, `${PUBLISHED}/dists/bookworm/Release`);
  t.equal(dated.headers.get('last-modified'), null, 'two can come in one second');
});

t.test('a ref with a slash in each of its spellings', async (t) => {
  const node = await startNode(t);
  await publish(node, `ceph/fix%2Fa%2Fb/${SHA1}/debian/bookworm`, someDeb());
  await publish(node, `ceph/fix%2Fa/${SHA1}/debian/bookworm`, someDeb('another'));
  for (const ref of ['fix%2Fa%2Fb', 'fix%2fa%2fb', 'fix%252Fa%252Fb', 'fix/a/b', 'fix%2Fa/b']) {
    const path = `r/ceph/${ref}/${SHA1}/debian/bookworm/flavors/default/${PACKAGES}`;
    const answer = await get(node, path);
    t.equal(answer.status, 200, ref);
    t.match(await answer.text(), /^Package: hello\n/);
  }
});

t.test('what is not published', async (t) => {
  const node = await startNode(t, { chacra: '  projects: { ceph: { automatic: false } }' });
  await node.fetch(`${BINARIES}/a`, { method: 'PUT', body: 'a' });
  const never = await get(node, `${PUBLISHED}/`);
  t.equal(never.status, 404);
  t.match(await never.json(), { code: 'NOT_PUBLISHED', message: /\(status: collecting\)/ });
  await publish(node, REPO, someDeb());
  for (const path of ['r/none/', `r/ceph/main/${SHA1}/x`, `${PUBLISHED}/dists/none/Release`]) {
    const answer = await get(node, path);
    t.match([answer.status, await answer.json()], [404, { code: 'NOT_FOUND' }], path);
  }
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const answer = await node.fetch(`${PUBLISHED}/x`, { method });
    t.match([answer.status, answer.headers.get('allow')], [405, 'GET, HEAD'], method);
  }
});

t.test('what a client begins with is gone when the repository has it no more', async (t) => {
  const folder = testFolder(t);
  mkdirSync(folder, { recursive: true });
  const { armoredKey } = await makeSigningKey({ type: 'ed25519', name: 'Our builds' });
  writeFileSync(join(folder, 'signing.asc'), armoredKey);
  const combined = '  projects: { ceph: { combined: [bookworm, trixie] } }';
  const signing = `  signing: { keyFile: signing.asc }\n${combined}`;
  const node = await startNode(t, { folder, chacra: signing });
  const other = REPO.replace('bookworm', 'trixie');
  for (const repo of [REPO, other]) await publish(node, repo, someDeb());
  const entries = ['bookworm', 'trixie'].flatMap((codename) =>
    ['InRelease', 'Release', 'Release.gpg'].map((name) => `dists/${codename}/${name}`),
  );
  const byHash = async (running: TestNode): Promise<string> => {
    const release = await (await get(running, `${PUBLISHED}/dists/trixie/Release`)).text();
    const [, digest = ''] = /^ (\S+) +\d+ main\/binary-amd64\/Packages$/m.exec(release) ?? [];
    return `dists/trixie/main/binary-amd64/by-hash/SHA256/${digest}`;
  };
  const statuses = async (running: TestNode, paths: readonly string[]) => {
    const answers = await Promise.all(paths.map((path) => get(running, `${PUBLISHED}/${path}`)));
    return answers.map(({ status }) => status);
  };
  await node.fetch(`repos/${REPO}/update`, { method: 'POST' });
  await untilPublished(node, REPO);
  t.same(await statuses(node, entries), [200, 200, 200, 200, 200, 200]);
  const named = await byHash(node);
  await node.fetch(`repos/${other}/`, { method: 'DELETE' });
  await node.fetch(`repos/${REPO}/update`, { method: 'POST' });
  await untilPublished(node, REPO);
  t.same(await statuses(node, entries), [200, 200, 200, 404, 404, 404], 'without its source');
  t.same(await statuses(node, [named]), [200], 'who has read it reads on');
  await node.stop();

  const unsigned = await startNode(t, { folder, chacra: combined });
  await unsigned.fetch(`repos/${REPO}/update`, { method: 'POST' });
  await untilPublished(unsigned, REPO);
  t.same(await statuses(unsigned, entries.slice(0, 3)), [404, 200, 404], 'without a key');
});

t.test('the address that clients know', async (t) => {
  const folder = testFolder(t);
  const start = async (name: string, top: string, chacra = '') => {
    const node = await startNode(t, { folder: join(folder, name), top, chacra });
    await node.fetch(`${BINARIES}/${someDeb().name}`, { method: 'PUT', body: someDeb().bytes });
    return node;
  };
  const address = async (node: TestNode, headers: Headers) => {
    const { url } = (await (await get(node, `repos/${REPO}/`, headers)).json()) as { url: string };
    const base = url.slice(0, -`${PUBLISHED}/`.length);
    const moved = await get(node, 'repos', headers);
    t.equal(moved.headers.get('location'), `${base}repos/`);
    const list = await (await get(node, `repos/${REPO}/repo`, headers)).text();
    t.equal(list, `deb [trusted=yes] ${base}${PUBLISHED}/ bookworm main\n`);
    return base;
  };
  const said = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'chacra.example' };
  const trusting = await start('trusting', 'trustedProxies: ["127.0.0.0/8"]');
  t.equal(await address(trusting, said), 'https://chacra.example/');
  t.equal(
    await address(trusting, { 'x-forwarded-proto': 'https' }),
    trusting.url.replace(':', 's:'),
  );
  t.equal(await address(trusting, {}), trusting.url);
  for (const host of ['evil.example/path', 'a b', '"><script>', 'user@evil.example']) {
    t.equal(await address(trusting, { ...said, 'x-forwarded-host': host }), trusting.url, host);
  }
  t.equal(await address(trusting, { ...said, 'x-forwarded-proto': 'javascript' }), trusting.url);
  const wary = await start('wary', 'trustedProxies: ["10.0.0.0/8", "::1"]');
  t.equal(await address(wary, said), wary.url);
  const named = await start('named', '', '  publicUrl: https://1.chacra.example/');
  t.equal(await address(named, said), 'https://1.chacra.example/');
});

t.test('where nobody may read without a key', async (t) => {
  const node = await startNode(t, { top: 'anonymous: none' });
  await publish(node, REPO, someDeb());
  const paths = [
    '',
    'r/',
    `${PUBLISHED}/${DEB}`,
    'search/?name=a',
    `repos/${REPO}/repo`,
    'metrics',
  ];
  for (const path of paths) {
    const answer = await get(node, path);
    t.equal(answer.status, 401, path);
    t.match(answer.headers.get('www-authenticate'), /^Basic /);
    t.equal((await get(node, path, { authorization: authorization('stranger') })).status, 200);
  }
});
