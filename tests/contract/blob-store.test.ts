import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { openBlobStore } from '../../services/adapters/blob-store.ts';
import type { BlobStoreOptions } from '../../services/adapters/blob-store.ts';
import { Sha512Thread } from '../../services/adapters/sha512-thread.ts';
import { tapFor } from '../../services/formats/tap-for.ts';
import { startThread } from '../../services/platform/own-thread.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { someBuiltRpm, someDeb } from '../fixtures/some-packages.ts';
import { needs } from '../fixtures/tool.ts';
import { blobStoreContract, bodyOf, hex, keepBytes, receive } from './blob-store-contract.ts';
import { readAll, refOf, tapAll } from './blob-store-contract.ts';

const MIB = 1024 * 1024;

const open = (root: string, options: Partial<BlobStoreOptions> = {}) =>
  openBlobStore({ root, clock: new ManualClock(), tapFor, sha512: true, ...options });

/** Files below a folder, as paths below it. */
function below(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => statSync(join(folder, name)).isFile()).sort();
}

const leftovers = (root: string) =>
  below(root).filter((path) => !/^blobs\/(..)\/\1[0-9a-f]{62}(\.[a-z0-9.]+)?$/.test(path));

blobStoreContract('disk', (root) => open(root), leftovers);
blobStoreContract(
  'disk without memory and without digests',
  (root) => open(root, { sha512: false, headerCacheBytes: 0 }),
  leftovers,
);

const pathOf = (root: string, sha256: string) => join(root, 'blobs', sha256.slice(0, 2), sha256);

t.test('files are kept where no thread can be had, and have a sha512 once one can', async (t) => {
  const root = t.testdir();
  let isFull = true;
  const thread = new Sha512Thread(() => {
    if (isFull) throw new Error('resource temporarily unavailable');
    return startThread(
      './sha512-worker',
      import.meta.resolve('../../services/adapters/sha512-thread.ts'),
    );
  });
  const blobs = await open(root, { thread });
  const bytes = Buffer.alloc(3 * MIB, 'x');
  await keepBytes(blobs, bytes);
  t.strictSame(leftovers(root), []);
  await t.rejects(blobs.sha512(refOf(bytes)), /no thread/);
  isFull = false;
  t.equal(await blobs.sha512(refOf(bytes)), hex('sha512', bytes));
  await blobs.close();
});

t.test('a package on disk is its bytes, its header and its other digest', async (t) => {
  const root = t.testdir();
  const blobs = await open(root);
  const deb = someDeb();
  const rpm = someBuiltRpm();
  const expected: string[] = [];
  for (const { name, bytes } of [deb, rpm]) {
    const tap = tapFor(name);
    const received = await receive(blobs, bodyOf(bytes), { observe: (chunk) => tap?.write(chunk) });
    await received.keep((await tap?.end()) ?? null);
    received.release();
    t.equal(await blobs.sha512(received.ref), hex('sha512', bytes));
    const { sha256 } = received.ref;
    const path = `blobs/${sha256.slice(0, 2)}/${sha256}`;
    expected.push(path, `${path}.${name.slice(-3)}.json`, `${path}.sha512`);
  }
  t.same(below(root), expected.sort());
  await blobs.close();
});

t.test('a header comes from memory, from beside the blob, or from its bytes', async (t) => {
  const root = t.testdir();
  const { bytes, name } = someDeb();
  const ref = refOf(bytes);
  const blob = pathOf(root, ref.sha256);
  const beside = `${blob}.deb.json`;
  const first = await open(root, { sha512: false });
  await keepBytes(first, bytes, name);
  const written = readFileSync(beside, 'utf8');
  const right = await first.header(ref, name);
  t.match(right, { kind: 'deb', version: '1.0-1' });
  const version = async () => {
    const store = await open(root);
    const header = await store.header(ref, name);
    return header?.kind === 'deb' ? header.version : null;
  };

  writeFileSync(beside, written.replace('"version":"1.0-1"', '"version":"from beside"'));
  t.equal(await version(), 'from beside', 'the bytes are not read when they need not be');
  const torn = ['', '\0'.repeat(written.length), written.slice(0, -20), '{}', '[1]'];
  const other = written.replace(/"format":\d+/, '"format":0');
  for (const damage of [...torn, other, written.replace('"kind":"deb"', '"kind":"rpm"'), null]) {
    if (damage === null) rmSync(beside);
    else writeFileSync(beside, damage);
    t.equal(await version(), '1.0-1', JSON.stringify(damage));
    t.equal(readFileSync(beside, 'utf8'), written, 'put back');
  }

  // As on a full disk: nothing can take this place.
  rmSync(beside);
  mkdirSync(join(beside, 'in the way'), { recursive: true });
  const full = await open(root, { sha512: false });
  const received = await receive(full, bodyOf(bytes));
  await t.rejects(received.keep(right), { code: 'EISDIR' });
  await received.discard();
  received.release();
  rmSync(beside, { recursive: true });
  await full.sha512(ref);
  rmSync(`${blob}.sha512`);
  mkdirSync(`${blob}.sha512`);
  const store = await open(root);
  t.same(await store.header(ref, name), right);
  t.equal(await store.sha512(ref), hex('sha512', bytes));
  rmSync(`${blob}.sha512`, { recursive: true });
  rmSync(beside);
  rmSync(blob);
  t.same(await store.header(ref, name), right, 'from memory');
  t.equal(await store.sha512(ref), hex('sha512', bytes), 'from memory');
  for (const each of [first, full, store]) await each.close();
});

