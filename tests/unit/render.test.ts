import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import t from 'tap';
import type { Test } from 'tap';
import { arrangeRepo } from '../../services/chacra/arrange-repo.ts';
import type { Candidate } from '../../services/chacra/arrangement.ts';
import { GzipMembers, sha256 } from '../../services/chacra/gzip-members.ts';
import { repoRenderer } from '../../services/chacra/render-repo.ts';
import type { Rendered } from '../../services/chacra/rendering.ts';
import type { Signer } from '../../services/chacra/signer.ts';
import type { PackageHeader } from '../../services/domain/package-header.ts';
import type { RepoType } from '../../services/domain/repo.ts';
import { controlParagraphs } from '../../services/formats/control-paragraphs.ts';
import { candidate, debHeader, dscFile, dscHeader, rpmHeader } from '../fixtures/some-candidate.ts';
import { needs } from '../fixtures/tool.ts';

const run = promisify(execFile);
const DATE = '2026-11-22T13:34:54.846Z';

/** Not a signature, but tells what was signed and how. */
const SIGNER: Signer = {
  publicKeyArmored: 'key',
  fingerprint: 'AA',
  signsWith: 'AA',
  clearsign: (text) => Promise.resolve(`inside ${text}`),
  detach: (text) => Promise.resolve(`beside ${sha256(Buffer.from(text))}`),
};

async function render(
  type: RepoType,
  candidates: readonly Candidate[],
  options: { distro?: string; suites?: string[]; signer?: Signer | null } = {},
) {
  const { distro = 'ubuntu', suites = ['noble'], signer = null } = options;
  const arranged = arrangeRepo(candidates, { type, distro, suites, takenPath: () => undefined });
  const headers = new Map<string, PackageHeader>();
  for (const { pick, header } of candidates) {
    if (pick.blob !== null && header !== null) headers.set(pick.blob.sha256, header);
  }
  const members = new GzipMembers({ cacheBytes: 1 << 20 });
  const renderer = repoRenderer({ members, signer, origin: 'lab\n', description: 'a  b' });
  const plan = { ...arranged, number: 1, date: DATE, archs: [] };
  const rendered = await renderer(plan, (hash) => headers.get(hash));
  return { rendered, text: (path: string) => bytesOf(rendered, path).toString() };
}

function bytesOf({ files, bytes }: Rendered, path: string): Buffer {
  const file = files.find((other) => other.path === path);
  return Buffer.from(bytes.get(path) ?? file?.text ?? 'no such file');
}

function paths({ files }: Rendered): string[] {
  return files.map(({ path }) => path).sort();
}

/** What is said of each file is true of its bytes, and no path stands there twice. */
function checkHashes(t: Test, rendered: Rendered): void {
  t.equal(new Set(paths(rendered)).size, rendered.files.length);
  for (const { path, size, sha256: hash } of rendered.files) {
    const bytes = bytesOf(rendered, path);
    t.same([size, hash], [bytes.length, sha256(bytes)], path);
  }
}

function field(paragraphs: ReturnType<typeof controlParagraphs>, name: string): string[] {
  return paragraphs.map((fields) => fields.find((other) => other.name === name)?.value ?? '');
}

const DEBS = [
  candidate('a.deb', debHeader({ package: 'foo' })),
  candidate('b.deb', debHeader({ package: 'foo-doc', source: 'foo', architecture: 'all' })),
  candidate('c.deb', debHeader({ package: 'foo', architecture: 'riscv64' })),
  candidate('d.ddeb', debHeader({ package: 'foo-dbgsym', source: 'foo' })),
  candidate('foo.dsc', dscHeader('foo', [dscFile('foo.tar.gz', 'tar')])),
  candidate('foo.tar.gz', null, { bytes: 'tar' }),
];

