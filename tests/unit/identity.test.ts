import fc from 'fast-check';
import t from 'tap';
import { GitbuilderError } from '../../services/domain/errors.ts';
import { encodeSegment, parseIdentity, repoPath } from '../../services/domain/identity.ts';
import type { RepoIdentity } from '../../services/domain/identity.ts';
import { parseBinaryName, parseRef, parseWord, utf8Length } from '../../services/domain/names.ts';
import { someIdentity } from '../fixtures/some-repo.ts';

const word = (value: string): string => parseWord('sha1', value);

/** Why a name is refused; null when it is taken as it is. */
function refusal(parse: (value: string) => string, value: string): string | null {
  try {
    const taken = parse(value);
    if (taken !== value) throw new Error(`changed to ${taken}`);
    return null;
  } catch (error) {
    if (error instanceof GitbuilderError && error.code === 'NAME_INVALID') return error.message;
    throw error;
  }
}

t.test('what is a word, a ref and a file name, and why not', (t) => {
  const long = 'x'.repeat(256);
  const rows: [value: string, word: RegExp | null, ref: RegExp | null, name: RegExp | null][] = [
    ['main', null, null, null],
    ['24.04', null, null, null],
    ['x'.repeat(255), null, null, null],
    ['.hidden', null, null, null],
    ['...', null, null, null],
    ['1.0+dfsg~rc1,2@x', null, null, null],
    ['ünïcödé-日本語', null, null, null],
    ['wip/a', /separator/, null, /separator/],
    ['wip/a/b', /separator/, null, /separator/],
    ['', /empty/, /empty/, /empty/],
    ['.', /leave its folder/, /leave its folder/, /leave its folder/],
    ['..', /leave its folder/, /leave its folder/, /leave its folder/],
    ['../etc/passwd', /separator/, /leave its folder/, /separator/],
    ['a/../b', /separator/, /leave its folder/, /separator/],
    ['/etc/passwd', /separator/, /empty/, /separator/],
    ['a//b', /separator/, /empty/, /separator/],
    ['a/', /separator/, /empty/, /separator/],
    ['a\\..\\b', /separator/, /separator/, /separator/],
    ['a\0b', /control/, /control/, /control/],
    ['a\nb', /control/, /control/, /control/],
    ['a\x7fb', /control/, /control/, /control/],
    ['a\ud800b', /UTF-8/, /UTF-8/, /UTF-8/],
    [long, /255 bytes/, /255 bytes/, /255 bytes/],
    ['ü'.repeat(128), /255 bytes/, /255 bytes/, /255 bytes/],
    ['a b', /blank/, /blank/, null],
    ['a\u00a0b', /blank/, /blank/, null],
    ['a%2fb', /quoting/, /quoting/, null],
    ['a"b', /quoting/, /quoting/, null],
    ['<script>', /quoting/, /quoting/, null],
    ['[a]', /quoting/, /quoting/, null],
    ['a?b', /quoting/, /quoting/, null],
    ['flavors', null, null, /reserved/],
  ];
  for (const [value, ...expected] of rows) {
    const shown = JSON.stringify(value.slice(0, 20));
    for (const [index, parse] of [word, parseRef, parseBinaryName].entries()) {
      const reason = refusal(parse, value);
      const wanted = expected[index] ?? null;
      if (wanted === null) t.equal(reason, null, `${parse.name} ${shown}`);
      else t.match(reason, wanted, `${parse.name} ${shown}`);
    }
  }
  t.ok(
    (refusal(word, long.repeat(1000)) ?? '').length < 200,
    'a refusal is not as long as the name',
  );
  t.notMatch(refusal(word, 'a\nSet-Cookie: b'), '\n', 'nor does it carry line breaks');
  t.end();
});