t.test('a digest comes from beside the blob, or is computed again', async (t) => {
  const root = t.testdir();
  const bytes = Buffer.alloc(3 * MIB, 'digest');
  const ref = refOf(bytes);
  const beside = `${pathOf(root, ref.sha256)}.sha512`;
  const right = hex('sha512', bytes);
  const unasked = await open(root, { sha512: false });
  await keepBytes(unasked, bytes);
  await unasked.close();
  t.equal(below(root).length, 1, 'only when wanted');
  for (const [text, answer] of [
    [null, right],
    [`${'a'.repeat(128)}\n`, 'a'.repeat(128)],
    ['', right],
    ['\0'.repeat(129), right],
    [right.slice(0, 100), right],
  ] as const) {
    if (text !== null) writeFileSync(beside, text);
    const store = await open(root, { sha512: text === null });
    t.equal(await store.sha512(ref), answer, JSON.stringify(text));
    t.equal(readFileSync(beside, 'utf8'), `${answer}\n`);
    await store.close();
  }
  rmSync(beside);
  const closed = await open(root);
  const late = await receive(closed, bodyOf(bytes));
  await late.keep(null);
  await closed.close();
  const next = await open(root);
  t.equal(await next.sha512(ref), right, 'one that was not ready when the process ended');
  await next.close();
});

t.test('a start clears away what a former process left half done', async (t) => {
  const root = t.testdir();
  const blobs = await open(root);
  const bytes = Buffer.from('kept');
  await keepBytes(blobs, bytes);
  await blobs.sha512(refOf(bytes));
  const whole = below(root);
  const undecided = await receive(blobs, bodyOf(Buffer.alloc(2 * MIB)));
  t.equal(below(root).length, whole.length + 1, 'a body that nobody decided on');
  await blobs.close();
  writeFileSync(join(root, 'trash', hex('sha256', Buffer.from('swept'))), 'swept');
  writeFileSync(join(root, 'incoming', '.tmp-0123456789abcdef01234567'), 'half');
  const later = await open(root);
  t.same(below(root), whole);
  t.ok((await readAll(later, hex('sha256', bytes))).equals(bytes));
  await later.close();
  await undecided.discard();
});

t.test('free space is asked for once a second', async (t) => {
  const root = join(t.testdir(), 'root');
  const clock = new ManualClock();
  const blobs = await openBlobStore({ root, clock, tapFor, sha512: false });
  const free = await blobs.freeBytes();
  t.ok(free > 0 && Number.isInteger(free));
  rmSync(root, { recursive: true });
  clock.advance(999);
  t.equal(await blobs.freeBytes(), free);
  clock.advance(1);
  await t.rejects(blobs.freeBytes(), { code: 'ENOENT' });
});

/** The largest file that this process may write; what is beyond is refused as a full disk refuses it. */
function limitFiles(bytes: number | 'unlimited'): void {
  const { status } = spawnSync('prlimit', [`--fsize=${bytes}:`, `--pid=${process.pid}`]);
  if (status !== 0) throw new Error('prlimit failed');
}

