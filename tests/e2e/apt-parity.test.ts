import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import type { PackageHeader } from '../../services/domain/package-header.ts';
import { packagesStanza, sourcesStanza } from '../../services/formats/apt-index.ts';
import { controlParagraphs } from '../../services/formats/control-paragraphs.ts';
import type { ControlParagraph } from '../../services/formats/control-paragraphs.ts';
import { writeDeb } from '../../services/formats/deb-writer.ts';
import { sha256 } from '../../services/chacra/gzip-members.ts';
import { tapFor } from '../../services/formats/tap-for.ts';
import { needs } from '../fixtures/tool.ts';

const run = promisify(execFile);
const MTIME = 1_700_000_000;

async function headerOf(path: string, name: string): Promise<PackageHeader> {
  const tap = tapFor(name);
  tap?.write(readFileSync(path));
  const header = await tap?.end();
  if (header === undefined) throw new Error(`${name} has no tap`);
  return header;
}

/** Fields by lower-case name: their order and case are free (Debian policy 5.1). */
function fields(paragraph: ControlParagraph, without: RegExp): Record<string, string> {
  const named = paragraph.map(({ name, value }) => [name.toLowerCase(), value] as const);
  return Object.fromEntries(named.filter(([name]) => !without.test(name)));
}

async function ftparchive(folder: string, what: 'packages' | 'sources') {
  const { stdout } = await run('apt-ftparchive', [what, '.'], {
    cwd: folder,
    maxBuffer: 1 << 26,
  });
  return controlParagraphs(stdout);
}

const BASE = { Version: '1.0', Architecture: 'amd64', Maintainer: 'A B <a@example.org>' };
const LONG = Array.from({ length: 400 }, (_, i) => `\n line ${i} of many, as dense as prose is`);

/** Controls that cover what a stanza can be; the package is named by its place. */
const CONTROLS: readonly Readonly<Record<string, string>>[] = [
  { ...BASE, Description: 'plain' },
  { ...BASE, Version: '2:1.2.3~rc1+dfsg-0ubuntu1~bpo12+1', Description: 'epoch' },
  { ...BASE, Architecture: 'all', 'Multi-Arch': 'foreign', Description: 'all' },
  { ...BASE, Source: 'other (3:4-5)', Description: 'source with a version' },
  { ...BASE, Source: 'other', Description: 'source' },
  { ...BASE, Description: `long${LONG.join('')}\n .\n  verbatim   * \n end` },
  { ...BASE, Maintainer: 'Jürgen Übermaß <j@example.org>', Description: 'ünïcödé ✓ 日本語' },
  {
    ...BASE,
    'Multi-Arch': 'same',
    Section: 'contrib/admin',
    Priority: 'optional',
    Description: 'x',
  },
  { ...BASE, Depends: 'libc6 (>= 2.34),\n libstdc++6,\n\tbash', Description: 'folded' },
  { ...BASE, 'Installed-Size': '12', Essential: 'no', Homepage: 'https://example.org/?a=b&c' },
  {
    ...BASE,
    Provides: 'x (= 1)',
    Conflicts: 'y',
    Breaks: 'z (<< 2)',
    Replaces: 'z',
    Enhances: 'q',
  },
  { ...BASE, homepage: 'https://example.org', DESCRIPTION: 'names in other cases' },
  { ...BASE, 'X-Own-Field': 'kept', 'Build-Ids': 'aa bb', 'Package-Type': 'ddeb', Tag: 'a::b' },
  { ...BASE, Filename: 'x', Size: '1', MD5sum: 'y', SHA1: 'z', SHA256: 'a', SHA512: 'b' },
  { ...BASE, Status: 'install ok installed', Bugs: 'mailto:x', Origin: 'o', Task: 't' },
  { ...BASE, 'Original-Maintainer': 'O <o@example.org>', 'Ruby-Versions': 'all', Homepage: '' },
  { ...BASE, Description: 'ends with a blank that is none\u00a0\n \u00a0\n .' },
];
const COMPRESSIONS = ['none', 'gzip', 'xz', 'zstd'];
const BUILD = needs(['dpkg-deb', 'dpkg'], ['apt-ftparchive', 'apt-utils']);