/** Names as an attacker and as people abroad write them. */
const anyName = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc
    .array(
      fc.constantFrom(
        '..',
        '.',
        '/',
        '\\',
        '\0',
        '%2e',
        '%2f',
        'a',
        'é',
        ' ',
        '\u2028',
        '\ud800',
        'flavors',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
);

t.test('nothing that is taken leaves its folder or its line', (t) => {
  const law = fc.property(anyName, (value) => {
    const isName = refusal(parseBinaryName, value) === null;
    const isWord = refusal(word, value) === null;
    const isRef = refusal(parseRef, value) === null;
    if (isWord && !isRef) return false;
    if (isRef && value.split('/').some((part) => refusal(word, part) !== null)) return false;
    if (!isName && !isRef) return true;
    const url = new URL(`http://x/r/${encodeSegment(value)}/end`);
    const segments = url.pathname.split('/').map(decodeURIComponent);
    const isSafe =
      Buffer.from(value).toString() === value &&
      utf8Length(value) <= 255 &&
      ![...value].some((letter) => letter < ' ' || letter === '\x7f' || letter === '\\') &&
      !value.split('/').some((part) => ['', '.', '..'].includes(part)) &&
      // One segment of a URL, which gives the same name back: no dots or slashes act on the way.
      segments.length === 4 &&
      segments[2] === value;
    // Words stand unquoted in lines such as "deb URL suite main".
    return isSafe && (!isWord || `deb x ${value} main`.split(/\s+/).length === 4);
  });
  t.doesNotThrow(() => fc.assert(law, { numRuns: 3000 }));
  t.end();
});

const someWord = fc
  .oneof(fc.constantFrom('a', 'flavors', 'a+b', 'é'), anyName)
  .filter((value) => refusal(word, value) === null);
const someRef = fc
  .array(someWord, { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'))
  .filter((value) => refusal(parseRef, value) === null);
const identity: fc.Arbitrary<RepoIdentity> = fc.record({
  project: someWord,
  ref: someRef,
  sha1: someWord,
  distro: someWord,
  distroVersion: someWord,
  flavor: someWord,
});

t.test('an identity is its path: two are one only when every part is', (t) => {
  t.equal(
    repoPath({ ...someIdentity(), ref: 'wip/é+1', sha1: 'a:b@c,d', flavor: 'crimson' }),
    'ceph/wip%2F%C3%A9+1/a:b@c,d/ubuntu/noble/flavors/crimson',
  );
  const law = fc.property(identity, identity, (one, other) => {
    const path = repoPath(one);
    const parts = path.split('/');
    const isSame = Object.entries(one).every(
      ([key, value]) => value === Object.entries(other).find(([name]) => name === key)?.[1],
    );
    const again = {
      project: decodeURIComponent(parts[0] ?? ''),
      ref: decodeURIComponent(parts[1] ?? ''),
      sha1: decodeURIComponent(parts[2] ?? ''),
      distro: decodeURIComponent(parts[3] ?? ''),
      distroVersion: decodeURIComponent(parts[4] ?? ''),
      flavor: decodeURIComponent(parts[6] ?? ''),
    };
    return (
      parts.length === 7 &&
      repoPath(parseIdentity(again)) === path &&
      JSON.stringify(again) === JSON.stringify(one) &&
      (path === repoPath(other)) === isSame
    );
  });
  t.doesNotThrow(() => fc.assert(law, { numRuns: 500 }));
  for (const part of ['project', 'ref', 'sha1', 'distro', 'distroVersion', 'flavor'] as const) {
    const raw = { ...someIdentity(), [part]: '..' };
    const what = part === 'distroVersion' ? 'distro version' : part;
    t.throws(
      () => parseIdentity(raw),
      { code: 'NAME_INVALID', fields: { what }, status: 400 },
      part,
    );
  }
  t.end();
});

t.test('an error says its fields, and shows a gap rather than hide one', (t) => {
  const error = new GitbuilderError('FORBIDDEN', { user: 'ci {scope}', scope: 'admin' });
  t.equal(error.message, 'user ci {scope} lacks the scope admin', 'fields are not filled again');
  t.match(error.advice, /gitbuilder key user NAME --scope admin/);
  t.equal(error.status, 403);
  t.match(new GitbuilderError('FORBIDDEN').message, '{user}');
  t.end();
});
