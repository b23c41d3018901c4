import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { GitbuilderError } from '../../services/domain/errors.ts';
import type { DebHeader, PackageHeader } from '../../services/domain/package-header.ts';
import {
  packagesStanza,
  poolFolder,
  poolName,
  releaseText,
  sourcesStanza,
} from '../../services/formats/apt-index.ts';
import { controlParagraphs } from '../../services/formats/control-paragraphs.ts';
import { writeAr, writeDeb } from '../../services/formats/deb-writer.ts';
import { tapFor } from '../../services/formats/tap-for.ts';
import { fileInTar, tarEntries } from '../../services/formats/tar.ts';
import { writeTar } from '../../services/formats/tar-writer.ts';
import { needs } from '../fixtures/tool.ts';

const CONTROL = 'Package: hello\nVersion: 1:2.0-1\nArchitecture: amd64\nDescription: says hello\n';
const MIB = 1024 * 1024;

async function read(name: string, bytes: Uint8Array, chunk = 65_536): Promise<PackageHeader> {
  const tap = tapFor(name);
  if (tap === null) throw new Error(`${name} has no tap`);
  for (let at = 0; at < bytes.length; at += chunk) {
    // The buffer is used again after each write, as sockets may: a tap keeps no view of it.
    const piece = Buffer.from(bytes.subarray(at, at + chunk));
    tap.write(piece);
    piece.fill(0xff);
  }
  return tap.end();
}

async function refusal(name: string, bytes: Uint8Array, chunk?: number): Promise<GitbuilderError> {
  try {
    await read(name, bytes, chunk);
  } catch (error) {
    if (error instanceof GitbuilderError) return error;
    throw error;
  }
  throw new Error(`${name} was accepted`);
}

function tarOf(control: string | Uint8Array, path = './control'): Uint8Array {
  return writeTar([{ path, mode: 0o644, content: Buffer.from(control) }], 0);
}

type Members = readonly (readonly [string, Uint8Array])[];
const VERSION = ['debian-binary', Buffer.from('2.0\n')] as const;
const DATA = ['data.tar', writeTar([], 0)] as const;
const GOOD = ['control.tar', tarOf(CONTROL)] as const;

/** A deb of the given members; by itself a whole one. */
function deb(members: Members = [VERSION, GOOD, DATA]): Uint8Array {
  return writeAr(members, 0);
}

function debWith(control: string): Uint8Array {
  return deb([VERSION, ['control.tar', tarOf(control)], DATA]);
}

function tool(command: string, args: readonly string[], input: Uint8Array): Buffer {
  return execFileSync(command, args, { input, stdio: 'pipe', maxBuffer: 64 * MIB });
}

