import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { KEY, authorization, startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { storedFiles } from '../fixtures/files-below.ts';
import { fileForm, multipart } from '../fixtures/multipart.ts';
import type { Form, Part } from '../fixtures/multipart.ts';
import { mustRun } from '../../services/cli/demo/run-tool.ts';
import { BINARIES, REPO, REPOS } from '../fixtures/some-address.ts';
import { someBuiltRpm, someDeb } from '../fixtures/some-packages.ts';
import { needs } from '../fixtures/tool.ts';

const sha = (algorithm: 'sha256' | 'sha512', bytes: Uint8Array | string) =>
  createHash(algorithm).update(bytes).digest('hex');

const send = (node: TestNode, method: 'POST' | 'PUT', path: string, { headers, body }: Form) =>
  node.fetch(path, { method, headers, body });

const put = (node: TestNode, name: string, body: string | Uint8Array, headers = {}) =>
  node.fetch(`${BINARIES}/${name}`, { method: 'PUT', body, headers });

async function listed(node: TestNode, path = BINARIES): Promise<Record<string, object>> {
  const answer = await node.fetch(`${path}/`);
  // Its shape is what these tests look at.
  return answer.status === 404 ? {} : ((await answer.json()) as Record<string, object>);
}

async function stored(node: TestNode, name: string): Promise<string> {
  return (await node.fetch(`${BINARIES}/${name}`)).text();
}

t.test('one file as chacractl uploads it', async (t) => {
  const node = await startNode(t);
  const deb = someDeb();
  const path = `${BINARIES}/${deb.name}/`;
  const asBuilder = { authorization: authorization('builder') };
  const upload = (method: 'POST' | 'PUT', to: string, { headers, body }: Form) =>
    node.fetch(to, { method, body, headers: { ...headers, ...asBuilder } });
  const head = await node.fetch(path, { method: 'HEAD', headers: { authorization: '' } });
  t.equal(head.status, 404);
  const created = await upload('POST', `${BINARIES}/`, fileForm(deb.name, deb.bytes));
  t.equal(created.status, 201);
  t.same(await created.json(), {});
  t.match(await listed(node), {
    [deb.name]: {
      name: deb.name,
      project: 'ceph',
      ref: 'main',
      distro: 'debian',
      distro_version: 'bookworm',
      arch: 'x86_64',
      flavor: 'default',
      size: deb.bytes.length,
      checksum: sha('sha512', deb.bytes),
      sha256: sha('sha256', deb.bytes),
      built_by: 'builder',
      signed: false,
      created: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/,
      last_changed: /second/,
    },
  });
  const other = someDeb('hello', '1.0-1', 'arm64').bytes;
  const replaced = await upload('PUT', path, fileForm(deb.name, other));
  t.equal(replaced.status, 200);
  t.match(await listed(node), { [deb.name]: { checksum: sha('sha512', other) } });
  const form = multipart(
    { name: 'force', content: 'no' },
    { name: 'file', fileName: deb.name, content: deb.bytes },
  );
  t.equal((await upload('POST', `${BINARIES}/`, form)).status, 200, 'force of any value replaces');
  t.match(await listed(node), { [deb.name]: { checksum: sha('sha512', deb.bytes) } });
  t.match(await (await node.fetch(`${REPOS}/`)).json(), { type: 'deb', archs: ['x86_64'] });
});

t.test('what a name that exists means for each way in', async (t) => {
  const node = await startNode(t);
  const post = (content: string, ...more: Part[]) =>
    send(
      node,
      'POST',
      `${BINARIES}/`,
      multipart({ name: 'file', fileName: 'a.bin', content }, ...more),
    );
  t.equal((await post('one')).status, 201);
  t.equal((await post('one')).status, 200, 'a retry after a lost answer');
  const refused = await post('two');
  t.equal(refused.status, 400);
  t.match(await refused.json(), {
    message: 'resource already exists and "force" key was not used',
    code: 'BINARY_EXISTS',
    advice: /a\.bin/,
  });
  t.equal(await stored(node, 'a.bin'), 'one');
  t.equal((await post('two', { name: 'force', content: '' })).status, 200, 'force after the file');
  t.equal(await stored(node, 'a.bin'), 'two');

  t.equal((await put(node, 'a.bin/', 'two')).status, 200, 'raw, the same bytes');
  const conflict = await put(node, 'a.bin/', 'three');
  t.equal(conflict.status, 409);
  t.match(await conflict.json(), { message: 'a.bin exists with other bytes', advice: /force=1/ });
  t.equal((await put(node, 'a.bin/?force=0', 'three')).status, 409);
  t.equal(await stored(node, 'a.bin'), 'two');
  t.equal((await put(node, 'a.bin/?force=1', 'three')).status, 200);
  t.equal((await put(node, 'b.bin', 'new')).status, 201, 'without a slash');
  t.equal((await send(node, 'PUT', `${BINARIES}/a.bin/`, fileForm('x', 'four'))).status, 200);
  t.equal(await stored(node, 'a.bin'), 'four', 'a PUT takes the name of the URL');
  t.equal((await send(node, 'PUT', `${BINARIES}/c.bin/`, fileForm('x', 'c'))).status, 201);
  t.same(Object.keys(await listed(node)), ['a.bin', 'b.bin', 'c.bin']);
});

t.test('digests that were stated are compared before anything is kept', async (t) => {
  const node = await startNode(t);
  const deb = someDeb();
  const base64 = (algorithm: 'sha256' | 'sha512', of: Uint8Array | string) =>
    Buffer.from(sha(algorithm, of), 'hex').toString('base64');
  const claims = (of: Uint8Array | string) => [
    { 'x-checksum-sha256': sha('sha256', of) },
    { 'x-checksum-sha256': sha('sha256', of).toUpperCase() },
    { 'x-checksum-sha512': sha('sha512', of) },
    { 'content-digest': `sha-256=:${base64('sha256', of)}:` },
    { 'content-digest': `md5=:AAAA:, sha-512=:${base64('sha512', of)}:` },
  ];
  const before = storedFiles(node);
  for (const headers of claims('other bytes')) {
    for (const form of [null, fileForm(deb.name, deb.bytes)]) {
      const init = form ?? { headers: {}, body: deb.bytes };
      const method = form === null ? 'PUT' : 'POST';
      const path = form === null ? `${BINARIES}/${deb.name}` : `${BINARIES}/`;
      const answer = await node.fetch(path, {
        method,
        body: init.body,
        headers: { ...init.headers, ...headers },
      });
      const [header = ''] = Object.keys(headers);
      t.equal(answer.status, 422, `${method} ${header}`);
      t.match(await answer.json(), {
        code: 'DIGEST_MISMATCH',
        message: new RegExp(`^${header} says \\S+ but the sha\\d+ of the received`, 'i'),
      });
    }
  }
  t.same(storedFiles(node), before);
  t.equal((await node.fetch(`${REPOS}/`)).status, 404);
  for (const headers of claims(deb.bytes)) {
    const answer = await put(node, deb.name, deb.bytes, headers);
    t.ok(answer.ok, JSON.stringify(headers));
  }
  const wrong = { ...claims(deb.bytes)[0], ...claims('x')[2] };
  t.equal((await put(node, 'both.deb', deb.bytes, wrong)).status, 422, 'each of several counts');
});

t.test('file names as clients write them', async (t) => {
  const node = await startNode(t);
  const names = ['cephadm', 'ä_1~2+3.tar.gz', 'with blank & (ü) #1?.zip', '.hidden', '100%.txt'];
  for (const name of names) {
    t.equal((await send(node, 'POST', `${BINARIES}/`, fileForm(name, name))).status, 201, name);
    t.equal(await stored(node, encodeURIComponent(name)), name);
  }
  const older = { rawFileName: "filename*=utf-8''m%C3%BCsli.txt", name: 'file', content: 'm' };
  t.equal((await send(node, 'POST', `${BINARIES}/`, multipart(older))).status, 201);
  t.equal(await stored(node, encodeURIComponent('müsli.txt')), 'm');
  t.same(Object.keys(await listed(node)).sort(), [...names, 'müsli.txt'].sort());
  const json = await put(node, 'sbom.json', '{"a":1}', { 'content-type': 'application/json' });
  t.equal(json.status, 201, 'JSON that is PUT is a file');
  t.equal(await stored(node, 'sbom.json'), '{"a":1}');
  t.equal((await put(node, 'empty', '')).status, 201);
  t.match(await listed(node), { empty: { size: 0, checksum: sha('sha512', '') } });
});

t.test('archs and flavors keep their own', async (t) => {
  const node = await startNode(t);
  const rpm = someBuiltRpm();
  const base = `binaries/${REPO}`;
  const post = (path: string, content: string) =>
    send(node, 'POST', path, fileForm('one', content));
  t.equal((await post(`${base}/x86_64/`, 'default')).status, 201);
  t.equal((await post(`${base}/x86_64`, 'default')).status, 200, 'a POST needs no slash');
  t.equal((await post(`${base}/x86_64/flavors/debug`, 'debug')).status, 201);
  t.equal((await post(`${base}/arm64/flavors/default/`, 'arm')).status, 201);
  t.equal((await node.fetch(`${base}/x86_64/flavors/debug/one`)).status, 200);
  t.equal(await (await node.fetch(`${base}/x86_64/one/`)).text(), 'default');
  t.equal(await (await node.fetch(`${base}/arm64/one`)).text(), 'arm');
  const direct = await node.fetch(`${base}/noarch/${rpm.name}`, { method: 'PUT', body: rpm.bytes });
  t.equal(direct.status, 201);
  t.match(await listed(node, `${base}/noarch`), { [rpm.name]: { flavor: 'default' } });
});

t.test('curl uploads', needs(['curl', 'curl']), async (t) => {
  const node = await startNode(t);
  const { name, bytes } = someDeb();
  const { folder } = node;
  const big = Buffer.alloc(3 << 20, 'x');
  writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, 'big.bin'), big);
  const curl = (...args: string[]) =>
    mustRun(['curl', '-sS', '-w', '%{http_code}', '-u', `builder:${KEY}`, ...args], {
      cwd: folder,
    });
  const url = `${node.url}${BINARIES}/`;
  t.equal(await curl('-T', name, `${url}${name}`), '{}201');
  t.equal(await curl('-T', name, `${url}${name}/`), '{}200', 'it adds the name once more');
  t.equal(await curl('-T', 'big.bin', url), '{}201', 'and here, where it is needed; large');
  t.equal(await curl('-T', '-', `${url}empty`), '{}201', 'of unknown length');
  t.equal(await curl('-F', `file=@${name};filename=other.deb`, url), '{}201');
  t.equal(await curl('-F', 'file=@big.bin', '-F', 'force=1', url), '{}200');
  const checksums = await listed(node);
  t.match(checksums, {
    [name]: { checksum: sha('sha512', bytes) },
    'big.bin': { checksum: sha('sha512', big), size: big.length },
    empty: { size: 0 },
    'other.deb': { built_by: 'builder' },
  });
  t.match(await curl('-u', 'builder:wrong', '-T', 'big.bin', `${url}no`), /UNAUTHENTICATED.*401$/);
});