t.test(
  'a disk that fills up takes a part and then says so',
  needs(['prlimit', 'util-linux']),
  async (t) => {
    const root = t.testdir();
    const blobs = await open(root);
    const bytes = Buffer.alloc(6 * MIB, 'too much');
    t.teardown(() => limitFiles('unlimited'));
    // Without a listener the kernel ends the process at its limit.
    process.on('SIGXFSZ', () => undefined);
    limitFiles(2 * MIB + 12_345);
    for (const piece of [1000, 65_536, bytes.length]) {
      const sent = bodyOf(bytes, { piece });
      await t.rejects(receive(blobs, sent), { code: 'DISK_FULL' }, `pieces of ${piece}`);
    }
    t.same(below(root), []);
    await keepBytes(blobs, bytes.subarray(0, 2 * MIB));
    const deb = someDeb();
    const received = await receive(blobs, bodyOf(deb.bytes));
    limitFiles(100);
    const header = await tapAll(deb.name, deb.bytes);
    await t.rejects(received.keep(header), { code: 'DISK_FULL' });
    limitFiles('unlimited');
    await received.discard();
    received.release();
    await keepBytes(blobs, bytes);
    t.ok((await readAll(blobs, hex('sha256', bytes))).equals(bytes));
    await blobs.close();
  },
);

/** Files below a folder that this process has open, in whatever thread. */
function openBelow(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      // The descriptor with which this folder was read is closed again.
      return [];
    }
  });
}

/**
 * What is still open once everything had its chance to be closed: a file is closed behind the answer,
 * by a thread that a look at the folder waits for as well.
 */
async function leftOpen(folder: string): Promise<string[]> {
  for (let look = 0; look < 1000 && openBelow(folder).length > 0; look += 1) await stat(folder);
  return openBelow(folder);
}

t.test('no file stays open, whatever became of a body', async (t) => {
  const root = t.testdir();
  const blobs = await open(root);
  const deb = someDeb();
  const ref = refOf(deb.bytes);
  let round = 0;
  // The digest thread has obeyed what it was told before once it answers.
  const threadCaughtUp = async () => {
    round += 1;
    const bytes = Buffer.alloc(70_000, `round ${round}`);
    await keepBytes(blobs, bytes);
    await blobs.sha512(refOf(bytes));
  };
  async function* broken() {
    yield deb.bytes;
    await threadCaughtUp();
    throw new Error('broken');
  }
  await t.rejects(receive(blobs, broken()), /broken/);
  const unwanted = await receive(blobs, bodyOf(deb.bytes));
  await threadCaughtUp();
  await unwanted.discard();
  mkdirSync(join(`${pathOf(root, ref.sha256)}.deb.json`, 'in the way'), { recursive: true });
  const refused = await receive(blobs, bodyOf(deb.bytes));
  await t.rejects(refused.keep(await tapAll(deb.name, deb.bytes)), { code: 'EISDIR' });
  await refused.discard();
  refused.release();
  for (const text of ['one', 'two', 'two']) await keepBytes(blobs, Buffer.from(text));
  await blobs.header(ref, deb.name);
  await t.rejects(blobs.header(ref, 'hello.rpm'));
  for (const text of ['one', 'two']) await blobs.sha512(refOf(Buffer.from(text)));
  await blobs.sha512(ref);
  await threadCaughtUp();
  t.same(await leftOpen(root), []);
  await blobs.close();
});

t.test('no file of a long body stays open, however often its digest is stated', async (t) => {
  for (const sha512 of [true, false]) {
    const root = t.testdir();
    const blobs = await open(root, { sha512 });
    const bytes = Buffer.alloc(MIB + 1, 'long');
    const checked = async () => {
      const received = await receive(blobs, bodyOf(bytes));
      for (let header = 0; header < 3; header += 1)
        t.equal(await received.sha512(), hex('sha512', bytes));
      return received;
    };
    const refused = await checked();
    await refused.discard();
    const kept = await checked();
    await kept.keep(null);
    await kept.discard();
    kept.release();
    // The digest thread has obeyed what it was told before once it answers.
    const other = Buffer.alloc(100_000, 'other');
    await keepBytes(blobs, other);
    await blobs.sha512(refOf(other));
    t.same(await leftOpen(root), [], `digests ${sha512 ? 'follow' : 'are asked for'}`);
    await blobs.close();
  }
});

t.test('who asks for a thousand headers or digests leaves files to others', async (t) => {
  const root = t.testdir();
  const filling = await open(root);
  const debs = Array.from({ length: 300 }, (_, number) => someDeb(`some-${number}`));
  for (const { name, bytes } of debs) await keepBytes(filling, bytes, name);
  await filling.close();
  const blobs = await open(root, { headerCacheBytes: 0 });
  const mostOpen = async (work: Promise<unknown>) => {
    let [most, isOver] = [0, false];
    const over = work.finally(() => (isOver = true));
    while (!isOver) {
      most = Math.max(most, readdirSync('/proc/self/fd').length);
      await setImmediate();
    }
    await over;
    return most;
  };
  const idle = readdirSync('/proc/self/fd').length;
  const headers = () =>
    Promise.all(debs.map(({ name, bytes }) => blobs.header(refOf(bytes), name)));
  const digests = () => Promise.all(debs.map(({ bytes }) => blobs.sha512(refOf(bytes))));
  const limit = idle + 60;
  t.ok((await mostOpen(headers())) < limit, 'headers');
  t.ok((await mostOpen(digests())) < limit, 'digests');
  for (const name of below(root)) if (name.endsWith('.json')) rmSync(join(root, name));
  t.ok((await mostOpen(headers())) < limit, 'headers that are lost');
  await blobs.close();
});

