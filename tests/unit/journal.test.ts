import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { openJournal } from '../../services/platform/journal.ts';
import { needs } from '../fixtures/tool.ts';

async function entriesOf(path: string): Promise<readonly unknown[]> {
  return (await openJournal(path)).entries;
}

t.test('entries are kept in order, and those that wait together are one line', async (t) => {
  const path = join(t.testdir(), 'log');
  const { journal, entries } = await openJournal(path);
  t.strictSame(entries, []);
  t.notOk(existsSync(path), 'opening makes no file');
  await journal.reset();
  t.notOk(existsSync(path));

  await Promise.all([1, 2, 3].map((n) => journal.append({ n })));
  t.equal(readFileSync(path, 'utf8'), '[{"n":1},{"n":2},{"n":3}]\n');
  const text = 'line\nbreak, ü, \u2028, \0';
  await journal.append({ text });
  t.equal(journal.count, 4);
  t.equal(journal.bytes, statSync(path).size);
  t.strictSame(await entriesOf(path), [{ n: 1 }, { n: 2 }, { n: 3 }, { text }]);

  const many = Array.from({ length: 200 }, (_, n) => ({ n }));
  await Promise.all(
    many.map(async (entry, index) => {
      // Every third one starts while a group is being written.
      if (index % 3 === 0) await Promise.resolve().then(() => undefined);
      await journal.append(entry);
      t.ok(readFileSync(path, 'utf8').includes(JSON.stringify(entry)), 'durable when it resolves');
    }),
  );
  t.ok(readFileSync(path, 'utf8').split('\n').length < 10, 'a few groups');
  t.equal(journal.count, 204);

  const reopened = (await openJournal(path)).journal;
  t.equal(reopened.count, 204);
  t.equal(reopened.bytes, journal.bytes);
});

t.test('a reset forgets what came before it, not what comes after', async (t) => {
  const path = join(t.testdir(), 'log');
  const { journal } = await openJournal(path);
  const done: string[] = [];
  await Promise.all([
    journal.append({ n: 1 }).then(() => done.push('1')),
    journal.reset().then(() => done.push('reset')),
    journal.append({ n: 2 }).then(() => done.push('2')),
    journal.append({ n: 3 }).then(() => done.push('3')),
  ]);
  t.strictSame(done, ['1', 'reset', '2', '3']);
  t.strictSame(await entriesOf(path), [{ n: 2 }, { n: 3 }]);
  t.equal(journal.count, 2);
  await journal.reset();
  t.strictSame([journal.count, journal.bytes, statSync(path).size], [0, 0, 0]);

  const last = journal.append({ n: 4 });
  await journal.close();
  t.equal(readFileSync(path, 'utf8'), '[{"n":4}]\n', 'close waits for what was asked');
  await last;
  await t.rejects(journal.append({ n: 5 }), { message: /log is closed/ });
});

t.test('a torn end is cut off, and nothing else is lost', async (t) => {
  const path = join(t.testdir(), 'log');
  const entry = fc.record({ text: fc.string({ unit: 'binary' }), n: fc.integer() });
  const group = fc.array(entry, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(group, { maxLength: 5 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom('', '\0', '\0\0\n', '[{"n":', '{}\n', '}\n'),
      async (groups, where, garbage) => {
        writeFileSync(path, '');
        const { journal } = await openJournal(path);
        const ends: number[] = [];
        for (const entries of groups) {
          await Promise.all(entries.map((one) => journal.append(one)));
          ends.push(journal.bytes);
        }
        const length = Math.round(where * journal.bytes);
        truncateSync(path, length);
        appendFileSync(path, garbage);

        const whole = groups.filter((_, index) => (ends[index] ?? 0) <= length).flat();
        const again = await openJournal(path);
        const extra = { text: 'after', n: 0 };
        await again.journal.append(extra);
        const last = await openJournal(path);
        return (
          same(again.entries, whole) &&
          same(last.entries, [...whole, extra]) &&
          last.journal.bytes === statSync(path).size
        );
      },
    ),
    { numRuns: 60 },
  );

  writeFileSync(path, '[1]\n[2\n[3]\n');
  await t.rejects(openJournal(path), { message: /log: line 2 is damaged/ }, 'not at the end');
  t.equal(readFileSync(path, 'utf8'), '[1]\n[2\n[3]\n', 'and left for whoever repairs it');
});

/** Compared as the JSON that is kept: it has no -0. */
function same(actual: unknown, expected: unknown): boolean {
  return JSON.stringify(actual) === JSON.stringify(expected);
}

t.test(
  'a disk that is full in the middle of a group',
  needs(['prlimit', 'util-linux']),
  async (t) => {
    const path = join(t.testdir(), 'log');
    const { journal } = await openJournal(path);
    await journal.append({ n: 1 });
    const before = journal.bytes;

    // The kernel takes the bytes up to the limit, then fails: as a full disk, but only for this process.
    const ignore = () => undefined;
    process.on('SIGXFSZ', ignore);
    limitFileSize(`${before + 1000}:unlimited`);
    try {
      const pad = 'x'.repeat(900);
      const results = await Promise.allSettled([2, 3].map((n) => journal.append({ n, pad })));
      for (const result of results)
        t.match(result, { status: 'rejected', reason: { code: 'EFBIG' } });
      t.equal(statSync(path).size, before, 'cut back to the last good byte');
      await journal.append({ n: 4 });
    } finally {
      limitFileSize('unlimited:unlimited');
      process.off('SIGXFSZ', ignore);
    }
    await journal.append({ n: 5 });
    t.strictSame(await entriesOf(path), [{ n: 1 }, { n: 4 }, { n: 5 }]);
    t.equal(journal.count, 3);
  },
);

function limitFileSize(limit: string): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${limit}`]);
}

t.test('a disk that cannot even cut back', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'log');
  const { journal } = await openJournal(path);
  await journal.append({ n: 1 });
  const before = journal.bytes;

  renameSync(path, join(folder, 'aside'));
  symlinkSync('/dev/full', path);
  await t.rejects(journal.append({ n: 2 }), { code: 'ENOSPC' });
  await t.rejects(journal.append({ n: 3 }), { code: 'EINVAL' }, 'nothing is written behind it');
  unlinkSync(path);
  renameSync(join(folder, 'aside'), path);
  appendFileSync(path, '[{"n":');
  await journal.append({ n: 4 });
  t.strictSame(await entriesOf(path), [{ n: 1 }, { n: 4 }], 'the next one cuts first');
  t.ok(journal.bytes > before);

  unlinkSync(path);
  mkdirSync(path);
  await t.rejects(journal.reset(), { code: 'EISDIR' });
  t.equal(journal.count, 2, 'a reset that failed changes nothing');
  rmdirSync(path);
  await t.rejects(
    openJournal(join(folder, 'log/x/y')).then(({ journal }) => journal.append({})),
    {
      code: 'ENOENT',
    },
  );
});
