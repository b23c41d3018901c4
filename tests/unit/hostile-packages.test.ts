import t from 'tap';
import type { Test } from 'tap';
import { GitbuilderError } from '../../services/domain/errors.ts';
import type { PackageHeader } from '../../services/domain/package-header.ts';
import { writeAr } from '../../services/formats/deb-writer.ts';
import { tapFor } from '../../services/formats/tap-for.ts';
import { writeRpm } from '../../services/formats/rpm-writer.ts';
import type { RpmInput } from '../../services/formats/rpm-writer.ts';
import { writeTar } from '../../services/formats/tar-writer.ts';

/** What takes longer grows with the square of its length: one small upload would stop the node for an hour. */
const MOST_MILLISECONDS = 3000;
const CONTROL = 'Package: hello\nVersion: 1.0-1\nArchitecture: amd64\n';

async function read(name: string, bytes: Uint8Array): Promise<PackageHeader> {
  const tap = tapFor(name);
  if (tap === null) throw new Error(`${name} has no tap`);
  tap.write(bytes);
  return tap.end();
}

async function refusal(name: string, bytes: Uint8Array): Promise<string> {
  try {
    await read(name, bytes);
  } catch (error) {
    if (error instanceof GitbuilderError) return `${error.code} ${error.message}`;
    throw error;
  }
  throw new Error(`${name} was accepted`);
}

function debOf(entries: readonly (readonly [path: string, content: string])[]): Uint8Array {
  const files = entries.map(([path, content]) => {
    return { path, mode: 0o644, content: Buffer.from(content) };
  });
  return writeAr(
    [
      ['debian-binary', Buffer.from('2.0\n')],
      ['control.tar', writeTar(files, 0)],
      ['data.tar', writeTar([], 0)],
    ],
    0,
  );
}

function rpmOf(changes: Partial<RpmInput>): Uint8Array {
  const hello = { name: 'hello', version: '1.0', release: '1', arch: 'noarch', summary: 'hello' };
  return writeRpm({ ...hello, files: [], buildTime: 1_700_000_000, ...changes });
}

async function inTime(t: Test, work: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  await work();
  t.ok(performance.now() - started < MOST_MILLISECONDS, 'in linear time');
}

t.test('long stretches of blanks are read in no time', async (t) => {
  const blanks = ' '.repeat(100_000);
  await inTime(t, async () => {
    const description = `Description: a${blanks}b${blanks}\n`;
    const header = await read('hello.deb', debOf([['./control', CONTROL + description]]));
    t.match(header, { stanza: new RegExp(`\nDescription: a {100000}b\n$`) });
  });
  await inTime(t, async () => {
    const field = `Descri${blanks}ption: a\n`;
    t.match(await refusal('hello.deb', debOf([['./control', CONTROL + field]])), /is no field/);
  });
  await inTime(t, async () => {
    const changelog = [{ time: 1, author: `a${blanks}b  `, text: '- first' }];
    const header = await read('hello.rpm', rpmOf({ changelog }));
    t.match(header, { other: /author="a {100000}b" / });
  });
});

t.test('a file name of any length in a control archive is read', async (t) => {
  const long = `${'./'.repeat(6_000_000)}x`;
  const bytes = debOf([[long, 'content']]);
  t.match(await refusal('hello.deb', bytes), /^PACKAGE_MALFORMED .*no file control/);
});

t.test('what no XML can hold is in no word that the indices need', async (t) => {
  for (const word of ['name', 'version', 'release'] as const) {
    const reason = await refusal('hello.rpm', rpmOf({ [word]: '1\ufffe' }));
    t.match(reason, new RegExp(`^PACKAGE_MALFORMED .*its ${word} cannot be`));
  }
});

t.test('headers with millions of values are refused before they take the memory', async (t) => {
  const values = Array.from({ length: 200_000 }, () => ({ name: 'a' }));
  const reason = await refusal('hello.rpm', rpmOf({ conflicts: values, obsoletes: values }));
  t.match(reason, /^PACKAGE_MALFORMED .* more than 1048576/);
});
