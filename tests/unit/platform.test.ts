import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { inParallel } from '../../services/adapters/in-parallel.ts';
import { toldToStop } from '../../services/cli/told-to-stop.ts';
import { openDocument } from '../../services/platform/document.ts';
import type { DocumentFormat } from '../../services/platform/durable-json-adapter.ts';
import {
  makeFolder,
  removeDurably,
  sweepTemporaries,
  temporaryPath,
  writeDurably,
} from '../../services/platform/durable-file.ts';
import { lockFolder } from '../../services/platform/folder-lock.ts';
import { listen } from '../../services/platform/http-server.ts';
import { startOnFolder } from '../../services/platform/running-service.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { needs } from '../fixtures/tool.ts';

interface Numbers {
  readonly numbers: readonly number[];
}

const NONE: Numbers = { numbers: [] };

function format(onPrint: () => void = () => {}): DocumentFormat<Numbers> {
  return {
    parse(raw) {
      if (typeof raw === 'object' && raw !== null && 'numbers' in raw && Array.isArray(raw.numbers))
        return { numbers: raw.numbers.map(Number) };
      throw new Error('no numbers');
    },
    print(value) {
      onPrint();
      return value;
    },
  };
}

const adding =
  (number: number) =>
  (data: Numbers): Numbers => ({ numbers: [...data.numbers, number] });

function onDisk(path: string): readonly number[] {
  return format().parse(JSON.parse(readFileSync(path, 'utf8'))).numbers;
}

t.test('durable files', async (t) => {
  const folder = t.testdir();
  await makeFolder(join(folder, 'a/b/c'));
  await makeFolder(join(folder, 'a/b/c'));
  const path = join(folder, 'a/b/c/file');

  await writeDurably(path, 'one', { mode: 0o600 });
  await writeDurably(path, new Uint8Array([116, 119, 111]));
  t.equal(readFileSync(path, 'utf8'), 'two');
  t.strictSame(readdirSync(join(folder, 'a/b/c')), ['file'], 'leaves no temporary file');

  mkdirSync(join(folder, 'taken'));
  await t.rejects(writeDurably(join(folder, 'taken'), 'x'), 'a name that is a folder');
  t.strictSame(readdirSync(folder).sort(), ['a', 'taken'], 'a failed write leaves nothing');

  writeFileSync(temporaryPath(folder), 'left over');
  writeFileSync(temporaryPath(join(folder, 'a/b')), 'left over');
  t.equal(await sweepTemporaries(folder), 2);
  t.equal(readFileSync(path, 'utf8'), 'two', 'the sweep spares everything else');

  await removeDurably(path);
  await removeDurably(path);
  t.notOk(existsSync(path));
});

t.test('a data folder that cannot be is refused, naming it', async (t) => {
  const file = join(t.testdir({ file: '' }), 'file');
  // The kernel says of any name in /proc that its parent is missing.
  for (const folder of [file, join(file, 'data'), '/proc/data', '/proc/data/of/us']) {
    const never = startOnFolder(folder, () => Promise.reject(new Error('never')));
    await t.rejects(never, { code: 'DATA_FOLDER_UNFIT', message: new RegExp(folder) });
  }
});

