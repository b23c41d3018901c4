import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { GitbuilderError } from '../../services/domain/errors.ts';
import type { PackageHeader, RpmHeader } from '../../services/domain/package-header.ts';
import { repomdXml } from '../../services/formats/repomd.ts';
import { writeHeader } from '../../services/formats/rpm-header-writer.ts';
import type { RpmValue } from '../../services/formats/rpm-header-writer.ts';
import { rpmTap } from '../../services/formats/rpm-tap.ts';
import {
  DEPENDENCY_TAGS,
  FILE,
  SENSE,
  SIGNATURE_TAG,
  TAG,
} from '../../services/formats/rpm-tags.ts';
import { writeRpm } from '../../services/formats/rpm-writer.ts';
import type { RpmInput } from '../../services/formats/rpm-writer.ts';
import { yumDocument, yumEntry } from '../../services/formats/yum-document.ts';
import { someRpm } from '../fixtures/some-rpm.ts';
import { needs } from '../fixtures/tool.ts';

const run = promisify(execFile);
const MIB = 1024 * 1024;
const PAYLOAD = Buffer.from('payload');

const HELLO: RpmInput = {
  name: 'hello',
  epoch: 1,
  version: '2.0~rc1',
  release: '3',
  arch: 'noarch',
  summary: 'says hello',
  requires: [{ name: '/bin/sh' }],
  files: [
    { path: '/usr/bin/hello', mode: 0o755, content: '#!/bin/sh\necho hello\n' },
    { path: '/etc/hello.conf', mode: 0o644, content: 'a=1\n', flags: FILE.config },
    { path: '/usr/share/hello', mode: 0o755 | FILE.folder, content: '' },
    { path: '/usr/share/hello/ünï code', mode: 0o600, content: Buffer.alloc(70_001, 'x') },
    { path: '/var/log/hello.log', mode: 0o644, content: '', flags: FILE.ghost },
  ],
  changelog: [{ time: 1_700_000_000, author: 'A <a@example.org> - 2.0', text: '- first' }],
  buildTime: 1_700_000_000,
};

async function read(bytes: Uint8Array, chunk = 65_536): Promise<PackageHeader> {
  const tap = rpmTap('hello.rpm');
  for (let at = 0; at < bytes.length; at += chunk) {
    // The buffer is used again after each write, as sockets may: a tap keeps no view of it.
    const piece = Buffer.from(bytes.subarray(at, at + chunk));
    tap.write(piece);
    piece.fill(0xff);
  }
  return tap.end();
}

async function readRpm(bytes: Uint8Array): Promise<RpmHeader> {
  const header = await read(bytes);
  if (header.kind !== 'rpm') throw new Error(`read as ${header.kind}`);
  return header;
}

