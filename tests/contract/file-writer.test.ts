import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { FileThread } from '../../services/platform/file-thread.ts';
import { directWriter } from '../../services/platform/file-writer.ts';
import type { FileWriter } from '../../services/platform/file-writer.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { PowerLoss, isWrite, readTrace } from '../fixtures/power-loss.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { needs } from '../fixtures/tool.ts';

t.setTimeout(60_000);

/** A thread that writes from its next file on. */
async function atWork(folder: string): Promise<FileThread> {
  const files = new FileThread({ log: new RecordingLog(), worthAThread: 1 });
  await files.put({ path: join(folder, 'starts-it'), bytes: '', durable: false });
  while (!files.isAtWork) await setImmediate();
  return files;
}

function fileWriterContract(name: string, open: (folder: string) => Promise<FileWriter>): void {
  t.test(`${name}: a file is put whole, again and again`, async (t) => {
    const folder = testFolder(t);
    const begin = join(folder, 'begin');
    mkdirSync(begin, { recursive: true });
    const files = await open(begin);
    const path = join(folder, 'a');
    await files.put({ path, bytes: 'Käse 🧀\n', durable: true });
    t.equal(readFileSync(path, 'utf8'), 'Käse 🧀\n');
    t.equal(statSync(path).mode & 0o777, 0o644);
    const whole = Uint8Array.from([1, 2, 3, 4, 5]);
    await files.put({ path, bytes: whole.subarray(1, 4), durable: false, beginIn: begin });
    t.same([...readFileSync(path)], [2, 3, 4], 'of a view only what it shows');
    t.same([...whole], [1, 2, 3, 4, 5], 'whose buffer stays with the caller');
    await files.put({ path, bytes: '', durable: true, beginIn: begin });
    t.equal(readFileSync(path, 'utf8'), '');
    t.same(
      readdirSync(begin).filter((left) => left.startsWith('.tmp')),
      [],
    );
    t.same(readdirSync(folder).sort(), ['a', 'begin']);
  });

  t.test(`${name}: what cannot be put leaves nothing, and says why`, async (t) => {
    const folder = testFolder(t);
    const begin = join(folder, 'begin');
    mkdirSync(join(folder, 'is-a-folder'), { recursive: true });
    mkdirSync(begin);
    const files = await open(folder);
    const before = readdirSync(folder).sort();
    for (const [path, code] of [
      [join(folder, 'missing', 'a'), 'ENOENT'],
      [join(folder, 'is-a-folder'), 'EISDIR'],
    ] as const) {
      for (const how of [{ durable: true }, { durable: false }, { durable: false, behind: true }])
        await t.rejects(files.put({ path, bytes: 'x', ...how, beginIn: begin }), { code });
    }
    t.same(readdirSync(begin), []);
    t.same(readdirSync(folder).sort(), before);
    await files.put({ path: join(folder, 'b'), bytes: 'goes on', durable: true });
    t.equal(readFileSync(join(folder, 'b'), 'utf8'), 'goes on');
  });

  t.test(`${name}: a new folder is made for a file, with those above it`, async (t) => {
    const folder = testFolder(t);
    mkdirSync(folder, { recursive: true });
    const files = await open(folder);
    const path = join(folder, 'one', 'a');
    const inNewFolder = join(folder, 'one', 'two', 'three');
    for (const bytes of ['first', 'second']) {
      await files.put({ path, bytes, durable: true, inNewFolder });
      t.equal(readFileSync(path, 'utf8'), bytes);
    }
    t.ok(statSync(inNewFolder).isDirectory());
    const below = { path, bytes: 'x', durable: true, inNewFolder: join(path, 'four') };
    await t.rejects(files.put(below), { code: 'ENOTDIR' });
  });

  t.test(`${name}: what is put behind other things is put whole, each on its own`, async (t) => {
    const folder = testFolder(t);
    mkdirSync(folder, { recursive: true });
    const files = await open(folder);
    const names = Array.from({ length: 20 }, (_, index) => `${index}`);
    const missing = join(folder, 'missing', 'a');
    const one = { durable: false, behind: true } as const;
    const refused = t.rejects(files.put({ path: missing, bytes: 'x', ...one }), { code: 'ENOENT' });
    await Promise.all(
      names.map((name) => files.put({ path: join(folder, name), bytes: name, ...one })),
    );
    await refused;
    t.same(
      names.map((name) => readFileSync(join(folder, name), 'utf8')),
      names,
    );
  });

  t.test(`${name}: given bytes are written whole, whatever they are a part of`, async (t) => {
    const folder = testFolder(t);
    mkdirSync(folder, { recursive: true });
    const files = await open(folder);
    const whole = Buffer.alloc(200_000, 'all of a buffer');
    const around = Buffer.from('before|a part|after');
    const given = [
      [[new Uint8Array(whole)], whole.toString()],
      [[new Uint8Array(whole), around.subarray(7, 13)], `${whole.toString()}a part`],
      [[new Uint8Array()], ''],
      [[], ''],
    ] as const;
    const path = join(folder, 'given');
    for (const [bytes, text] of given) {
      await files.put({ path, bytes, durable: true });
      t.equal(readFileSync(path, 'utf8'), text);
    }
    t.equal(around.toString(), 'before|a part|after', 'of a part the rest is not taken away');
    const kept = Buffer.alloc(200_000, 'kept');
    await files.put({ path, bytes: kept, durable: false });
    t.equal(kept.length, 200_000, 'what is not given stays');
  });

  t.test(`${name}: bytes are put at the end of a file`, async (t) => {
    const folder = testFolder(t);
    mkdirSync(folder, { recursive: true });
    const files = await open(folder);
    const path = join(folder, 'log');
    await files.append({ path, bytes: 'one\n', isNew: true });
    await files.append({ path, bytes: Buffer.from('two\n'), isNew: false });
    t.equal(readFileSync(path, 'utf8'), 'one\ntwo\n');
    const missing = join(folder, 'missing', 'log');
    await t.rejects(files.append({ path: missing, bytes: 'x', isNew: true }), { code: 'ENOENT' });
    const full = join(folder, 'full');
    symlinkSync('/dev/full', full);
    await t.rejects(files.append({ path: full, bytes: 'x', isNew: false }), { code: 'ENOSPC' });
  });

  t.test(`${name}: a file that was written before gets its name`, async (t) => {
    const folder = testFolder(t);
    mkdirSync(join(folder, 'is-a-folder'), { recursive: true });
    const files = await open(folder);
    const from = join(folder, 'coming');
    const path = join(folder, 'there');
    for (const text of ['first', 'over it']) {
      const descriptor = openSync(from, 'wx');
      writeSync(descriptor, text);
      for (const [to, code] of [
        [join(folder, 'missing', 'there'), 'ENOENT'],
        [join(folder, 'is-a-folder'), 'EISDIR'],
      ] as const) {
        await t.rejects(files.finish({ descriptor, from, path: to }), { code });
        t.equal(readFileSync(from, 'utf8'), text, 'it stays where it was');
      }
      await files.finish({ descriptor, from, path });
      t.equal(readFileSync(path, 'utf8'), text);
      t.notOk(existsSync(from));
      t.equal(fstatSync(descriptor).size, text.length, 'whoever opened it closes it');
      closeSync(descriptor);
      await t.rejects(files.finish({ descriptor, from, path }), { code: 'EBADF' });
      t.equal(readFileSync(path, 'utf8'), text, 'what cannot be synced gets no name');
    }
  });

  t.test(`${name}: many files at once, some of which fail`, async (t) => {
    const folder = testFolder(t);
    mkdirSync(folder, { recursive: true });
    const files = await open(folder);
    const settled = await Promise.allSettled(
      Array.from({ length: 300 }, (_, n) => {
        const at = n % 10 === 0 ? join(folder, 'missing') : folder;
        const bytes = `${n}`.repeat(n);
        return n % 3 === 0
          ? files.append({ path: join(at, `${n}`), bytes, isNew: true })
          : files.put({ path: join(at, `${n}`), bytes, durable: n % 2 === 0 });
      }),
    );
    for (const [n, { status }] of settled.entries()) {
      if (n % 10 === 0) t.equal(status, 'rejected');
      else if (readFileSync(join(folder, `${n}`), 'utf8') !== `${n}`.repeat(n)) t.fail(`file ${n}`);
    }
  });
}