t.test('an apt repository: what Release lists is there, and lists every package', async (t) => {
  const { rendered, text } = await render('deb', DEBS);
  checkHashes(t, rendered);
  const packages = (arch: string) =>
    controlParagraphs(text(`dists/noble/main/binary-${arch}/Packages`));
  t.same(field(packages('amd64'), 'Package'), ['foo-dbgsym', 'foo-doc', 'foo']);
  t.same(field(packages('riscv64'), 'Package'), ['foo-doc', 'foo'], 'an arch that was found');
  t.same(field(packages('arm64'), 'Package'), ['foo-doc'], 'an arch that is always there');
  const entry = packages('riscv64')[1]?.map(({ name, value }) => `${name}: ${value}`);
  t.same(entry?.slice(-3), [
    'Filename: pool/main/f/foo/foo_1.0-1_riscv64.deb',
    'Size: 5',
    `SHA256: ${sha256(Buffer.from('c.deb'))}`,
  ]);
  const sources = controlParagraphs(text('dists/noble/main/source/Sources'));
  t.same(field(sources, 'Directory'), ['pool/main/f/foo']);
  t.match(field(sources, 'Checksums-Sha256')[0], /\S{64} 7 foo\.dsc\n\s\S{64} 3 foo\.tar\.gz/);

  const release = controlParagraphs(text('dists/noble/Release'));
  for (const [name, value] of Object.entries({
    Origin: 'lab',
    Suite: 'stable',
    Codename: 'noble',
    Date: 'Sun, 22 Nov 2026 13:34:54 UTC',
    Architectures: 'amd64 arm64 riscv64',
    Components: 'main',
    Description: 'a b',
    'Acquire-By-Hash': 'yes',
  })) {
    t.same(field(release, name), [value], name);
  }
  const listed = (field(release, 'SHA256')[0] ?? '').trim().split(/\n\s*/).sort();
  const made = rendered.files
    .filter(({ path }) => path !== 'dists/noble/Release')
    .map(({ path, size, sha256: hash }) => `${hash} ${size} ${path.replace('dists/noble/', '')}`);
  t.same(listed, made.sort());
  t.equal(listed.length, 8, 'Packages and Sources, plain and compressed');
  for (const { path } of rendered.files.filter((file) => file.path.endsWith('.gz'))) {
    t.equal(gunzipSync(bytesOf(rendered, path)).toString(), text(path.slice(0, -3)), path);
  }
});

t.test('an apt repository: empty, signed, of two codenames', async (t) => {
  const empty = await render('deb', [], { signer: SIGNER });
  const release = empty.text('dists/noble/Release');
  t.match(release, /^Architectures: amd64 arm64$/m);
  t.equal(empty.text('dists/noble/main/binary-arm64/Packages'), '');
  t.equal(empty.text('dists/noble/InRelease'), `inside ${release}`);
  t.equal(empty.text('dists/noble/Release.gpg'), `beside ${sha256(Buffer.from(release))}`);
  for (const { path, text } of empty.rendered.files) {
    const isSignature = /(?:InRelease|Release\.gpg)$/.test(path);
    if (isSignature) t.type(text, 'string', `${path} cannot be made again`);
  }

  const jammy = candidate('j.deb', debHeader({ package: 'foo', version: '0.9' }), {
    suite: 'jammy',
  });
  const both = await render('deb', [...DEBS, jammy], { suites: ['noble', 'jammy'] });
  checkHashes(t, both.rendered);
  const inJammy = controlParagraphs(both.text('dists/jammy/main/binary-amd64/Packages'));
  t.same(field(inJammy, 'Version'), ['0.9']);
  t.notMatch(both.text('dists/noble/main/binary-amd64/Packages'), '0.9');
  t.match(both.text('dists/jammy/Release'), /^Codename: jammy$/m);
});

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseAttributeValue: true,
  isArray: (name) => name === 'data' || name === 'package',
});

interface Repomd {
  readonly repomd: {
    readonly revision: number;
    readonly data: readonly {
      readonly type: string;
      readonly checksum: { readonly '#text': string };
      readonly 'open-checksum': { readonly '#text': string };
      readonly location: { readonly href: string };
      readonly size: number;
      readonly 'open-size': number;
    }[];
  };
}