/** Also packages of random fields: dpkg-deb checks too much of what it builds, so our writer makes these. */
const randomControl = fc.dictionary(
  fc.stringMatching(/^X-[A-Z][A-Za-z0-9-]{1,12}$/),
  fc.array(fc.stringMatching(/^[!-"$-~éß☃]( ?[!-~éß☃]){0,20}$/), { minLength: 1, maxLength: 4 }),
  { maxKeys: 8 },
);

t.test('stanzas say what apt-ftparchive says', BUILD, async (t) => {
  const folder = t.testdir();
  const tree = join(folder, 'tree');
  const debs = join(folder, 'debs');
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  mkdirSync(debs);
  for (const [index, control] of CONTROLS.entries()) {
    const text = Object.entries({ Package: `case${index}`, ...control });
    const lines = text.map(([name, value]) => `${name}: ${value}\n`).join('');
    writeFileSync(join(tree, 'DEBIAN', 'control'), lines);
    writeFileSync(join(tree, 'file'), 'x'.repeat(index * 301));
    await Promise.all(
      COMPRESSIONS.map((compression) => {
        const target = join(debs, `case${index}-${compression}.deb`);
        return run('dpkg-deb', [
          '--nocheck',
          '--root-owner-group',
          `-Z${compression}`,
          '-b',
          tree,
          target,
        ]);
      }),
    );
  }
  for (const [index, control] of fc.sample(randomControl, 100).entries()) {
    const more = Object.entries(control).map(([name, lines]) => [name, lines.join('\n ')] as const);
    const bytes = writeDeb({
      control: { Package: `random${index}`, ...BASE, ...Object.fromEntries(more) },
      files: [],
      compression: 'gz',
      mtime: MTIME,
    });
    writeFileSync(join(debs, `random${index}.deb`), bytes);
  }
  const without = /^(?:filename|md5sum|sha1|sha512)$/;
  const theirs = await ftparchive(debs, 'packages');
  const names = readdirSync(debs);
  t.equal(names.length, CONTROLS.length * COMPRESSIONS.length + 100);
  t.equal(theirs.length, names.length, 'apt-ftparchive took every one');
  for (const paragraph of theirs) {
    const path = paragraph.find(({ name }) => name === 'Filename')?.value ?? '';
    const bytes = readFileSync(join(debs, path));
    const header = await headerOf(join(debs, path), path);
    if (header.kind !== 'deb') throw new Error(`${path} is read as ${header.kind}`);
    const file = { path, size: bytes.length, sha256: sha256(bytes) };
    const [ours = []] = controlParagraphs(packagesStanza(header, file));
    t.strictSame(fields(ours, without), fields(paragraph, without), path);
  }
});

t.test(
  'sources say what apt-ftparchive says',
  needs(['dpkg-source', 'dpkg-dev'], ['apt-ftparchive', 'apt-utils']),
  async (t) => {
    const folder = t.testdir();
    for (const [name, version, format] of [
      ['native', '1.0', '3.0 (native)'],
      ['quilted', '2:1.0-1', '3.0 (quilt)'],
    ] as const) {
      const tree = join(folder, `${name}-1.0`);
      mkdirSync(join(tree, 'debian', 'source'), { recursive: true });
      writeFileSync(join(tree, 'README'), 'hello\n');
      if (name === 'quilted') {
        await run('tar', [
          '-C',
          folder,
          '--exclude=debian',
          '-czf',
          join(folder, `${name}_1.0.orig.tar.gz`),
          `${name}-1.0`,
        ]);
      }
      writeFileSync(join(tree, 'debian', 'source', 'format'), `${format}\n`);
      writeFileSync(
        join(tree, 'debian', 'changelog'),
        `${name} (${version}) unstable; urgency=low\n\n  * x\n\n -- A B <a@example.org>  Mon, 01 Jan 2024 00:00:00 +0000\n`,
      );
      writeFileSync(
        join(tree, 'debian', 'control'),
        `# a comment\nSource: ${name}\nMaintainer: Jürgen <a@example.org>\nBuild-Depends: debhelper-compat (= 13),\n bash\n` +
          'Homepage: https://example.org\nStandards-Version: 4.6.2\n' +
          (name === 'native' ? 'Section: admin\nPriority: optional\n' : '') +
          `\nPackage: ${name}-bin\nArchitecture: any\nDescription: x\n y\n`,
      );
      await run('dpkg-source', ['-b', `${name}-1.0`], { cwd: folder });
    }
    const theirs = await ftparchive(folder, 'sources');
    t.equal(theirs.length, 2);
    for (const paragraph of theirs) {
      const files = paragraph.find(({ name }) => name === 'Files')?.value ?? '';
      const name = / (\S+\.dsc)(?:\n|$)/.exec(files)?.[1] ?? '';
      const stored = (file: string) => {
        const bytes = readFileSync(join(folder, file));
        return { name: file, size: bytes.length, sha256: sha256(bytes) };
      };
      const header = await headerOf(join(folder, name), name);
      if (header.kind !== 'dsc') throw new Error(`${name} is read as ${header.kind}`);
      const parts = header.files.map((file) => stored(file.name));
      for (const [index, { sha256: stated }] of header.files.entries()) {
        t.equal(stated, parts[index]?.sha256);
      }
      const [ours = []] = controlParagraphs(sourcesStanza(header, '.', stored(name), parts));
      const without = /^(?:directory|checksums-sha1|checksums-sha512)$/;
      t.strictSame(fields(ours, without), fields(paragraph, without), name);
    }
  },
);

t.test('dpkg-deb accepts what the writer makes', needs(['dpkg-deb', 'dpkg']), async (t) => {
  const folder = t.testdir();
  const long = `/usr/share/${'nested/'.repeat(20)}file`;
  for (const compression of ['gz', 'none'] as const) {
    const deb = join(folder, `${compression}.deb`);
    const bytes = writeDeb({
      control: {
        Package: 'written',
        Version: '1:2-3',
        Architecture: 'all',
        Maintainer: 'A <a@b>',
        Description: 'x\n y',
      },
      files: [
        { path: '/usr/bin/written', mode: 0o755, content: '#!/bin/sh\necho hello\n' },
        { path: long, mode: 0o600, content: Buffer.alloc(513, 'x') },
        { path: 'usr/share/ünïcode', mode: 0o644, content: '' },
      ],
      scripts: { postinst: '#!/bin/sh\nexit 0\n' },
      compression,
      mtime: MTIME,
    });
    writeFileSync(deb, bytes);
    const { stdout: fieldsText } = await run('dpkg-deb', ['-f', deb]);
    t.match(fieldsText, /^Package: written\nVersion: 1:2-3\n/);
    const { stdout: information } = await run('dpkg-deb', ['-I', deb]);
    t.match(information, /postinst/);
    const { stdout: listing } = await run('dpkg-deb', ['-c', deb], {
      env: { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8' },
    });
    t.match(listing, /^drwxr-xr-x root\/root +0 2023-11-14 22:13 \.\/$/m);
    t.match(listing, /^-rwxr-xr-x root\/root +21 2023-11-14 22:13 \.\/usr\/bin\/written$/m);
    const target = join(folder, compression);
    await run('dpkg-deb', ['-R', deb, target]);
    t.equal(readFileSync(join(target, long), 'utf8'), 'x'.repeat(513));
    t.equal(readFileSync(join(target, 'usr/share/ünïcode'), 'utf8'), '');
    await run('md5sum', ['-c', '--quiet', 'DEBIAN/md5sums'], { cwd: target });
  }
});
