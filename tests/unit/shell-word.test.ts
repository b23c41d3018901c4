import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { shellWord, shellWords } from '../../node-agent/rules/shell-word.ts';
import { needs } from '../fixtures/tool.ts';

const SHELLS: Array<[name: string, command: string[], broughtBy: string]> = [
  ['dash', ['dash'], 'dash'],
  ['busybox', ['busybox', 'ash'], 'busybox'],
];

/** What a shell may trip over, mixed into any other text. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom("'", '"', '\\', '$', '`', '$(false)', '${x', '\n', '\r', ' ', '*', '~', '#'),
      fc.constantFrom('!', '-', '--', '=', ';', '&', '|', '<', '>', '(', '{', '[', '%s', '\\0'),
      fc.string({ unit: 'grapheme' }),
    ),
  )
  .map((parts) => parts.join('').replaceAll('\0', ''));

for (const [name, [command = '', ...args], broughtBy] of SHELLS) {
  t.test(
    `a word stands for exactly its text in ${name}`,
    needs([command, broughtBy]),
    async (t) => {
      fc.assert(
        fc.property(fc.array(hostile, { minLength: 1, maxLength: 40 }), (texts) => {
          const input = `printf '%s\\0' ${shellWords(texts)}\n`;
          const { stdout } = spawnSync(command, args, { input, encoding: 'utf8' });
          return stdout === texts.map((text) => `${text}\0`).join('');
        }),
        { numRuns: 60 },
      );
      t.pass();
    },
  );
}

t.test('plain words stay readable, and a NUL is no text for a shell', async (t) => {
  t.equal(shellWord('/usr/bin/java'), '/usr/bin/java');
  t.equal(shellWord(''), "''");
  t.equal(shellWord("it's"), `'it'\\''s'`);
  t.throws(() => shellWord('a\0b'), RangeError);
});