t.test('a package is read in whatever pieces it arrives', async (t) => {
  const bytes = writeDeb({
    control: {
      Package: 'libhello1',
      Source: 'hello (2.0)',
      Version: '1:2.0-1',
      Architecture: 'all',
      Size: '1',
      Filename: '../../etc/passwd',
      Status: 'install ok installed',
      MD5sum: 'a',
      SHA1: 'b',
      sha256: 'c',
      SHA512: 'd',
      Description: 'says hello\n in ünïcode\n .\n  twice',
    },
    files: [{ path: `/usr/share/${'long/'.repeat(30)}hello`, mode: 0o644, content: 'odd' }],
    scripts: { postinst: '#!/bin/sh\nexit 0\n' },
    compression: 'gz',
    mtime: 1_700_000_000,
  });
  const expected: DebHeader = {
    kind: 'deb',
    package: 'libhello1',
    version: '1:2.0-1',
    architecture: 'all',
    source: 'hello',
    stanza:
      'Package: libhello1\nSource: hello (2.0)\nVersion: 1:2.0-1\nArchitecture: all\n' +
      'Description: says hello\n in ünïcode\n .\n  twice\n',
  };
  t.strictSame(await read('libhello1.deb', bytes, 1), expected);
  t.strictSame(await read('libhello1.ddeb', bytes, MIB), expected);
  const cuts = fc.array(fc.nat({ max: bytes.length }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(cuts, async (cut) => {
      const tap = tapFor('x.udeb');
      const places = [0, ...cut.sort((a, b) => a - b), bytes.length];
      for (const [index, at] of places.entries()) {
        tap?.write(bytes.subarray(at, places[index + 1] ?? at));
      }
      t.strictSame(await tap?.end(), expected);
    }),
    { numRuns: 50 },
  );
});

t.test('other names have no tap', async (t) => {
  for (const name of ['a.changes', 'a.tar.gz', 'a.buildinfo', 'deb', 'a.deb.asc', 'a.dsc.xz', '']) {
    t.equal(tapFor(name), null, name);
  }
  for (const name of ['a.rpm', 'a.src.rpm', 'a.dsc', 'a.udeb']) t.ok(tapFor(name), name);
});

t.test('a package that lacks a byte anywhere is refused, and so is one with more', async (t) => {
  const bytes = writeDeb({
    control: { Package: 'hello', Version: '1', Architecture: 'all', Description: 'x' },
    files: [{ path: 'etc/hello', mode: 0o644, content: 'x' }],
    compression: 'gz',
    mtime: 0,
  });
  t.ok(await read('a.deb', bytes));
  for (let length = 0; length < bytes.length; length += 1) {
    const { code, status } = await refusal('a.deb', bytes.subarray(0, length), 100);
    if (code !== 'PACKAGE_MALFORMED' || status !== 422) t.fail(`${length}: ${code}`);
  }
  const more = await refusal('a.deb', Buffer.concat([bytes, Buffer.from('\n')]));
  t.match(more.message, /cut off in the header of an ar member/);
});

const OVER = Buffer.alloc(16 * MIB + 512);
/** 1 GiB of zeros in 64 gzip members. */
const GZIP_BOMB = Buffer.concat(Array<Buffer>(64).fill(gzipSync(Buffer.alloc(16 * MIB))));

const MALFORMED: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['nothing', Buffer.alloc(0), /it is empty/],
  ['text', Buffer.from('hello, I am not a package'), /it is not an ar archive/],
  ['ar alone', deb([]), /an ar archive without members/],
  ['no debian-binary', deb([GOOD, DATA]), /"control.tar" stands where debian-binary belongs/],
  ['format 3', deb([['debian-binary', Buffer.from('3.0\n')], GOOD, DATA]), /version is "3.0\\n"/],
  ['long debian-binary', deb([['debian-binary', Buffer.alloc(65)]]), /debian-binary is too long/],
  ['no control', deb([VERSION, DATA]), /"data.tar" stands where control.tar/],
  ['old control', deb([VERSION, ['control.tar.lzma', OVER]]), /stands where control.tar/],
  ['nothing but version', deb([VERSION]), /no control.tar/],
  ['no data', deb([VERSION, GOOD]), /it has no data.tar/],
  ['unknown data', deb([VERSION, GOOD, ['data.zip', OVER]]), /"data.zip" stands where data.tar/],
  ['two controls', deb([VERSION, GOOD, GOOD, DATA]), /"control.tar" stands where data.tar belongs/],
  ['control at end', deb([VERSION, GOOD, DATA, GOOD]), /second "control.tar" after its data/],
  ['header end', Buffer.from(deb()).fill('x', 66, 68), /ar member header has a wrong end/],
  ['size', Buffer.from(deb()).fill('-1        ', 56, 66), /"debian-binary" has no readable size/],
  [
    'big member',
    deb([VERSION, ['control.tar', OVER], DATA]),
    /control.tar is larger than 16777216/,
  ],
  ['gzip bomb', deb([VERSION, ['control.tar.gz', GZIP_BOMB], DATA]), /more than 16777216 bytes/],
  ['not gz', deb([VERSION, ['control.tar.gz', GOOD[1]], DATA]), /decompressed \(gz\): incorrect/],
  ['not xz', deb([VERSION, ['control.tar.xz', GOOD[1]], DATA]), /cannot be decompressed \(xz\)/],
  ['not zst', deb([VERSION, ['control.tar.zst', GOOD[1]], DATA]), /\(zst\): it has no zstd header/],
  ['empty tar', deb([VERSION, ['control.tar', Buffer.alloc(0)], DATA]), /holds no file control/],
  [
    'other file',
    deb([VERSION, ['control.tar', tarOf(CONTROL, 'a/control')], DATA]),
    /no file control/,
  ],
  ['link', deb([VERSION, ['control.tar', linkControl()], DATA]), /not a regular file/],
  ['twice', deb([VERSION, ['control.tar', twice()], DATA]), /holds control twice/],
  [
    'tar sum',
    deb([VERSION, ['control.tar', Buffer.from(GOOD[1]).fill('9', 100, 101)], DATA]),
    /checksum/,
  ],
  ['tar cut', deb([VERSION, ['control.tar', GOOD[1].subarray(0, 600)], DATA]), /cut off in a file/],
  [
    'big file',
    debWith(`${CONTROL} ${'x'.repeat(MIB)}\n`),
    /control file is larger than 1048576 bytes/,
  ],
  ['empty', debWith(''), /control data is empty/],
  [
    'not UTF-8',
    deb([VERSION, ['control.tar', tarOf(Buffer.from([0x50, 0xe9]))], DATA]),
    /not UTF-8/,
  ],
  ['no newline', debWith(CONTROL.trimEnd()), /does not end with a newline/],
  ['NUL', debWith(`${CONTROL}X: a\0b\n`), /line 5 .* holds a NUL or a carriage return/],
  ['CR', debWith(`${CONTROL}X: a\rb\n`), /line 5 .* holds a NUL or a carriage return/],
  ['no colon', debWith(`${CONTROL}words\n`), /line 5 of its control data is no field: "words"/],
  ['no name', debWith(`${CONTROL}: value\n`), /line 5 of its control data is no field/],
  ['byte order mark', debWith(`\ufeff${CONTROL}`), /line 1 of its control data is no field/],
  ['dash', debWith(`${CONTROL}-a: value\n`), /line 5 of its control data is no field/],
  ['comment', debWith(`${CONTROL}# note\n`), /line 5 of its control data is a comment/],
  ['blank line', debWith(`${CONTROL} \n`), /line 5 of its control data is blank but not empty/],
  [
    'stray continuation',
    debWith(` x\n${CONTROL}`),
    /line 1 of its control data continues no field/,
  ],
  [
    'repeated',
    debWith(`${CONTROL}package: b\n`),
    /line 5 of its control data repeats the field package/,
  ],
  ['two paragraphs', debWith(`${CONTROL}\n${CONTROL}`), /more than one paragraph/],
  ['no Package', debWith(CONTROL.replace('Package', 'X')), /has no field Package/],
  ['no Version', debWith(CONTROL.replace('Version', 'X')), /has no field Version/],
  ['no Architecture', debWith(CONTROL.replace('Architecture', 'X')), /has no field Architecture/],
  [
    'empty Package',
    debWith(CONTROL.replace('hello', '')),
    /field Package of its control data is empty/,
  ],
  ...['../x', 'Hello', 'a/b', 'h', '-hello', 'a b', 'a\n b', 'hé', 'a_b', 'x'.repeat(300)].map(
    (name) =>
      [
        `Package ${name}`,
        debWith(CONTROL.replace('hello', name)),
        /is not a package name/,
      ] as const,
  ),
  ...['1/2', '../1', '1 2', '1\n 2', 'x1', '1_2', '1-', ':1', '99999999999:1', 'é'].map(
    (version) =>
      [
        `Version ${version}`,
        debWith(CONTROL.replace('1:2.0-1', version)),
        /not a version/,
      ] as const,
  ),
  ...['any', 'source', 'amd64 arm64', 'a/b', 'AMD64', 'a\n b', '..'].map(
    (arch) =>
      [
        `Architecture ${arch}`,
        debWith(CONTROL.replace('amd64', arch)),
        /of one architecture/,
      ] as const,
  ),
  ...['../x', 'a (1', 'a (1) b', 'a\n b', 'a b'].map(
    (source) =>
      [`Source ${source}`, debWith(`${CONTROL}Source: ${source}\n`), /its Source/] as const,
  ),
  ['Source version', debWith(`${CONTROL}Source: ab (x/y)\n`), /is not a version/],
  ['long', debWith(CONTROL.replace('hello', 'x'.repeat(250))), /too long for a file name/],
];