t.test('documents coalesce their writes, and acknowledge only what is on disk', async (t) => {
  const path = join(t.testdir(), 'numbers.json');
  let writes = 0;
  const document = await openDocument(
    path,
    format(() => (writes += 1)),
    NONE,
  );
  t.notOk(document.present);

  const expected = Array.from({ length: 100 }, (_, index) => index);
  await Promise.all(
    expected.map(async (number) => {
      const promise = document.change(adding(number));
      t.equal(document.data.numbers.at(-1), number, 'visible at once');
      await promise;
      t.ok(onDisk(path).includes(number), 'durable when it resolves');
    }),
  );
  t.strictSame(onDisk(path), expected, 'in order');
  t.equal(writes, 1, 'changes of one tick ride in one write');

  const first = document.change(adding(100));
  await Promise.resolve();
  await Promise.resolve();
  const later = [document.change(adding(101)), document.change(adding(102))];
  await first;
  t.equal(document.data.numbers.length, 103);
  await Promise.all(later);
  t.equal(writes, 3, 'changes during a write ride together in the next one');

  document.changeSoon(adding(103));
  await document.change((data) => data);
  t.equal(onDisk(path).at(-1), 103, 'an answer that rests on a soon change waits for it');
  document.changeSoon(adding(104));
  t.equal(onDisk(path).at(-1), 103);
  await document.flush();
  t.equal(onDisk(path).at(-1), 104);
  const before = writes;
  await document.flush();
  await document.change((data) => data);
  t.equal(writes, before, 'nothing to write, nothing written');

  const pending = document.change(adding(105));
  const observed = document.change((data) => data);
  await observed;
  t.equal(onDisk(path).at(-1), 105, 'a decision that changes nothing waits for what it saw');
  await pending;
  const written = document.change(adding(106));
  await Promise.resolve();
  await Promise.resolve();
  const counted = writes;
  await document.change((data) => data);
  t.equal(onDisk(path).at(-1), 106, 'also when that is being written');
  t.equal(writes, counted, 'without another write');
  await written;

  const again = await openDocument(path, format(), NONE);
  t.strictSame(again.data, document.data, 'read back');
  await t.rejects(
    again.change(() => {
      throw new Error('refused');
    }),
    { message: 'refused' },
  );

  const removal = document.remove();
  const revived = document.change(adding(7));
  await Promise.all([removal, revived]);
  t.strictSame(onDisk(path), [7], 'changed after its removal, in one write');
  await document.remove();
  t.notOk(existsSync(path));
  t.strictSame(document.data, NONE);

  writeFileSync(path, '{"numbers": 3}');
  await t.rejects(openDocument(path, format(), NONE), { message: /numbers\.json: no numbers/ });
  writeFileSync(path, '{"numbers": [');
  await t.rejects(openDocument(path, format(), NONE), { message: /numbers\.json: .*JSON/ });
});

t.test('a document on a failing disk', async (t) => {
  const path = join(t.testdir(), 'numbers.json');
  const document = await openDocument(path, format(), NONE);
  // A folder under its name is a disk that refuses the rename, and lets go of it again.
  mkdirSync(path);
  document.changeSoon(adding(1));
  const refused = [document.change(adding(2)), document.change(adding(3))];
  const results = Promise.allSettled(refused);
  await Promise.resolve();
  await Promise.resolve();
  const meanwhile = document.change(adding(4));
  const impossible = document.change((data) => {
    if (!data.numbers.includes(2)) throw new Error('needs the two');
    return adding(5)(data);
  });
  const outcome = t.rejects(impossible, { message: 'needs the two' });
  await t.rejects(Promise.all(refused), { code: /EISDIR|ENOTEMPTY|EEXIST/ });
  rmdirSync(path);
  t.strictSame(document.data.numbers, [1, 4], 'its changes are taken back, later ones stand');
  t.same(
    (await results).map((result) => result.status),
    ['rejected', 'rejected'],
  );
  await outcome;
  await meanwhile;
  t.strictSame(onDisk(path), [1, 4], 'the next write tries again');

  mkdirSync(join(path, '../other'));
  const other = await openDocument(join(path, '../other/x.json'), format(), NONE);
  await other.change(adding(1));
  rmSync(join(path, '../other'), { recursive: true });
  await t.rejects(other.change(adding(2)), { code: 'ENOENT' });
  t.strictSame(other.data.numbers, [1]);
  mkdirSync(join(path, '../other'));
  await other.flush();
  t.strictSame(
    onDisk(join(path, '../other/x.json')),
    [1],
    'flush settles what a failure left open',
  );
});