t.test('bodies in memory are few together, and none comes byte by byte', async (t) => {
  const root = t.testdir();
  const blobs = await open(root);
  let goOn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const bytes = Buffer.alloc(MIB - 10_000, 'half of it, and the rest when all are there');
  async function* slowly(piece: number) {
    for (let at = 0; at < bytes.length - piece; at += piece) yield bytes.subarray(at, at + piece);
    await held;
    yield bytes.subarray(bytes.length - (bytes.length % piece || piece));
  }
  const files = () => readdirSync(join(root, 'incoming')).length;
  const coming = Array.from({ length: 40 }, () => receive(blobs, slowly(100_000)));
  while (files() === 0) await setImmediate();
  const tiny = receive(blobs, slowly(1));
  const before = files();
  while (files() === before) await setImmediate();
  t.ok(files() < 20, 'the first ones are in memory');
  goOn();
  for (const received of [...(await Promise.all(coming)), await tiny]) {
    t.same(received.ref, refOf(bytes));
    await received.discard();
  }
  const [first, second] = [receive(blobs, bodyOf(bytes)), receive(blobs, bodyOf(bytes))];
  for (const received of [await first, await second]) {
    await received.keep(null);
    received.release();
  }
  t.same(leftovers(root), []);
  t.ok((await readAll(blobs, refOf(bytes).sha256)).equals(bytes), 'there is room again');
  await blobs.close();
});

t.test('damaged bytes are not set aside in the moment when whole ones come', async (t) => {
  const root = t.testdir();
  const blobs = await open(root, { sha512: false });
  const bytes = Buffer.from('whole');
  const { sha256 } = refOf(bytes);
  const path = pathOf(root, sha256);
  const coming = join(root, 'coming');
  // Puts what is coming in place at some moment after it is told so, as a thread for files does.
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { renameSync, writeFileSync } = require('node:fs');
    const told = new Int32Array(workerData.told);
    for (let round = 0; ; round += 1) {
      writeFileSync(workerData.coming, 'whole');
      parentPort.postMessage('ready');
      Atomics.wait(told, 0, round);
      for (let some = (round * 7919) % 60_000; some > 0; some -= 1);
      renameSync(workerData.coming, workerData.path);
    }`;
  const told = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(code, {
    eval: true,
    workerData: { told: told.buffer, coming, path },
  });
  let ready = 0;
  worker.on('message', () => (ready += 1));
  let lost = 0;
  for (let round = 0; round < 600; round += 1) {
    while (ready <= round) await setImmediate();
    // What was told of in the round before is in place by now.
    if (round > 0 && !(existsSync(path) && readFileSync(path, 'utf8') === 'whole')) lost += 1;
    writeFileSync(path, 'damaged');
    const read = await blobs.shelf.read(sha256, () => Promise.resolve());
    Atomics.add(told, 0, 1);
    Atomics.notify(told, 0);
    await blobs.shelf.setAside(sha256, read?.file ?? '');
  }
  t.equal(lost, 0);
  await worker.terminate();
  await blobs.close();
});

t.test('bodies about the length that is kept in memory are those that came', async (t) => {
  const root = t.testdir();
  const blobs = await open(root);
  for (const size of [65_536, 65_537, MIB - 1, MIB, MIB + 1]) {
    const bytes = Buffer.alloc(size, `${size} `);
    for (const piece of [10_000, 65_536, 70_000, MIB]) {
      const received = await receive(blobs, bodyOf(bytes, { piece }), { limit: size });
      t.same(received.ref, refOf(bytes));
      await received.keep(null);
      received.release();
      t.ok((await readAll(blobs, received.ref.sha256)).equals(bytes));
      t.equal(await blobs.sha512(received.ref), hex('sha512', bytes));
      const small = receive(blobs, bodyOf(bytes, { piece }), { limit: size - 1 });
      await t.rejects(small, { code: 'BODY_TOO_LARGE' });
    }
  }
  t.same(leftovers(root), []);
  await blobs.close();
});