fileWriterContract('directly', () => Promise.resolve(directWriter));
fileWriterContract('by a thread', atWork);

t.test('the thread begins when there is enough for it to do', async (t) => {
  const folder = testFolder(t);
  mkdirSync(folder, { recursive: true });
  let started = 0;
  const startThread = () => {
    started += 1;
    return new Worker('', { eval: true });
  };
  const files = new FileThread({ log: new RecordingLog(), worthAThread: 3, startThread });
  const file = { path: join(folder, 'a'), bytes: 'x', durable: true };
  for (const expected of [0, 0, 1, 1]) {
    await files.put(file);
    t.equal(started, expected);
  }
  t.notOk(files.isAtWork, 'it has not said that it is ready');
  await files.close();
});

t.test('closing waits for what is under way; later files are written all the same', async (t) => {
  const folder = testFolder(t);
  mkdirSync(folder, { recursive: true });
  const files = await atWork(folder);
  const names = Array.from({ length: 50 }, (_, n) => `${n}`);
  const put = (name: string) => files.put({ path: join(folder, name), bytes: name, durable: true });
  const writing = Promise.all(names.map(put));
  await files.close();
  for (const name of names) t.equal(readFileSync(join(folder, name), 'utf8'), name);
  await writing;
  await put('later');
  t.equal(readFileSync(join(folder, 'later'), 'utf8'), 'later');
});

