import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { rpmvercmp } from '../../services/formats/rpm-version.ts';
import { needs } from '../fixtures/tool.ts';

const ROUNDS = 20_000;

/** Pieces that meet in versions, and what rpm takes for a separator. */
const piece = fc.oneof(
  fc.stringMatching(/^0{0,2}[0-9]{1,3}$/),
  fc.stringMatching(/^[a-zA-Z]{1,2}$/),
  fc.constantFrom('~', '^', '.', '..', '_', '+', 'é', 'rc', '20240131120000123456789'),
);
const version = fc.array(piece, { minLength: 1, maxLength: 7 }).map((pieces) => pieces.join(''));
/** Most pairs have a start in common. */
const pair = fc.oneof(
  fc.tuple(version, version),
  fc.tuple(version, version, version).map(([v, one, other]) => [v + one, v + other] as const),
  fc.tuple(version, version).map(([v, more]) => [v, v + more] as const),
  version.map((v) => [v, v.replace(/\d/, '0$&')] as const),
  version.map((v) => [v, v.replace(/[._+]/g, '-').replaceAll('-', '')] as const),
);

/** What rpm's own comparison says of each pair, asked in one process. */
function rpmSays(folder: string, pairs: readonly (readonly [string, string])[]): number[] {
  const script = join(folder, 'compare.lua');
  const lines = pairs.map(([a, b]) => `p(${JSON.stringify(a)},${JSON.stringify(b)})\n`);
  writeFileSync(
    script,
    `local function p(a, b) io.write(rpm.vercmp(a, b), '\\n') end\n${chunked(lines)}`,
  );
  const out = execFileSync('rpm', ['--eval', `%{lua:dofile("${script}")}`], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return out.trim().split('\n').map(Number);
}

/** A Lua function holds a limited number of constants. */
function chunked(lines: readonly string[]): string {
  const groups = Array.from({ length: Math.ceil(lines.length / 500) }, (_, index) =>
    lines.slice(index * 500, index * 500 + 500).join(''),
  );
  return groups.map((group) => `;(function()\n${group}end)()\n`).join('');
}

t.test('versions are ordered as rpm orders them', needs(['rpm', 'rpm']), async (t) => {
  const pairs = fc.sample(pair, ROUNDS);
  const answers = rpmSays(
    t.testdir(),
    pairs.map(([a, b]) => [`1:${a}-1`, `1:${b}-1`]),
  );
  t.equal(answers.length, pairs.length);
  const wrong = pairs.filter(([a, b], index) => {
    const theirs = answers[index] ?? 9;
    return Math.sign(rpmvercmp(a, b)) !== theirs || Math.sign(rpmvercmp(b, a)) + theirs !== 0;
  });
  t.strictSame(wrong.slice(0, 10), []);
  t.equal(new Set(answers).size, 3, 'every outcome was among them');
});

t.test('the order is one: any three versions agree', async () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      const sorted = [a, b, c].sort(rpmvercmp);
      return rpmvercmp(sorted[0] ?? '', sorted[2] ?? '') <= 0;
    }),
  );
});
