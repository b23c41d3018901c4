import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Test } from 'tap';
import t from 'tap';
import { AuditLog } from '../../services/platform/audit-log.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { KEY, authorization, startNode } from '../fixtures/chacra.ts';
import { startTestShaman } from '../fixtures/shaman.ts';
import { BINARIES, REPO, REPOS } from '../fixtures/some-address.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { BUILD_REPORT, READY_EVENT } from '../fixtures/shaman-payloads.ts';
import { testFolder } from '../fixtures/test-folder.ts';

type Line = Readonly<Record<string, unknown>>;

const parse = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

const linesOf = (path: string): Line[] => parse(readFileSync(path, 'utf8'));

function openLog(t: Test, fields: { readonly rotateBytes?: number; readonly keepFiles?: number }) {
  const folder = testFolder(t);
  const path = join(folder, 'audit', 'chacra.log');
  const clock = new ManualClock();
  const log = new RecordingLog();
  const make = () => {
    const audit = new AuditLog({ path, rotateBytes: 1 << 20, keepFiles: 3, clock, log, ...fields });
    t.teardown(() => audit.close());
    return audit;
  };
  return { path, clock, log, make };
}

t.test('every write on a storage node leaves a line, and no secret', async (t) => {
  const node = await startNode(t);
  const deb = someDeb();
  const form = new FormData();
  form.set('file', new Blob([deb.bytes]), deb.name);
  const as = (user: string) => ({ authorization: authorization(user) });
  await node.fetch(`${BINARIES}/`, { method: 'POST', body: form, headers: as('builder') });
  const put = { method: 'PUT', body: deb.bytes, headers: as('builder') };
  const { headers } = await node.fetch(`${BINARIES}/${deb.name}?force=1&key=${KEY}`, put);
  await node.fetch(`${REPOS}/update`, { method: 'HEAD' });
  await node.fetch(`${REPOS}/`, { headers: { authorization: '' } });
  await node.fetch(`${REPOS}/update`, { method: 'POST', headers: as('stranger') });
  await node.fetch(`${REPOS}/update`, { method: 'POST', headers: { authorization: '' } });
  await node.fetch(`repos/${REPO}9/update`, { method: 'POST' });
  await node.fetch(`${REPOS}/`, { method: 'DELETE' });
  await node.stop();
  const path = join(node.folder, 'data', 'audit', 'chacra.log');
  const lines = linesOf(path);
  const upload = { name: deb.name, sha256: /^[0-9a-f]{64}$/, size: deb.bytes.length };
  t.match(lines, [
    {
      user: 'builder',
      method: 'POST',
      path: `/${BINARIES}/`,
      status: 201,
      outcome: 'created',
      ...upload,
    },
    {
      user: 'builder',
      method: 'PUT',
      path: `/${BINARIES}/${deb.name}?force=1`,
      status: 200,
      outcome: 'unchanged',
    },
    { user: 'stranger', path: `/${REPOS}/update`, status: 403 },
    { user: 'root', path: `/repos/${REPO}9/update`, status: 404 },
    { user: 'root', method: 'DELETE', path: `/${REPOS}/`, status: 204 },
  ]);
  t.equal(lines.length, 5, 'none for reading, none for who has no key');
  for (const { at, address } of lines) t.match({ at, address }, { at: /^2\d.*Z$/, address: /127/ });
  t.equal(lines[1]?.['request_id'], headers.get('x-request-id'));
  const text = readFileSync(path, 'utf8');
  t.notOk(text.includes(KEY) || text.includes(Buffer.from(KEY).toString('base64').slice(0, 12)));
  t.equal(statSync(path).mode & 0o777, 0o640);
});

t.test('and on the coordinator: of events and builds what they are about', async (t) => {
  const shaman = await startTestShaman(t);
  await shaman.post('/api/repos/ceph/', READY_EVENT, 'chacra');
  await shaman.post('/api/builds/ceph/', { ...BUILD_REPORT, status: 'started' }, 'jenkins');
  await shaman.get('/api/search/?project=ceph');
  await shaman.stop();
  t.match(linesOf(join(shaman.folder, 'data', 'audit', 'shaman.log')), [
    {
      user: 'chacra',
      path: '/api/repos/ceph/',
      status: 200,
      chacra_url: READY_EVENT.chacra_url,
      repo_status: 'ready',
    },
    { user: 'jenkins', path: '/api/builds/ceph/', status: 200, sha1: BUILD_REPORT.sha1 },
  ]);
});

