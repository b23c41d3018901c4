import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { authorization, startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { storedFiles, untilStored } from '../fixtures/files-below.ts';
import { fileForm, multipart } from '../fixtures/multipart.ts';
import type { Part } from '../fixtures/multipart.ts';
import { openRaw, requestHead } from '../fixtures/raw-connection.ts';
import { BINARIES, REPOS } from '../fixtures/some-address.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { errorsOf } from '../fixtures/untouched.ts';

const LIMIT = 2 << 20;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

type Headers = Readonly<Record<string, string | number | null>>;

/** The head of a PUT to a name, as root unless headers say otherwise. */
const putHead = (name: string, headers: Headers) =>
  requestHead('PUT', `/${BINARIES}/${name}`, { Authorization: authorization(), ...headers });

const put = (node: TestNode, name: string, body: string) =>
  node.fetch(`${BINARIES}/${name}`, { method: 'PUT', body });

/** A body of unknown length, in chunks. */
function inChunks(...chunks: readonly Uint8Array[]): RequestInit {
  const body = new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  return { body, duplex: 'half' };
}

t.test('what can be refused is refused before the body', async (t) => {
  const folder = testFolder(t);
  const node = await startNode(t, {
    folder: join(folder, 'node'),
    chacra: `  maxUploadBytes: ${LIMIT}`,
  });
  const full = await startNode(t, {
    folder: join(folder, 'full'),
    chacra: '  reserveBytes: 9007199254740991',
  });
  await put(node, 'taken', 'bytes');
  const before = storedFiles(node);
  const cases: readonly [string, TestNode, string, Headers, number, RegExp][] = [
    ['no credentials', node, 'a', { Authorization: null }, 401, /needs a valid user and key/],
    ['no scope', node, 'a', { Authorization: authorization('stranger') }, 403, /scope upload/],
    ['too large', node, 'a', { 'Content-Length': LIMIT + 1 }, 413, /larger than 2097152 bytes/],
    ['no room', full, 'a', {}, 507, /keeps 9007199254740991 bytes free/],
    ['other bytes', node, 'taken', { 'X-Checksum-Sha256': sha256('x') }, 409, /other bytes/],
    ['bad digest', node, 'a', { 'X-Checksum-Sha256': 'abc' }, 400, /64 hexadecimal digits/],
    ['bad name', node, 'a%2Fb', {}, 400, /path separator/],
  ];
  for (const [name, to, file, headers, status, message] of cases) {
    for (const expect of ['100-continue', null]) {
      const head = putHead(file, { 'Content-Length': 1000, Expect: expect, ...headers });
      const answer = await openRaw(t, to.url, head).answer();
      t.equal(answer.status, status, `${name}, Expect: ${expect}`);
      t.match(JSON.parse(answer.body), { message });
      t.equal(answer.headers['www-authenticate'] !== undefined, status === 401);
    }
  }
  t.same(storedFiles(node), before);
  t.same(storedFiles(full), []);
});

t.test('a client that asks first is told to go on once', async (t) => {
  const node = await startNode(t);
  const head = putHead('asked', { 'Content-Length': 4, Expect: '100-Continue' });
  const connection = openRaw(t, node.url, head);
  t.match(await connection.answer(), { status: 100 });
  connection.socket.write('body');
  t.match(await connection.answer(), { status: 201, body: '{}' });
  connection.socket.write(`${putHead('next', { 'Content-Length': 4 })}more`);
  t.match(await connection.answer(), { status: 201 }, 'and the connection goes on');
  t.equal(await (await node.fetch(`${BINARIES}/asked`)).text(), 'body');
  const extra = { Authorization: authorization(), 'Content-Length': 7, Expect: '100-continue' };
  const json = openRaw(t, node.url, requestHead('POST', `/${REPOS}/extra`, extra));
  t.match(await json.answer(), { status: 100 }, 'JSON too');
  json.socket.write('{"a":1}');
  t.match(await json.answer(), { status: 200, body: /"extra":\{"a":1\}/ });
});

t.test('JSON that breaks off is its sender’s trouble, and no failure of the node', async (t) => {
  const node = await startNode(t);
  await put(node, 'a', 'bytes');
  const head = { Authorization: authorization(), 'Content-Length': 7 };
  const text = `${requestHead('POST', `/${REPOS}/extra`, head)}{"a"`;
  openRaw(t, node.url, text).socket.end();
  const audit = join(node.folder, 'data', 'audit', 'chacra.log');
  while (!existsSync(audit) || !readFileSync(audit, 'utf8').includes('"status":null'))
    await node.fetch('health/');
  t.notOk(node.log.lines.some(({ level }) => level === 'error'));
});

t.test('a body is counted, whatever it declares', async (t) => {
  const node = await startNode(t, { chacra: `  maxUploadBytes: ${LIMIT}` });
  const large = Buffer.alloc(LIMIT + 1);
  const form = fileForm('large', large);
  const sent: [string, RequestInit][] = [
    ['raw', { method: 'PUT', ...inChunks(large.subarray(0, LIMIT), large.subarray(LIMIT)) }],
    ['form', { method: 'POST', headers: form.headers, ...inChunks(form.body) }],
    ['form with its length', { method: 'POST', headers: form.headers, body: form.body }],
  ];
  for (const [name, init] of sent) {
    const answer = await node.fetch(`${BINARIES}/${init.method === 'PUT' ? 'large' : ''}`, init);
    t.equal(answer.status, 413, name);
    t.match(await answer.json(), { code: 'BODY_TOO_LARGE', advice: /maxUploadBytes/ });
  }
  await untilStored(node, (files) => files.length === 0);
  const exact = await node.fetch(`${BINARIES}/exact`, {
    method: 'PUT',
    ...inChunks(large.subarray(1)),
  });
  t.equal(exact.status, 201, 'exactly the limit');
});

t.test('what breaks off leaves nothing', async (t) => {
  const node = await startNode(t);
  // Longer than what is kept in memory until it is whole: its file is seen, and seen to go.
  const long = { name: 'long.iso', bytes: Buffer.alloc(4 << 20, 'long') };
  const form = fileForm(long.name, long.bytes);
  const half = form.body.subarray(0, form.body.length / 2);
  const formHead = (length: number | null) =>
    requestHead('POST', `/${BINARIES}/`, {
      Authorization: authorization(),
      'Content-Type': form.headers['content-type'] ?? '',
      'Content-Length': length,
      ...(length === null ? { 'Transfer-Encoding': 'chunked' } : {}),
    });
  const chunk = Buffer.concat([Buffer.from(`${half.length.toString(16)}\r\n`), half]);
  const sent: [string, string, Uint8Array][] = [
    [
      'raw',
      putHead(long.name, { 'Content-Length': long.bytes.length }),
      long.bytes.subarray(0, 2 << 20),
    ],
    ['form', formHead(form.body.length), half],
    ['chunked form', formHead(null), chunk],
  ];
  for (const [name, head, bytes] of sent) {
    for (const end of ['destroy', 'end'] as const) {
      const { socket } = openRaw(t, node.url, Buffer.concat([Buffer.from(head), bytes]));
      await untilStored(node, (files) => files.length > 0);
      socket[end]();
      await untilStored(node, (files) => files.length === 0);
      t.pass(`${name}: ${end}`);
    }
  }
  t.equal((await node.fetch(`${REPOS}/`)).status, 404);
  const whole = formHead(half.length) + half.toString('latin1');
  const answer = await openRaw(t, node.url, Buffer.from(whole, 'latin1')).answer();
  t.equal(answer.status, 400, 'a form without its end, though the body is complete');
  t.same(storedFiles(node), []);
  t.equal((await node.fetch('binaries/ceph/')).status, 404);
  const again = await node.fetch(`${BINARIES}/`, { method: 'POST', ...form });
  t.equal(again.status, 201, 'and can be sent again');
  t.same(errorsOf(node), []);
});

t.test('a refused file frees its disk; a kept one of the same bytes stays', async (t) => {
  const node = await startNode(t);
  await put(node, 'one', 'bytes');
  const before = storedFiles(node);
  t.equal((await put(node, 'one', 'others')).status, 409);
  t.equal((await put(node, 'broken.deb', 'bytes')).status, 422);
  const wrong = { 'x-checksum-sha256': sha256('x') };
  const mismatch = await node.fetch(`${BINARIES}/two`, {
    method: 'PUT',
    body: 'bytes',
    headers: wrong,
  });
  t.equal(mismatch.status, 422);
  t.equal((await put(node, 'two', 'bytes')).status, 201);
  const files = storedFiles(node).filter((path) => !path.endsWith('.sha512'));
  t.same(
    files,
    before.filter((path) => !path.endsWith('.sha512')),
    'the same bytes stand once',
  );
  t.equal(await (await node.fetch(`${BINARIES}/one`)).text(), 'bytes');
});

t.test('a form holds one file in the field that is meant', async (t) => {
  const node = await startNode(t);
  const post = (...parts: Part[]) =>
    node.fetch(`${BINARIES}/`, { method: 'POST', ...multipart(...parts) });
  const missing = [
    [],
    [{ name: 'file', content: 'a field without a file name' }],
    [{ name: 'upload', fileName: 'a', content: 'another field' }],
    [{ name: 'file', fileName: '', content: 'no name' }],
  ];
  for (const parts of missing) {
    const answer = await post(...parts);
    t.equal(answer.status, 400);
    t.match(await answer.json(), { code: 'FILE_FIELD_MISSING', advice: /curl -F file=@NAME/ });
  }
  t.equal((await node.fetch(`${BINARIES}/`, { method: 'POST', body: 'raw' })).status, 400);
  t.same(storedFiles(node), []);
  const other = { name: 'upload', fileName: 'b', content: 'ignored' };
  t.equal((await post(other, { name: 'file', fileName: 'a', content: 'a' }, other)).status, 201);
  t.same(Object.keys((await (await node.fetch(`${BINARIES}/`)).json()) as object), ['a']);
});

t.test('a silent client is dropped, a slow one is not', async (t) => {
  // Each stalled upload at the quick node takes a tenth of a second: that is the clock of this test.
  const folder = testFolder(t);
  const start = (name: string, seconds: number) =>
    startNode(t, { folder: join(folder, name), chacra: `  stallSeconds: ${seconds}` });
  const quick = await start('quick', 0.1);
  const stalled = async () => {
    const head = putHead('stalled', { 'Content-Length': 10 });
    const connection = openRaw(t, quick.url, `${head}half`);
    const answer = await connection.answer();
    t.equal(answer.status, 408);
    t.match(JSON.parse(answer.body), { message: 'no byte arrived for 0.1 seconds' });
    t.match(await connection.answer(), { status: 0 }, 'and the connection is closed');
  };
  await stalled();
  await untilStored(quick, (files) => files.length === 0);

  const node = await start('slow', 0.8);
  const rounds = 12;
  const slow = openRaw(t, node.url, putHead('slow', { 'Content-Length': rounds }));
  for (let round = 0; round < rounds; round += 1) {
    await stalled();
    slow.socket.write('.');
  }
  t.equal((await slow.answer()).status, 201, 'longer than the limit in all');
});
