import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import t from 'tap';
import {
  compareDpkgVersions,
  isDpkgVersion,
  withoutEpoch,
} from '../../services/formats/dpkg-version.ts';
import { needs } from '../fixtures/tool.ts';

const ROUNDS = 400;

const number = fc.oneof(
  fc.nat({ max: 30 }).map(String),
  fc.constantFrom('0', '00', '007', '10', '20260101', '99999999999999999999'),
);
const word = fc.constantFrom(
  '~',
  '~~',
  '.',
  '+',
  'a',
  'B',
  'rc',
  '~rc',
  '+dfsg',
  '~bpo',
  'z.',
  '-',
  '',
);
const part = fc
  .array(fc.tuple(word, number), { maxLength: 4 })
  .map((pieces) => pieces.map(([text, digits]) => text + digits).join(''));
const version = fc
  .tuple(
    fc.constantFrom('', '', '0:', '1:', '01:', '2:'),
    number,
    part,
    fc.constantFrom('', '', '-'),
    number,
    part,
  )
  .map(([epoch, start, upstream, dash, revision, more]) => {
    return dash === ''
      ? epoch + start + upstream
      : `${epoch}${start}${upstream}-${revision}${more}`;
  });
/** Near misses: two versions that have most of their text in common. */
const pair = fc.oneof(
  fc.tuple(version, version),
  fc.tuple(version, word, number).map(([v, text, digits]) => [v, v + text + digits] as const),
  fc
    .tuple(version, word, word, number)
    .map(([v, one, other, digits]) => [v + one + digits, v + other + digits] as const),
  version.map((v) => [v, v.replace(/\d/, '0$&')] as const),
);

/** What one shell, asked about many things at once, answers for each: a line of text. */
function ask(script: string, lines: readonly string[]): string[] {
  const input = lines.map((line) => `${line}\n`).join('');
  return execFileSync('sh', ['-c', script], { input, encoding: 'utf8', stdio: 'pipe' })
    .trimEnd()
    .split('\n');
}

t.test('versions are ordered as dpkg orders them', needs(['dpkg', 'dpkg']), async (t) => {
  const pairs = fc.sample(pair, ROUNDS);
  const answers = ask(
    `while read -r a b; do
       if dpkg --compare-versions "$a" lt "$b"; then echo -1
       elif dpkg --compare-versions "$a" eq "$b"; then echo 0
       else echo 1; fi
     done`,
    pairs.map(([a, b]) => `${a} ${b}`),
  );
  t.equal(answers.length, pairs.length);
  for (const [index, [a, b]] of pairs.entries()) {
    const theirs = Number(answers[index]);
    if (Math.sign(compareDpkgVersions(a, b)) !== theirs) t.equal(`${a} ? ${b}`, theirs);
    if (Math.sign(compareDpkgVersions(b, a)) !== -theirs) t.equal(`${b} ? ${a}`, -theirs);
  }
  t.ok(new Set(answers).size === 3, 'every outcome was among them');
});

t.test('versions are valid when dpkg says so', needs(['dpkg', 'dpkg']), async (t) => {
  const odd = fc
    .array(fc.constantFrom('1', '0', 'a', '.', '-', '~', '+', ':', '_', '/', 'é', '2147483648'), {
      minLength: 1,
      maxLength: 6,
    })
    .map((pieces) => pieces.join(''));
  // dpkg reads a sign before an epoch, which the policy manual does not know; so do not we.
  const versions = fc
    .sample(fc.oneof(odd, version), ROUNDS)
    .filter((sampled) => !/^[+-]\d*:/.test(sampled));
  const answers = ask(
    'while read -r v; do if dpkg --validate-version -- "$v" 2>&-; then echo true; else echo false; fi; done',
    versions,
  );
  t.equal(answers.length, versions.length);
  for (const [index, v] of versions.entries()) {
    if (String(isDpkgVersion(v)) !== answers[index]) t.equal(v, `valid: ${answers[index] ?? ''}`);
  }
  t.ok(new Set(answers).size === 2, 'both kinds were among them');
});

t.test('what would break a path or a line is no version', async (t) => {
  for (const v of [
    '',
    '1/2',
    '1 2',
    '1\n2',
    '1\n',
    '../1',
    '1-',
    '-1',
    ':1',
    '1:',
    'a1',
    '1:a',
    '1.:1',
    '1_2',
  ]) {
    t.notOk(isDpkgVersion(v), JSON.stringify(v));
  }
});

t.test('the order is one: any three versions agree', async (t) => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      const sorted = [a, b, c].sort(compareDpkgVersions);
      return compareDpkgVersions(sorted[0] ?? '', sorted[2] ?? '') <= 0;
    }),
  );
  t.equal(withoutEpoch('1:2.3-4'), '2.3-4');
  t.equal(withoutEpoch('2.3-4'), '2.3-4');
});