/** Follows repomd.xml as a client does; answers the unpacked documents by their kind. */
function follow(t: Test, rendered: Rendered, root: string): Map<string, string> {
  // The parser knows no types; every field that is used is compared below.
  const { repomd } = parser.parse(
    bytesOf(rendered, `${root}repodata/repomd.xml`).toString(),
  ) as Repomd;
  t.equal(repomd.revision, 1_795_354_494);
  const documents = new Map<string, string>();
  for (const data of repomd.data) {
    const { href } = data.location;
    const packed = bytesOf(rendered, `${root}${href}`);
    const plain = gunzipSync(packed);
    t.same([data.size, data['open-size']], [packed.length, plain.length], href);
    t.equal(data.checksum['#text'], sha256(packed));
    t.equal(data['open-checksum']['#text'], sha256(plain));
    t.equal(href, `repodata/${sha256(packed)}-${data.type}.xml.gz`);
    t.equal(XMLValidator.validate(plain.toString()), true, `${href} is XML`);
    documents.set(data.type, plain.toString());
  }
  t.same([...documents.keys()].sort(), ['filelists', 'other', 'primary']);
  return documents;
}

const RPMS = [
  candidate('foo.x86_64.rpm', rpmHeader({ name: 'foo' }), { time: 7 }),
  candidate('bar & <baz>.rpm', rpmHeader({ name: 'bar' })),
  candidate('foo.src.rpm', rpmHeader({ name: 'foo', arch: 'src' })),
  candidate('foo.s390x.rpm', rpmHeader({ name: 'foo', arch: 's390x' })),
  candidate('cephadm'),
  candidate('foo.x86_64.rpm.bak', null, { bytes: 'foo.x86_64.rpm' }),
];

t.test('a yum repository for each directory, there even when empty', async (t) => {
  const { rendered } = await render('rpm', RPMS, { distro: 'centos', signer: SIGNER });
  checkHashes(t, rendered);
  const roots = [...new Set(paths(rendered).map((path) => path.split('/')[0]))];
  t.same(roots, ['SRPMS', 'aarch64', 'noarch', 's390x', 'x86_64']);
  const counts: Record<string, number> = {};
  for (const root of roots) {
    for (const [kind, text] of follow(t, rendered, `${root}/`)) {
      const count = text.match(/<package[ >]/g)?.length ?? 0;
      t.match(text, `packages="${count}"`, `${root} ${kind} counts what it holds`);
      counts[`${root}`] = count;
    }
    const repomd = bytesOf(rendered, `${root}/repodata/repomd.xml`);
    const signature = bytesOf(rendered, `${root}/repodata/repomd.xml.asc`).toString();
    t.equal(signature, `beside ${sha256(repomd)}`);
    const key = bytesOf(rendered, `${root}/repodata/repomd.xml.key`).toString();
    t.equal(key, SIGNER.publicKeyArmored, 'zypper looks for the key there');
  }
  t.same(counts, { SRPMS: 1, aarch64: 0, noarch: 0, s390x: 1, x86_64: 2 });
  const primary = follow(t, rendered, 'x86_64/').get('primary') ?? '';
  t.match(primary, '<location href="bar &amp; &lt;baz&gt;.rpm"/>');
  t.match(primary, '<time file="7"/><size package="14"/><location href="foo.x86_64.rpm"/>');
});

t.test('a yum repository with one root', async (t) => {
  const { rendered } = await render('rpm', RPMS, { distro: 'opensuse' });
  t.same([...new Set(paths(rendered).map((path) => path.split('/')[0]))], ['repodata']);
  const primary = follow(t, rendered, '').get('primary') ?? '';
  t.match(primary, 'packages="4"');
  t.match(primary, '<location href="x86_64/foo.x86_64.rpm"/>');
  t.match(primary, '<location href="SRPMS/foo.src.rpm"/>');
});

t.test('a raw repository', needs(['sha256sum', 'coreutils']), async (t) => {
  const files = [candidate('a'), candidate('b ü', null, { arch: 'arm64' })];
  const { rendered, text } = await render('raw', files, { signer: SIGNER });
  checkHashes(t, rendered);
  t.same(paths(rendered), ['SHA256SUMS', 'SHA256SUMS.asc']);
  t.equal(text('SHA256SUMS.asc'), `beside ${sha256(Buffer.from(text('SHA256SUMS')))}`);
  const folder = t.testdir({
    SHA256SUMS: text('SHA256SUMS'),
    x86_64: { a: 'a' },
    arm64: { 'b ü': 'b ü' },
  });
  const { stdout } = await run('sha256sum', ['--strict', '--check', 'SHA256SUMS'], { cwd: folder });
  t.equal(stdout.match(/: OK$/gm)?.length, 2);
});