t.test('uploads side by side make one record', async (t) => {
  const node = await startNode(t);
  const count = 8;
  const all = async (upload: (at: number) => Promise<Response>) => {
    const answers = await Promise.all(Array.from({ length: count }, (_, at) => upload(at)));
    return answers.map(({ status }) => status).sort();
  };
  const same = someDeb();
  const form = fileForm(same.name, same.bytes);
  const identical = await all(() => send(node, 'POST', `${BINARIES}/`, form));
  t.same(identical, [...Array<number>(count - 1).fill(200), 201]);
  const posted = await all((at) => send(node, 'POST', `${BINARIES}/`, fileForm('p', `${at}`)));
  t.same(posted, [201, ...Array<number>(count - 1).fill(400)]);
  t.same(await all((at) => put(node, 'raw', `${at}`)), [
    201,
    ...Array<number>(count - 1).fill(409),
  ]);
  t.same(await all((at) => put(node, `file-${at}`, `${at}`)), Array<number>(count).fill(201));
  const names = [same.name, 'p', 'raw', ...Array.from({ length: count }, (_, at) => `file-${at}`)];
  t.same(Object.keys(await listed(node)).sort(), names.sort());
  t.same(await (await node.fetch(`repos/${REPO}/flavors/`)).json(), ['default']);
});