t.test('bytes that are attached leave the line that their upload would', async (t) => {
  const node = await startNode(t);
  const deb = someDeb();
  const sha256 = createHash('sha256').update(deb.bytes).digest('hex');
  await node.fetch(`${BINARIES}/${deb.name}`, { method: 'PUT', body: deb.bytes });
  const headers = { 'X-Attach': '1', 'X-Checksum-Sha256': sha256 };
  await node.fetch(`${BINARIES}/again.deb`, { method: 'PUT', headers });
  await node.stop();
  const [, attached] = linesOf(join(node.folder, 'data', 'audit', 'chacra.log'));
  const size = deb.bytes.length;
  t.match(attached, { status: 201, name: 'again.deb', outcome: 'created', sha256, size });
});

t.test('the coordinator warns while its lines cannot be written', async (t) => {
  const folder = testFolder(t);
  mkdirSync(join(folder, 'data', 'audit', 'shaman.log'), { recursive: true });
  const clock = new ManualClock();
  const shaman = await startTestShaman(t, { folder, clock });
  const warnings = async () => {
    const response = await shaman.get('/health/', { headers: { accept: 'application/json' } });
    return ((await response.json()) as { readonly warnings: readonly string[] }).warnings;
  };
  t.same(await warnings(), []);
  await shaman.post('/api/builds/ceph/', { ...BUILD_REPORT, status: 'started' }, 'jenkins');
  let found = await warnings();
  while (found.length === 0) {
    clock.advance(10);
    found = await warnings();
  }
  t.match(found, [/^the audit log cannot be written: /]);
});

t.test('it has a place of its own, and can be done without', async (t) => {
  const folder = testFolder(t);
  const elsewhere = await startNode(t, {
    folder: join(folder, 'a'),
    top: 'audit: { folder: log }',
  });
  const without = await startNode(t, {
    folder: join(folder, 'b'),
    top: 'audit: { enabled: false }',
  });
  for (const node of [elsewhere, without]) {
    await node.fetch('binaries/ceph/', { method: 'POST' });
    await node.stop();
  }
  t.match(linesOf(join(folder, 'a', 'log', 'chacra.log')), [{ path: '/binaries/ceph/' }]);
  t.notOk(existsSync(join(folder, 'b', 'data', 'audit')));
});

t.test('files rotate by size, compressed, and the oldest go', async (t) => {
  const { path, make } = openLog(t, { rotateBytes: 2000, keepFiles: 2 });
  for (let round = 0; round < 5; round += 1) {
    const audit = make();
    for (let number = 0; number < 20; number += 1) {
      audit.add({ number: round * 20 + number, text: 'x'.repeat(80) });
      // Some come while others are being written.
      if (number % 3 === 0) await new Promise(setImmediate);
    }
    await audit.close();
  }
  const files = readdirSync(join(path, '..')).sort();
  t.same(files, ['chacra.log', 'chacra.log.1.gz', 'chacra.log.2.gz']);
  const kept = files.slice(1).reverse();
  const old = kept.map((name) => gunzipSync(readFileSync(join(path, '..', name))).toString());
  const numbers = [...old.flatMap(parse), ...linesOf(path)].map(({ number }) => Number(number));
  t.equal(numbers.at(-1), 99);
  const first = numbers[0] ?? 0;
  t.same(
    numbers,
    Array.from({ length: 100 - first }, (_, at) => first + at),
    'none lost between',
  );
});

t.test('half a line of a crash spoils no other', async (t) => {
  const { path, make } = openLog(t, {});
  const before = make();
  before.add({ number: 1 });
  await before.close();
  writeFileSync(path, '{"at":"2026-01-0', { flag: 'a' });
  const after = make();
  after.add({ number: 2 });
  await after.close();
  const lines = readFileSync(path, 'utf8').split('\n');
  t.match(lines, [/"number":1\}$/, /^\{"at":"2026-01-0$/, /"number":2\}$/, '']);
});

t.test('what cannot be written waits, and the operator learns of it', async (t) => {
  const { path, make, clock, log } = openLog(t, {});
  mkdirSync(path, { recursive: true });
  const audit = make();
  audit.add({ number: 1 });
  clock.advance(10);
  while (audit.problem === null) await new Promise(setImmediate);
  t.match(audit.problem, /^the audit log cannot be written: /);
  for (let number = 2; number < 10_010; number += 1) audit.add({ number });
  rmSync(path, { recursive: true });
  clock.advance(10_000);
  while (audit.problem !== null) await new Promise(setImmediate);
  audit.add({ number: 'last' });
  await audit.close();
  t.equal(log.lines.length, 1, 'said once');
  const lines = linesOf(path);
  t.match(lines[0], { lost: 9, reason: /cannot be written/ });
  t.match(lines[1], { number: 1 });
  t.match(lines.at(-1), { number: 'last' });
  t.equal(lines.length, 10_002);
});