/** A symbolic link where the control file belongs. */
function linkControl(): Uint8Array {
  const tar = Buffer.from(tarOf(''));
  const sum = Number.parseInt(tar.toString('latin1', 148, 154), 8);
  tar.write('2', 156);
  tar.write((sum + 2).toString(8).padStart(6, '0'), 148);
  return tar;
}

function twice(): Uint8Array {
  const entry = { path: 'control', mode: 0o644, content: Buffer.from(CONTROL) };
  return writeTar([{ ...entry, path: './control' }, entry], 0);
}

t.test('what is malformed is refused with a reason', async (t) => {
  for (const [what, bytes, reason] of MALFORMED) {
    for (const chunk of [97, MIB]) {
      const error = await refusal('hello.deb', bytes, bytes.length > MIB ? MIB : chunk);
      t.equal(error.status, 422, what);
      t.match(error.message, /^hello\.deb is not a readable package: /, what);
      t.match(error.message, reason, what);
      t.notMatch(error.message, /\p{Cc}/u, what);
    }
  }
});

t.test('what is wrong is said before the rest arrives', async (t) => {
  const tap = tapFor('a.deb');
  t.throws(() => tap?.write(Buffer.from('!<arch>x')), { code: 'PACKAGE_MALFORMED' });
  const late = tapFor('a.deb');
  const bytes = deb([VERSION, ['control.tar.gz', gzipSync(tarOf('x'))], ['data.tar', OVER]]);
  late?.write(bytes.subarray(0, 1000));
  let refused: unknown = null;
  for (let turn = 0; turn < 1000 && refused === null; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    try {
      late?.write(new Uint8Array(1));
    } catch (error) {
      refused = error;
    }
  }
  t.match(refused, { code: 'PACKAGE_MALFORMED' });
});