t.test('of a thread that breaks nobody is told that his file is safe', async (t) => {
  const folder = testFolder(t);
  mkdirSync(folder, { recursive: true });
  const code = `
    const { parentPort } = require('node:worker_threads');
    parentPort.postMessage({ done: [], failures: [] });
    parentPort.on('message', () => { throw new Error('out of memory'); });`;
  const startThread = () => new Worker(code, { eval: true });
  const log = new RecordingLog();
  const files = new FileThread({ log, worthAThread: 1, startThread });
  const file = { path: join(folder, 'a'), bytes: 'x', durable: true };
  await files.put(file);
  while (!files.isAtWork) await setImmediate();
  await t.rejects(files.put(file), { message: 'out of memory' });
  writeFileSync(file.path, 'damaged');
  await files.put(file);
  t.equal(readFileSync(file.path, 'utf8'), 'x', 'the next one is written directly');
  await files.close();
  t.match(log.lines, [{ level: 'error', fields: { err: { message: 'out of memory' } } }]);
  t.equal(log.lines.length, 1, 'its end is no second fault');
});

t.test('a thread that is over keeps nobody waiting, whatever it said last', async (t) => {
  const folder = testFolder(t);
  mkdirSync(folder, { recursive: true });
  const ends = [
    `parentPort.postMessage({ done: [first], failures: [] }); throw new Error('broken');`,
    `parentPort.postMessage({ done: [], failures: [] }); throw new Error('broken');`,
    `process.exit();`,
  ];
  for (const [number, end] of ends.entries()) {
    const code = `
      const { parentPort } = require('node:worker_threads');
      parentPort.postMessage({ done: [], failures: [] });
      parentPort.on('message', ({ first }) => { ${end} });`;
    let running = 0;
    const startThread = () => {
      running += 1;
      return new Worker(code, { eval: true }).on('exit', () => (running -= 1));
    };
    const files = new FileThread({ log: new RecordingLog(), worthAThread: 1, startThread });
    const file = { path: join(folder, `${number}`), bytes: 'x', durable: true };
    await files.put(file);
    while (!files.isAtWork) await setImmediate();
    await files.put(file).catch(() => undefined);
    while (running > 0) await setImmediate();
    t.notOk(files.isAtWork);
    await files.put({ ...file, bytes: 'later' });
    t.equal(readFileSync(file.path, 'utf8'), 'later');
    await files.close();
  }
});

t.test('files are written where no thread can be had', async (t) => {
  const folder = testFolder(t);
  mkdirSync(folder, { recursive: true });
  const startThread = () => {
    throw new Error('resource temporarily unavailable');
  };
  const log = new RecordingLog();
  const files = new FileThread({ log, worthAThread: 2, startThread });
  for (const name of ['a', 'b', 'c']) {
    await files.put({ path: join(folder, name), bytes: name, durable: true });
    await files.append({ path: join(folder, name), bytes: '!', isNew: false });
    t.equal(readFileSync(join(folder, name), 'utf8'), `${name}!`);
  }
  await files.close();
  t.match(log.lines, [{ level: 'warn', message: /no thread/ }]);
});

t.test(
  'what the thread calls done survives a power loss',
  needs(['strace', 'strace']),
  async (t) => {
    const folder = testFolder(t);
    const data = join(folder, 'data');
    mkdirSync(data, { recursive: true });
    const trace = join(folder, 'trace');
    const script = new URL('../fixtures/write-files.ts', import.meta.url).pathname;
    const calls = 'openat,write,writev,pwrite64,fsync,fdatasync,/^(rename|unlink|mkdir)';
    const strace = ['-f', '-y', '-s', '100', '-e', `trace=${calls}`, '-o', trace];
    execFileSync('strace', [...strace, process.execPath, '--import=tsx', script, data]);
    const power = new PowerLoss();
    const moments: string[] = [];
    for (const call of readTrace(readFileSync(trace, 'utf8')).sort((a, b) => a.end - b.end)) {
      power.see(call);
      const said = isWrite(call) ? /"(\w+ (?:is|are) safe)/.exec(call.args)?.[1] : undefined;
      if (said === undefined) continue;
      moments.push(said);
      t.same(
        power.lost().filter((path) => path.startsWith(data)),
        [],
        said,
      );
    }
    const safe = ['whole is safe', 'lines are safe', 'large is safe', 'deep is safe'];
    t.same(moments, [...safe, 'beside is safe']);
    t.same(
      power.tooEarly.filter((path) => path.startsWith(data)),
      [],
    );
  },
);