async function refusal(bytes: Uint8Array, chunk?: number): Promise<GitbuilderError> {
  try {
    await read(bytes, chunk);
  } catch (error) {
    if (error instanceof GitbuilderError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const LEAD = Buffer.concat([Buffer.from([0xed, 0xab, 0xee, 0xdb, 3, 0]), Buffer.alloc(90)]);

/** A header structure as its parts are given, whether they fit together or not. */
function structure(entries: readonly (readonly number[])[], data: Uint8Array): Buffer {
  const intro = Buffer.from('8eade80100000000', 'hex');
  const numbers = [entries.length, data.length, ...entries.flat()];
  const words = Buffer.alloc(numbers.length * 4);
  for (const [index, value] of numbers.entries()) words.writeUInt32BE(value, index * 4);
  return Buffer.concat([intro, words, data]);
}

const EMPTY = structure([], Buffer.alloc(0));

function text(value: string): RpmValue {
  return { type: 'string', values: [value] };
}

function texts(...values: string[]): RpmValue {
  return { type: 'strings', values };
}

function int32(...values: number[]): RpmValue {
  return { type: 'int32', values };
}

const BASE: readonly (readonly [number, RpmValue])[] = [
  [TAG.name, text('hello')],
  [TAG.version, text('1')],
  [TAG.release, text('2')],
  [TAG.arch, text('x86_64')],
  [TAG.sourceRpm, text('hello.src.rpm')],
];

/** A package whose main header has these tags beside the least it needs, or in place of it. */
function withTags(...tags: readonly (readonly [number, RpmValue])[]): Buffer {
  return Buffer.concat([LEAD, EMPTY, writeHeader(63, new Map([...BASE, ...tags])), PAYLOAD]);
}

function without(tag: number): Buffer {
  const tags = BASE.filter(([known]) => known !== tag);
  return Buffer.concat([LEAD, EMPTY, writeHeader(63, new Map(tags)), PAYLOAD]);
}

function signed(...tags: readonly (readonly [number, RpmValue])[]): Buffer {
  const signature = writeHeader(62, new Map(tags));
  const padding = Buffer.alloc((8 - (signature.length % 8)) % 8);
  return Buffer.concat([LEAD, signature, padding, writeHeader(63, new Map(BASE)), PAYLOAD]);
}

function headed(entries: readonly (readonly number[])[], data: Uint8Array): Buffer {
  return Buffer.concat([LEAD, EMPTY, structure(entries, data), PAYLOAD]);
}

function files(name: string, folder = '/', modes = int32(0)): Buffer {
  return withTags(
    [TAG.baseNames, texts(name)],
    [TAG.dirNames, texts(folder)],
    [TAG.dirIndexes, int32(0)],
    [TAG.fileFlags, int32(0)],
    [TAG.fileModes, modes],
  );
}

function requires(name: string, version = '', flags = int32(0)): Buffer {
  const tags = DEPENDENCY_TAGS.requires;
  return withTags([tags.names, texts(name)], [tags.flags, flags], [tags.versions, texts(version)]);
}

t.test('a package is read in whatever pieces it arrives', async (t) => {
  const bytes = writeRpm(HELLO);
  const expected = await read(bytes);
  t.match(expected, {
    kind: 'rpm',
    name: 'hello',
    epoch: 1,
    version: '2.0~rc1',
    release: '3',
    arch: 'noarch',
  });
  t.strictSame(JSON.parse(JSON.stringify(expected)), expected, 'it is plain JSON');
  t.strictSame(await read(bytes, 1), expected);
  t.strictSame(await read(bytes, MIB), expected);
  const cuts = fc.array(fc.nat({ max: bytes.length }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(cuts, async (cut) => {
      const tap = rpmTap('hello.rpm');
      const places = [0, ...cut.sort((a, b) => a - b), bytes.length];
      for (const [index, at] of places.entries()) {
        tap.write(bytes.subarray(at, places[index + 1] ?? at));
      }
      t.strictSame(await tap.end(), expected);
    }),
    { numRuns: 50 },
  );
});

t.test('a package that lacks a byte anywhere is refused, and so is one with more', async (t) => {
  const bytes = writeRpm(HELLO);
  for (let length = 0; length < bytes.length; length += 1) {
    const { code, status } = await refusal(bytes.subarray(0, length), 1000);
    if (code !== 'PACKAGE_MALFORMED' || status !== 422) t.fail(`${length}: ${code}`);
  }
  const more = await refusal(Buffer.concat([bytes, Buffer.from('\n')]));
  t.match(more.message, /bytes follow the \d+ of its payload/);
});

t.test('a header with one wrong byte is refused', async (t) => {
  const bytes = writeRpm(HELLO);
  const start = bytes.length - (bytes.length - headerStart(bytes));
  for (let at = start; at < start + 1500; at += 1) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 0x20;
    const { code } = await refusal(damaged, MIB);
    if (code !== 'PACKAGE_MALFORMED') t.fail(`${at}: ${code}`);
  }
});

function headerStart(bytes: Uint8Array): number {
  return Buffer.from(bytes).indexOf(Buffer.from('8eade801', 'hex'), 100);
}

const MALFORMED: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['nothing', Buffer.alloc(0), /cut off in its lead/],
  ['text', Buffer.from('hello, I am not a package'), /it is not an RPM package/],
  ['lead alone', LEAD, /cut off in its signature/],
  ['no signature', Buffer.concat([LEAD, LEAD]), /its signature does not begin as a header does/],
  ['signature alone', Buffer.concat([LEAD, EMPTY]), /cut off in its header/],
  ['no header', Buffer.concat([LEAD, EMPTY, LEAD]), /its header does not begin as a header does/],
  ['no payload', withTags().subarray(0, -PAYLOAD.length), /cut off in its payload, after 0 of 1/],
  ['size', signed([SIGNATURE_TAG.size, int32(5)]), /declares less than its header holds/],
  [
    'long size',
    signed([SIGNATURE_TAG.longSize, { type: 'int64', values: [2 ** 33] }]),
    /cut off in its payload, after 7 of 8589/,
  ],
  ['rpm 6 size', withTags([TAG.payloadSize, { type: 'int64', values: [8] }]), /after 7 of 8 bytes/],
  [
    'sha256',
    signed([SIGNATURE_TAG.sha256, text('a'.repeat(64))]),
    /its header is damaged: its sha256/,
  ],
  ['sha1', signed([SIGNATURE_TAG.sha1, text('a'.repeat(40))]), /its header is damaged: its sha1/],
  ['tags', headed(Array(65_536).fill([1, 1, 0, 1]), Buffer.alloc(1)), /its header declares 65536/],
  [
    'type',
    headed([[1000, 10, 0, 1]], Buffer.alloc(4)),
    /tag 1000 of its header has an unknown type/,
  ],
  ['type 0', headed([[1000, 0, 0, 1]], Buffer.alloc(4)), /has an unknown type/],
  ['no value', headed([[1000, 6, 0, 0]], Buffer.alloc(4)), /tag 1000 of its header has no value/],
  ['two strings', headed([[1000, 6, 0, 2]], Buffer.alloc(4)), /is more than one string/],
  ['outside', headed([[1000, 4, 4, 1]], Buffer.alloc(4)), /lies outside of the data/],
  ['far', headed([[1000, 4, 0xffffffff, 0xffffffff]], Buffer.alloc(4)), /outside of the data/],
  ['open string', headed([[1000, 6, 0, 1]], Buffer.from('abcd')), /lies outside of the data/],
  ['few strings', headed([[1000, 8, 0, 3]], Buffer.from('a\0b\0')), /outside of the data/],
  [
    'overlap',
    headed(
      [
        [1000, 4, 0, 1],
        [1001, 4, 2, 1],
      ],
      Buffer.alloc(8),
    ),
    /overlaps the one before/,
  ],
  [
    'many values',
    headed(
      [
        [1047, 8, 0, 1 << 21],
        [9999, 6, 1 << 21, 1],
      ],
      manyNames(),
    ),
    /no name/,
  ],
  ['no name', without(TAG.name), /its header has no name/],
  ['no version', without(TAG.version), /its header has no version/],
  ['no release', without(TAG.release), /its header has no release/],
  ['no arch', without(TAG.arch), /its header has no arch/],
  ['name is a number', withTags([TAG.name, int32(1)]), /tag 1000 .* another type than it should/],
  ['epoch is a text', withTags([TAG.epoch, text('1')]), /tag 1003 .* another type than it should/],
  ...['', 'a b', 'a/b', 'a\nb', 'a\u0001b', 'x'.repeat(256)].map(
    (name) => [`name ${name}`, withTags([TAG.name, text(name)]), /its name cannot be "/] as const,
  ),
  ...['..', '.', '', 'a/b', '../x', 'a b', 'x'.repeat(65)].map(
    (arch) => [`arch ${arch}`, withTags([TAG.arch, text(arch)]), /its arch cannot be "/] as const,
  ),
  ['version', withTags([TAG.version, text('1/2')]), /its version cannot be "1\/2"/],
  ['release', withTags([TAG.release, text('1\u007f')]), /its release cannot be/],
  ['path', files('a\u0001b'), /its path "\/a\\u0001b" holds a control character/],
  ['folder', files('a', '/\uffff/'), /holds a control character/],
  ['long path', files('a', `/${'x'.repeat(4096)}/`), /its path "\/x+…" is too long/],
  ['no folder', files('a').fill(0), /not an RPM package/],
  ['modes', files('a', '/', int32(0, 0)), /names, flags and modes of its files differ in number/],
  ['no folders', withTags([TAG.baseNames, texts('a')]), /names and folders of its files differ/],
  [
    'wrong folder',
    withTags([TAG.baseNames, texts('a')], [TAG.dirIndexes, int32(1)], [TAG.dirNames, texts('/')]),
    /its file "a" has no folder/,
  ],
  ['dependency', requires('a\u0008b'), /its requires hold a control character: "a\\bb "/],
  ['dependency version', requires('a', '1\u001b'), /its requires hold a control character/],
  ['flags', requires('a', '', int32(0, 0)), /names, flags and versions of its requires differ/],
  [
    'changelog',
    withTags([TAG.changelogTimes, int32(1)]),
    /times, names and texts of its changelog/,
  ],
  [
    'long text',
    withTags([TAG.summary, text('x'.repeat(MIB + 1))]),
    /a text of its header is longer than 1048576 bytes/,
  ],
  ['paths without end', pathBomb(), /its paths are longer than 67108864 characters/],
];

function manyNames(): Buffer {
  return Buffer.concat([Buffer.alloc(1 << 21), Buffer.from('x\0')]);
}

/** Less than 1 MiB of header that stands for 512 MiB of paths. */
function pathBomb(): Buffer {
  const count = 1 << 17;
  const zeros = Array<number>(count).fill(0);
  return withTags(
    [TAG.baseNames, { type: 'strings', values: Array<string>(count).fill('') }],
    [TAG.dirNames, texts(`/${'x'.repeat(4090)}/`)],
    [TAG.dirIndexes, { type: 'int16', values: zeros }],
    [TAG.fileFlags, { type: 'int16', values: zeros }],
    [TAG.fileModes, { type: 'int16', values: zeros }],
  );
}

t.test('what is malformed is refused with a reason', async (t) => {
  t.match(await read(withTags()), { name: 'hello' }, 'the least that is a package');
  t.match(await read(files('a')), { name: 'hello' });
  for (const [what, bytes, reason] of MALFORMED) {
    const error = await refusal(bytes, bytes.length > MIB ? MIB : 97);
    t.equal(error.status, 422, what);
    t.match(error.message, /^hello\.rpm is not a readable package: /, what);
    t.match(error.message, reason, what);
    t.notMatch(error.message, /\p{Cc}/u, what);
  }
});

t.test('what is wrong is said before the rest arrives', async (t) => {
  const declared = (entries: number, bytes: number): Buffer => {
    const intro = Buffer.from(EMPTY);
    intro.writeUInt32BE(entries, 8);
    intro.writeUInt32BE(bytes, 12);
    return intro;
  };
  const table: readonly (readonly [Uint8Array, RegExp])[] = [
    [Buffer.from('!<ar'), /not an RPM package/],
    [Buffer.concat([LEAD, declared(0, 64 * MIB)]), /67108976 bytes long, more than the 67108864/],
    [Buffer.concat([LEAD, EMPTY, declared(0, 64 * MIB)]), /bytes long, more than the 67108864/],
    [Buffer.concat([LEAD, EMPTY, declared(0xffffffff, 0xffffffff)]), /declares 4294967295 tags/],
    [withTags([TAG.name, text('')]).subarray(0, -PAYLOAD.length), /its name cannot be ""/],
    [Buffer.concat([writeRpm(HELLO), Buffer.alloc(1)]), /bytes follow/],
  ];
  for (const [bytes, reason] of table) {
    const tap = rpmTap('a.rpm');
    t.throws(() => tap.write(bytes), { code: 'PACKAGE_MALFORMED', message: reason });
    t.throws(() => tap.write(Buffer.alloc(1)), { message: reason }, 'and again');
    await t.rejects(tap.end(), { message: reason }, 'and at the end');
  }
  const tap = rpmTap('a.rpm');
  tap.write(Buffer.concat([LEAD, EMPTY, declared(0, 64 * MIB - 128)]));
  await t.rejects(tap.end(), { message: /cut off in its header/ }, 'the limit itself is allowed');
});

t.test('bytes of any kind are a header or are refused', async () => {
  const word = fc.oneof(fc.nat({ max: 40 }), fc.constantFrom(0xffffffff, 0x7fffffff, 1 << 20));
  const tag = fc.constantFrom(
    ...[...Object.values(TAG), 61, 62, 63],
    ...Object.values(DEPENDENCY_TAGS).flatMap((tags) => Object.values(tags)),
  );
  const entry = fc.tuple(tag, fc.nat({ max: 10 }), word, word);
  const random = fc
    .tuple(fc.array(entry, { maxLength: 30 }), fc.uint8Array({ maxLength: 200 }))
    .map(([entries, data]) => Buffer.concat([LEAD, EMPTY, structure(entries, data), PAYLOAD]));
  const bytes = writeRpm({ ...HELLO, files: HELLO.files.slice(0, 2) });
  const unsigned = Buffer.concat([LEAD, EMPTY, bytes.subarray(headerStart(bytes))]);
  const flips = fc.array(fc.tuple(fc.nat({ max: unsigned.length - 1 }), fc.nat({ max: 255 })), {
    minLength: 1,
    maxLength: 8,
  });
  const damaged = flips.map((list) => {
    const copy = Buffer.from(unsigned);
    for (const [at, value] of list) copy[at] = value;
    return copy;
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(random, damaged), async (input) => {
      try {
        await read(input);
      } catch (error) {
        if (!(error instanceof GitbuilderError) || error.code !== 'PACKAGE_MALFORMED') throw error;
      }
    }),
    { numRuns: 5_000 },
  );
});

t.test('free text loses what XML cannot hold, and ISO-8859-1 is read', async (t) => {
  const header = await readRpm(
    writeRpm({
      ...HELLO,
      summary: 'a\u0000b'.replace('\u0000', '\u0001'),
      description: Buffer.from('caf\xe9 \xa9 & <x>', 'latin1'),
      vendor: 'back\bspace \u001b[1m\uffff',
      changelog: [{ time: 5, author: 'A\u0007 "B"   ', text: 'tab\t\u000c\r\nok' }],
    }),
  );
  t.match(header.primary, '<summary>ab</summary>');
  t.match(header.primary, '<description>café © &amp; &lt;x&gt;</description>');
  t.match(header.primary, '<rpm:vendor>backspace [1m</rpm:vendor>');
  t.match(header.other, '<changelog author="A &quot;B&quot;" date="5">tab\t&#13;\nok</changelog>');
});

t.test('an index entry has its places filled, each once', async (t) => {
  for (const input of fc.sample(someRpm, 50)) {
    const header = await readRpm(writeRpm(input));
    const file = { sha256: 'f'.repeat(64), size: 12345, fileTime: 54321, href: 'x/a&"^.rpm' };
    const { primary, filelists, other } = yumEntry(header, file);
    t.match(primary, `<checksum type="sha256" pkgid="YES">${file.sha256}</checksum>`);
    t.match(primary, '<time file="54321" build="');
    t.match(primary, '<size package="12345" installed="');
    t.match(primary, '<location href="x/a&amp;&quot;^.rpm"/>');
    t.match(filelists, `<package pkgid="${file.sha256}" name="`);
    t.match(other, `<package pkgid="${file.sha256}" name="`);
    t.notMatch(primary + filelists + other, '\u0001', 'no place is left');
  }
  const header = await readRpm(writeRpm(HELLO));
  t.throws(
    () => yumEntry({ ...header, other: '' }, { sha256: '', size: 0, fileTime: 0, href: '' }),
    /fewer open places/,
  );
});

t.test(
  'a package of rpm 3 keeps whole paths, one of SUSE weak dependencies of its own',
  async (t) => {
    const old = DEPENDENCY_TAGS.oldSuggests;
    const header = await readRpm(
      withTags(
        [TAG.oldFileNames, texts('/etc/old', '/usr/share/old')],
        [TAG.fileFlags, int32(0, 0)],
        [TAG.fileModes, int32(0, 0)],
        [old.names, texts('strong', 'weak')],
        [old.flags, int32(SENSE.strong, 0)],
        [old.versions, texts('', '')],
      ),
    );
    t.match(header.filelists, '<file>/etc/old</file>\n<file>/usr/share/old</file>');
    t.match(header.primary, '<rpm:suggests>\n<rpm:entry name="weak"/>\n</rpm:suggests>');
    t.match(header.primary, '<rpm:recommends>\n<rpm:entry name="strong"/>\n</rpm:recommends>');
  },
);

t.test('documents and repomd.xml', async (t) => {
  const { head, tail } = yumDocument('primary', 2);
  t.match(head, /^<\?xml version="1.0" encoding="UTF-8"\?>\n<metadata .* packages="2">\n$/);
  t.equal(tail, '</metadata>\n');
  const data = {
    type: 'primary',
    href: 'repodata/a-primary.xml.gz',
    sha256: 'a',
    size: 1,
    openSha256: 'b',
    openSize: 2,
  };
  t.equal(
    repomdXml({ revision: 3, timestamp: 4, data: [data] }),
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      '<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">\n' +
      '<revision>3</revision>\n<data type="primary">\n<checksum type="sha256">a</checksum>\n' +
      '<open-checksum type="sha256">b</open-checksum>\n<location href="repodata/a-primary.xml.gz"/>\n' +
      '<timestamp>4</timestamp>\n<size>1</size>\n<open-size>2</open-size>\n</data>\n</repomd>\n',
  );
});

t.test('rpm accepts and installs what the writer makes', needs(['rpm', 'rpm']), async (t) => {
  const folder = t.testdir();
  const rpm = async (...args: string[]): Promise<string> => {
    const env = { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' };
    return (await run('rpm', args, { cwd: folder, env })).stdout;
  };
  writeFileSync(join(folder, 'hello.rpm'), writeRpm(HELLO));
  const checks = await rpm('-Kv', '--nosignature', 'hello.rpm');
  t.equal(checks.match(/: OK$/gm)?.length, 4, checks);
  t.equal(
    await rpm('-qp', '--requires', 'hello.rpm'),
    'rpmlib(CompressedFileNames) <= 3.0.4-1\nrpmlib(FileDigests) <= 4.6.0-1\n' +
      'rpmlib(PayloadFilesHavePrefix) <= 4.0-1\nrpmlib(TildeInVersions) <= 4.10.0-1\n/bin/sh\n',
  );
  t.equal(await rpm('-qp', '--provides', 'hello.rpm'), 'hello = 1:2.0~rc1-3\n');
  t.match(await rpm('-qpi', 'hello.rpm'), /^Version {5}: 2\.0~rc1$/m);
  t.match(await rpm('-qp', '--changelog', 'hello.rpm'), /A <a@example.org> - 2\.0\n- first/);
  t.match(await rpm('-qpl', 'hello.rpm'), '/usr/share/hello/ünï code\n/var/log/hello.log\n');
  const root = join(folder, 'root');
  mkdirSync(root);
  await rpm('--root', root, '-U', '--nodeps', 'hello.rpm');
  t.equal(readFileSync(join(root, 'usr/bin/hello'), 'utf8'), '#!/bin/sh\necho hello\n');
  t.equal(readFileSync(join(root, 'usr/share/hello/ünï code')).length, 70_001);
  t.equal(await rpm('--root', root, '-q', 'hello'), 'hello-2.0~rc1-3.noarch\n');
  t.equal(await rpm('--root', root, '-V', '--nodeps', 'hello'), '', 'nothing differs');
});