t.test('members that deb(5) leaves to others are passed over', async (t) => {
  const signature = ['_gpgorigin', Buffer.from('odd')] as const;
  const padded = deb([['debian-binary/', Buffer.from('2.1\nmore\n')], GOOD, DATA]);
  t.match(await read('a.deb', padded), { package: 'hello' });
  const between = deb([
    VERSION,
    signature,
    GOOD,
    signature,
    DATA,
    signature,
    ['x', Buffer.alloc(0)],
  ]);
  t.match(await read('a.deb', between, 7), { package: 'hello' });
});

const COMPRESSORS = needs(['xz', 'xz-utils'], ['zstd', 'zstd']);

t.test('control archives of every compression, bombs among them', COMPRESSORS, async (t) => {
  const xz = (bytes: Uint8Array, ...args: string[]) => tool('xz', ['-c', ...args], bytes);
  const zstd = (bytes: Uint8Array, ...args: string[]) => tool('zstd', ['-c', ...args], bytes);
  const good: readonly (readonly [string, Uint8Array])[] = [
    ['xz', xz(GOOD[1])],
    ['xz', xz(GOOD[1], '-9')],
    ['xz', xz(GOOD[1], '--check=crc32')],
    ['zst', zstd(GOOD[1])],
    ['zst', zstd(GOOD[1], '--no-check', '-1')],
    ['zst', zstd(GOOD[1], '--long=27')],
    ['zst', wideWindow(GOOD[1])],
  ];
  for (const [kind, bytes] of good) {
    const whole = deb([VERSION, [`control.tar.${kind}`, bytes], DATA]);
    t.match(await read('a.deb', whole, 11), { package: 'hello', version: '1:2.0-1' }, kind);
    for (const length of [0, 1, 5, 12, bytes.length >> 1, bytes.length - 1]) {
      const cut = deb([VERSION, [`control.tar.${kind}`, bytes.subarray(0, length)], DATA]);
      t.match((await refusal('a.deb', cut)).message, /cannot be decompressed/, `${kind} ${length}`);
    }
  }
  const huge = Buffer.alloc(20 * MIB);
  const bad: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['xz', xz(huge), /holds more than 16777216 bytes/],
    ['zst', zstd(huge), /holds more than 16777216 bytes/],
    ['zst', zstd(huge, '--no-content-size'), /holds more than 16777216 bytes/],
    ['xz', xz(GOOD[1], '--lzma2=dict=1GiB'), /cannot be decompressed/],
    ['zst', Buffer.concat([zstd(GOOD[1]), zstd(GOOD[1])]), /bytes follow its zstd frame/],
    ['zst', tinyBlocks(100_000), /too many blocks/],
  ];
  for (const [kind, bytes, reason] of bad) {
    const whole = deb([VERSION, [`control.tar.${kind}`, bytes], DATA]);
    t.match((await refusal('a.deb', whole)).message, reason, `${kind} ${reason.source}`);
  }
  const after = await read('a.deb', deb([VERSION, ['control.tar.xz', xz(GOOD[1])], DATA]));
  t.match(after, { package: 'hello' }, 'the decoder works on after bombs');
});

/** A zstd frame (RFC 8878) of one raw block, which asks for a window of 2 GiB. */
function wideWindow(content: Uint8Array): Uint8Array {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 0, 0, 0]);
  head.writeUIntLE((content.length << 3) | 1, 6, 3);
  return Buffer.concat([head, content]);
}

/** A zstd frame (RFC 8878) of raw blocks of one byte, with the largest window there is. */
function tinyBlocks(count: number): Uint8Array {
  const blocks = Array<Buffer>(count).fill(Buffer.from([0x08, 0, 0, 0x61]));
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0xff]), ...blocks]);
}