const HOLDER = fileURLToPath(new URL('../fixtures/hold-lock.ts', import.meta.url));

/** A real second process that has, or failed to get, the lock. */
async function holder(folder: string): Promise<{ process: ChildProcess; locked: boolean }> {
  const child = spawn(process.execPath, ['--import=tsx', HOLDER, folder], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const locked = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    once(child, 'exit').then(() => false),
  ]);
  return { process: child, locked };
}

t.test('one process per data folder', needs(['flock', 'util-linux']), async (t) => {
  const folder = t.testdir();
  const first = await holder(folder);
  t.teardown(() => first.process.kill('SIGKILL'));
  t.ok(first.locked);

  await t.rejects(lockFolder(folder), { code: 'DATA_LOCKED', message: new RegExp(folder) });
  t.notOk((await holder(folder)).locked, 'a second process is refused');

  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  const mine = await lockFolder(folder);
  t.notOk((await holder(folder)).locked, 'after kill -9 it was free, and is ours');
  await t.rejects(lockFolder(folder), { code: 'DATA_LOCKED' }, 'also within one process');

  mine.release();
  const last = await holder(folder);
  t.ok(last.locked, 'released');
  last.process.stdin?.end();
  t.strictSame(await once(last.process, 'exit'), [0, null], 'the lock keeps no process alive');
  await t.rejects(lockFolder(join(folder, 'missing')), { code: 'ENOENT' });
});

t.test('a server that stops waits for requests, not for connections without one', async (t) => {
  const answers: Array<() => void> = [];
  const server = await listen((_, response) => answers.push(() => response.end('answered')), {
    host: '127.0.0.1',
    port: 0,
  });
  const { hostname, port } = new URL(server.url);
  const ahead = connect(Number(port), hostname).resume();
  await once(ahead, 'connect');
  const asked = fetch(server.url);
  while (answers.length === 0) await new Promise(setImmediate);
  const stopped = server.stop(600_000);
  await once(ahead, 'close');
  for (const answer of answers) answer();
  t.equal(await (await asked).text(), 'answered');
  await stopped;
});

t.test('an address that cannot be listened on: which one, why, and what to do', async (t) => {
  const server = await listen(() => undefined, { host: '127.0.0.1', port: 0 });
  t.teardown(() => server.stop(0));
  const port = Number(new URL(server.url).port);
  await t.rejects(
    listen(() => undefined, { host: '127.0.0.1', port }),
    {
      message: `cannot listen on 127.0.0.1:${port}: the address is in use`,
      advice: /chacra\.listen, shaman\.listen, agents\.listen/,
    },
  );
});

t.test('a signal that comes once more at once is the same; a later one ends', async (t) => {
  const clock = new ManualClock();
  const before = process.listenerCount('SIGUSR2');
  const told = toldToStop(['SIGUSR2'], clock);
  // In the place of the system, which would end the process where nobody listens.
  let heard = 0;
  const end = () => (heard += 1);
  process.on('SIGUSR2', end);
  t.teardown(() => process.off('SIGUSR2', end));
  const send = async (until: number) => {
    process.kill(process.pid, 'SIGUSR2');
    while (heard < until) await new Promise(setImmediate);
  };
  await send(1);
  t.equal(await told, 'SIGUSR2');
  await send(2);
  t.equal(process.listenerCount('SIGUSR2'), before + 2, 'still listened to');
  clock.advance(1000);
  await send(4);
  t.equal(heard, 4, 'once from here, and once passed on to the system');
  t.equal(process.listenerCount('SIGUSR2'), before + 1);
});

t.test('what is done in parallel has come to its end when a failure of it is told', async (t) => {
  const ended: string[] = [];
  const work = async (name: string) => {
    if (name === 'broken') throw new Error('the disk is full');
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    ended.push(name);
  };
  await t.rejects(inParallel(['slow', 'broken', 'never begun'], 2, work), /the disk is full/);
  t.strictSame(ended, ['slow']);
});