t.test('tar is read in every form that GNU tar writes', needs(['tar', 'tar']), async (t) => {
  const folder = t.testdir({
    control: CONTROL,
    ['a'.repeat(90)]: { ['b'.repeat(50)]: { ['ü'.repeat(20)]: 'x' } },
    ['c'.repeat(101)]: '',
  });
  for (const format of ['ustar', 'gnu', 'oldgnu', 'pax', 'posix']) {
    const args = ['-C', folder, `--format=${format}`];
    if (format === 'ustar') args.push('--exclude=ccc*');
    if (format === 'posix') args.push('--pax-option=comment=hello');
    const bytes = execFileSync('tar', [...args, '-c', '.']);
    const listed = execFileSync('tar', ['-t', '--quoting-style=literal'], { input: bytes });
    const names = tarEntries(bytes).map(({ name }) => name);
    t.strictSame(names, listed.toString().trimEnd().split('\n'), format);
    t.equal(Buffer.from(fileInTar(bytes, 'control')).toString(), CONTROL, format);
  }
  t.throws(() => fileInTar(tarOf('', `./${'a/'.repeat(99)}control`), 'control'), /no file control/);
});

const DSC = [
  'Format: 3.0 (quilt)',
  'Source: ceph',
  'Binary: ceph, ceph-common',
  'Architecture: any all',
  'Version: 1:19.2.0-1',
  'Maintainer: A <a@example.org>',
  'Package-List:',
  ' ceph deb admin optional arch=any',
  'Checksums-Sha256:',
  ` ${'a'.repeat(64)} 10 ceph_19.2.0.orig.tar.gz`,
  ` ${'b'.repeat(64)} 20 ceph_19.2.0-1.debian.tar.xz`,
  'Files:',
  ` ${'c'.repeat(32)} 10 ceph_19.2.0.orig.tar.gz`,
  ` ${'d'.repeat(32)} 20 ceph_19.2.0-1.debian.tar.xz`,
  '',
].join('\n');

function clearsigned(text: string): string {
  const dashed = text.replace(/^Format/m, '- Format');
  return (
    `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${dashed}\n` +
    '-----BEGIN PGP SIGNATURE-----\n\niQxx\n=abcd\n-----END PGP SIGNATURE-----\n'
  );
}

t.test('a .dsc is read, signed or not', async (t) => {
  for (const text of [DSC, clearsigned(DSC), clearsigned(DSC).replaceAll('\n', '\r\n')]) {
    const header = await read('ceph_19.2.0-1.dsc', Buffer.from(text), 5);
    t.strictSame(header, {
      kind: 'dsc',
      source: 'ceph',
      version: '1:19.2.0-1',
      stanza:
        'Package: ceph\nFormat: 3.0 (quilt)\nBinary: ceph, ceph-common\nArchitecture: any all\n' +
        'Version: 1:19.2.0-1\nMaintainer: A <a@example.org>\n' +
        'Package-List:\n ceph deb admin optional arch=any\n',
      files: [
        { name: 'ceph_19.2.0.orig.tar.gz', size: 10, md5: 'c'.repeat(32), sha256: 'a'.repeat(64) },
        {
          name: 'ceph_19.2.0-1.debian.tar.xz',
          size: 20,
          md5: 'd'.repeat(32),
          sha256: 'b'.repeat(64),
        },
      ],
      md5: createHash('md5').update(text).digest('hex'),
    });
  }
  const old = DSC.replace(/Checksums-Sha256:\n.*\n.*\n/, '');
  t.match(await read('a.dsc', Buffer.from(old)), { files: [{ sha256: null }, { sha256: null }] });
});

t.test('a malformed .dsc is refused with a reason', async (t) => {
  const signed = clearsigned(DSC);
  const table: readonly (readonly [string, RegExp, string?])[] = [
    ['', /control data is empty/],
    [DSC.replace('Source', 'X'), /no field Source/],
    [DSC.replace('Version', 'X'), /no field Version/],
    [DSC.replace('Format', 'X'), /no field Format/],
    [DSC.replace('Files', 'X'), /no field Files/],
    [DSC.replace('Source: ceph', 'Source: ../ceph'), /its Source .* is not a package name/],
    [DSC.replaceAll('ceph_19.2.0.orig.tar.gz', '../x'), /unreadable line/],
    [DSC.replaceAll('ceph_19.2.0.orig.tar.gz', 'a b'), /unreadable line/],
    [DSC.replace(' 20 ceph', ' 21 ceph'), /disagree about ceph_19.2.0-1.debian.tar.xz/],
    [DSC.replace('c'.repeat(32), 'c'.repeat(31)), /its Files has an unreadable line/],
    [
      `${DSC} ${'c'.repeat(32)} 10 ceph_19.2.0.orig.tar.gz\n`,
      /names ceph_19.2.0.orig.tar.gz twice/,
    ],
    [`${DSC}\n${DSC}`, /more than one paragraph/],
    [DSC.trimEnd(), /does not end with a newline/],
    [signed.slice(0, -20), /signature is cut off/],
    [signed.slice(0, 400), /signature is cut off/],
    [`Source: evil\n\n${signed}`, /is no field/],
    [`${signed}Source: evil\n`, /text stands outside of it/],
    [`${DSC} ${'x'.repeat(MIB)}\n`, /larger than 1048576 bytes/],
    [DSC, /its file name "a b.dsc" holds a blank/, 'a b.dsc'],
  ];
  for (const [text, reason, name = 'a.dsc'] of table) {
    const error = await refusal(name, Buffer.from(text));
    t.equal(error.code, 'PACKAGE_MALFORMED');
    t.match(error.message, reason);
  }
});

t.test('indices and pool paths', async (t) => {
  const header: DebHeader = {
    kind: 'deb',
    package: 'librados2',
    version: '1:19.2.0-1',
    architecture: 'amd64',
    source: 'ceph',
    stanza: 'Package: librados2\nVersion: 1:19.2.0-1\n',
  };
  t.equal(poolName(header, 'whatever.deb'), 'librados2_19.2.0-1_amd64.deb');
  t.equal(poolName(header, '../x.ddeb'), 'librados2_19.2.0-1_amd64.ddeb');
  t.equal(poolName(header, 'x.udeb'), 'librados2_19.2.0-1_amd64.udeb');
  t.equal(poolFolder('libfoo'), 'pool/main/libf/libfoo');
  t.equal(poolFolder('lib'), 'pool/main/l/lib');
  t.equal(
    packagesStanza(header, { path: 'pool/x.deb', size: 3, sha256: 'ab' }),
    `${header.stanza}Filename: pool/x.deb\nSize: 3\nSHA256: ab\n\n`,
  );
  const dsc = await read('a.dsc', Buffer.from(DSC));
  if (dsc.kind !== 'dsc') throw new Error('not a dsc');
  const stored = dsc.files.map(({ name, size }) => ({ name, size, sha256: 'e'.repeat(64) }));
  const text = sourcesStanza(
    dsc,
    'pool/main/c/ceph',
    { name: 'a.dsc', size: 5, sha256: 'f' },
    stored,
  );
  t.ok(text.startsWith(dsc.stanza) && text.endsWith('\n\n'));
  t.strictSame(controlParagraphs(text)[0]?.slice(-3), [
    { name: 'Directory', value: 'pool/main/c/ceph' },
    {
      name: 'Files',
      value:
        `\n ${dsc.md5} 5 a.dsc\n ${'c'.repeat(32)} 10 ceph_19.2.0.orig.tar.gz` +
        `\n ${'d'.repeat(32)} 20 ceph_19.2.0-1.debian.tar.xz`,
    },
    {
      name: 'Checksums-Sha256',
      value:
        `\n f 5 a.dsc\n ${'e'.repeat(64)} 10 ceph_19.2.0.orig.tar.gz` +
        `\n ${'e'.repeat(64)} 20 ceph_19.2.0-1.debian.tar.xz`,
    },
  ]);
  const release = {
    origin: 'gitbuilder\nSuite: evil',
    suite: 'stable',
    codename: 'noble',
    date: new Date('2026-01-02T03:04:05Z'),
    architectures: ['amd64', 'arm64'],
    components: ['main'],
    description: 'ceph main',
    files: [{ path: 'main/binary-amd64/Packages', size: 0, sha256: 'ab' }],
  };
  t.equal(
    releaseText(release),
    'Origin: gitbuilder Suite: evil\nSuite: stable\nCodename: noble\n' +
      'Date: Fri, 02 Jan 2026 03:04:05 UTC\nArchitectures: amd64 arm64\nComponents: main\n' +
      'Description: ceph main\nAcquire-By-Hash: yes\n' +
      'SHA256:\n ab 0 main/binary-amd64/Packages\n',
  );
});
