import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { arrangeRepo } from '../../services/chacra/arrange-repo.ts';
import type { Candidate, TakenPath } from '../../services/chacra/arrangement.ts';
import type { RepoType } from '../../services/domain/repo.ts';
import {
  blobOf,
  candidate,
  debHeader,
  dscFile,
  dscHeader,
  rpmHeader,
} from '../fixtures/some-candidate.ts';

function arrange(
  type: RepoType,
  candidates: readonly Candidate[],
  { taken = () => undefined, distro = 'ubuntu' }: { taken?: TakenPath; distro?: string } = {},
) {
  const options = { type, distro, suites: ['noble'], takenPath: taken };
  const { packages, shadowed, superseded, incomplete, ...root } = arrangeRepo(candidates, options);
  const named = (list: typeof shadowed) => list.map(({ arch, name }) => `${arch}/${name}`);
  return {
    paths: packages.map(({ path }) => path),
    packages,
    shadowed: named(shadowed),
    superseded: named(superseded),
    incomplete: named(incomplete),
    reasons: [...shadowed, ...superseded, ...incomplete].map(({ reason }) => reason),
    root,
  };
}

function deb(name: string, fields: Partial<Parameters<typeof debHeader>[0]> = {}, pick = {}) {
  return candidate(name, debHeader({ package: 'foo', ...fields }), pick);
}

t.test('debs stand where reprepro puts them, named by their headers', (t) => {
  const { paths, root, reasons } = arrange('deb', [
    deb('as-uploaded.deb', { version: '2:1.0-1' }),
    deb('b.deb', { package: 'libfoo1', source: 'libfoo' }),
    deb('c.ddeb', { package: 'foo-dbgsym', source: 'foo' }),
    deb('d.deb', { package: 'foo-doc', source: 'foo', architecture: 'all' }),
    candidate('foo.changes'),
    candidate('foo.buildinfo'),
  ]);
  t.same(paths, [
    'pool/main/f/foo/foo-dbgsym_1.0-1_amd64.ddeb',
    'pool/main/f/foo/foo-doc_1.0-1_all.deb',
    'pool/main/f/foo/foo_1.0-1_amd64.deb',
    'pool/main/libf/libfoo/libfoo1_1.0-1_amd64.deb',
  ]);
  t.same(root, { type: 'deb', suites: ['noble'], singleRoot: false });
  t.same(reasons, [], 'other files are no packages, so none is missing');
  t.end();
});

t.test('of one package the first bytes of the highest version are published', (t) => {
  const older = deb('1.deb', { version: '1.0~rc1' }, { time: 9 });
  const first = deb('2.deb', { version: '1.0' }, { time: 3, arch: 'arm64' });
  const second = deb('2.deb', { version: '1.0' }, { time: 4, bytes: 'other' });
  const otherArch = deb('4.deb', { architecture: 'arm64', version: '0.1' });
  const again = deb('copy.deb', { version: '1.0' }, { time: 5, bytes: '2.deb' });
  const { paths, packages, shadowed, superseded, reasons } = arrange('deb', [
    second,
    again,
    older,
    first,
    otherArch,
  ]);
  t.same(paths, ['pool/main/f/foo/foo_0.1_arm64.deb', 'pool/main/f/foo/foo_1.0_amd64.deb']);
  t.equal(packages[1]?.sha256, blobOf('2.deb').sha256);
  t.equal(packages[1]?.time, 3);
  t.same(shadowed, ['x86_64/2.deb'], 'equal bytes are no rival');
  t.same(superseded, ['x86_64/1.deb']);
  t.match(reasons, [/came first as arm64\/2\.deb/, /version 1\.0 is higher/]);
  t.end();
});

t.test('a package that cannot be indexed is named', (t) => {
  const { paths, incomplete, reasons } = arrange('deb', [
    candidate('announced.deb', null, { blob: null }),
    candidate('a.rpm', rpmHeader({ name: 'a' })),
    deb('installer.udeb'),
  ]);
  t.same(paths, []);
  t.same(incomplete, ['x86_64/a.rpm', 'x86_64/announced.deb', 'x86_64/installer.udeb']);
  t.match(reasons, [/rpm in an apt/, /only its metadata/, /installer/]);
  const yum = arrange('rpm', [deb('a.deb'), candidate('b.rpm', null, { blob: null })]);
  t.same(yum.paths, []);
  t.match(yum.reasons, [/deb in an rpm/, /only its metadata/]);
  const raw = arrange('raw', [candidate('b', null, { blob: null })]);
  t.match(raw.reasons, [/only its metadata/]);
  t.end();
});

t.test('a .dsc stands beside its files, or is left out and named', (t) => {
  const tarball = candidate('foo_1.orig.tar.gz', null, { bytes: 'tar' });
  const named = [dscFile('foo_1.orig.tar.gz', 'tar')];
  const dsc = candidate('foo_1.dsc', dscHeader('foo', named));
  t.same(arrange('deb', [dsc, tarball]).paths, [
    'pool/main/f/foo/foo_1.dsc',
    'pool/main/f/foo/foo_1.orig.tar.gz',
  ]);

  const missing = arrange('deb', [dsc]);
  t.same([missing.paths, missing.incomplete], [[], ['x86_64/foo_1.dsc']]);
  t.match(missing.reasons, [/foo_1\.orig\.tar\.gz.*missing/]);
  const announced = candidate('foo_1.orig.tar.gz', null, { blob: null });
  t.match(arrange('deb', [dsc, announced]).reasons, [/metadata/, /missing/]);

  const wrong = candidate('foo_1.orig.tar.gz', null, { bytes: 'rat' });
  const other = arrange('deb', [dsc, wrong]);
  t.same([other.paths, other.incomplete], [[], ['x86_64/foo_1.dsc']]);
  t.match(other.reasons, [/other bytes/]);

  const both = arrange('deb', [{ ...wrong, pick: { ...wrong.pick, arch: 'arm64' } }, dsc, tarball]);
  t.equal(both.packages[1]?.sha256, blobOf('tar').sha256, 'the file that it means, not the first');
  t.same(both.incomplete, []);

  const md5Only = named.map((file) => ({ ...file, sha256: null }));
  const old = arrange('deb', [candidate('foo_1.dsc', dscHeader('foo', md5Only)), tarball]);
  t.equal(old.paths.length, 2, 'a .dsc without sha256 is known by size');

  const next = candidate('foo_2.dsc', dscHeader('foo', named, '2.0-1'));
  t.same(arrange('deb', [next, dsc, tarball]).superseded, ['x86_64/foo_1.dsc']);
  t.end();
});

t.test('rpms stand in the directory of their header arch, every version of them', (t) => {
  const rpm = (name: string, fields = {}, pick = {}) =>
    candidate(name, rpmHeader({ name: 'foo', ...fields }), { suite: '', ...pick });
  const candidates = [
    rpm('named-x86_64.rpm', { arch: 'aarch64' }),
    rpm('foo-1.rpm'),
    rpm('foo-2.rpm', { version: '2' }),
    rpm('foo.i686.rpm', { arch: 'i686' }),
    rpm('foo.src.rpm', { arch: 'src' }),
    rpm('bar.nosrc.rpm', { name: 'bar', arch: 'nosrc' }),
    rpm('doc.rpm', { name: 'doc', arch: 'noarch' }, { time: 1 }),
    rpm('doc.rpm', { name: 'doc', arch: 'noarch' }, { time: 2, arch: 'arm64', bytes: 'x' }),
    candidate('cephadm', null, { suite: '' }),
  ];
  const { paths, shadowed, reasons, root } = arrange('rpm', candidates, { distro: 'centos' });
  t.same(paths, [
    'SRPMS/bar.nosrc.rpm',
    'SRPMS/foo.src.rpm',
    'aarch64/named-x86_64.rpm',
    'i686/foo.i686.rpm',
    'noarch/cephadm',
    'noarch/doc.rpm',
    'x86_64/foo-1.rpm',
    'x86_64/foo-2.rpm',
  ]);
  t.same(shadowed, ['arm64/doc.rpm']);
  t.match(reasons, [/another doc-0:1-1\.noarch/]);
  t.same(root, { type: 'rpm', suites: [], singleRoot: false });
  for (const distro of ['opensuse', 'sle']) {
    t.equal(arrange('rpm', candidates, { distro }).root.singleRoot, true, distro);
  }
  t.end();
});

t.test('raw files stand as they were uploaded', (t) => {
  const { paths } = arrange('raw', [
    deb('a.deb'),
    candidate('a.deb', null, { arch: 'arm64', bytes: 'x' }),
    candidate('wnbd.msi', null, { arch: '1809' }),
  ]);
  t.same(paths, ['1809/wnbd.msi', 'arm64/a.deb', 'x86_64/a.deb']);
  t.end();
});

t.test('a path that is taken by other bytes is left to them', (t) => {
  const taken: TakenPath = (path) =>
    path.endsWith('foo_1.0-1_amd64.deb') ? blobOf('kept').sha256 : undefined;
  const hash = blobOf('new').sha256.slice(0, 8);
  const force = arrange('deb', [deb('a.deb', {}, { bytes: 'new' })], { taken });
  t.same(force.paths, [`pool/main/f/foo/${hash}/foo_1.0-1_amd64.deb`]);
  const same = arrange('deb', [deb('a.deb', {}, { bytes: 'kept' })], { taken });
  t.same(same.paths, ['pool/main/f/foo/foo_1.0-1_amd64.deb']);

  const jammy = deb('a.deb', {}, { suite: 'jammy', bytes: 'jammy', time: 2 });
  const combined = arrange('deb', [deb('a.deb'), jammy]);
  t.same(combined.paths, [
    `pool/main/f/foo/${blobOf('jammy').sha256.slice(0, 8)}/foo_1.0-1_amd64.deb`,
    'pool/main/f/foo/foo_1.0-1_amd64.deb',
  ]);
  t.same(combined.shadowed, [], 'two codenames do not compete');
  t.end();
});

const anyDeb = fc
  .record({
    name: fc.constantFrom('a.deb', 'b.deb', 'c.ddeb'),
    arch: fc.constantFrom('x86_64', 'arm64'),
    bytes: fc.constantFrom('1', '2', '3'),
    time: fc.integer({ min: 1, max: 2 }),
    suite: fc.constantFrom('noble', 'jammy'),
    package: fc.constantFrom('foo', 'bar'),
    version: fc.constantFrom('1', '1.0', '1:0', '1~'),
    architecture: fc.constantFrom('all', 'amd64'),
  })
  .map(({ package: name, version, architecture, ...pick }) => {
    // As in a blob store: equal bytes have an equal header.
    const bytes = `${name} ${version} ${architecture} ${pick.bytes}`;
    return candidate(pick.name, debHeader({ package: name, version, architecture }), {
      ...pick,
      bytes,
    });
  });
const anyRpm = fc
  .record({
    name: fc.constantFrom('a.rpm', 'b.rpm', 'cephadm'),
    arch: fc.constantFrom('x86_64', 'arm64'),
    bytes: fc.constantFrom('1', '2', '3'),
    time: fc.integer({ min: 1, max: 2 }),
    of: fc.constantFrom('foo', 'bar', null),
  })
  .map(({ of, ...pick }) => {
    const header = of === null ? null : rpmHeader({ name: of });
    return candidate(pick.name, header, { ...pick, bytes: `${of} ${pick.bytes}`, suite: '' });
  });

t.test('no package vanishes, no path leads to two blobs, and upload order changes nothing', (t) => {
  for (const [type, one] of [
    ['deb', anyDeb],
    ['rpm', anyRpm],
    ['raw', anyRpm],
  ] as const) {
    const unique = fc.uniqueArray(one, {
      maxLength: 12,
      selector: ({ pick }) => `${pick.suite}/${pick.arch}/${pick.name}`,
    });
    const law = fc.property(unique, fc.array(fc.nat(), { minLength: 12 }), (candidates, order) => {
      const result = arrange(type, candidates);
      const kept = new Set(result.packages.map(({ sha256 }) => sha256));
      const named = new Set([...result.shadowed, ...result.superseded, ...result.incomplete]);
      for (const { pick } of candidates) {
        if (pick.blob !== null && kept.has(pick.blob.sha256)) continue;
        if (!named.has(`${pick.arch}/${pick.name}`)) return false;
      }
      const byPath = new Map(result.packages.map(({ path, sha256 }) => [path, sha256]));
      if (result.packages.some(({ path, sha256 }) => byPath.get(path) !== sha256)) return false;
      const shuffled = candidates
        .map((item, index) => ({ item, at: order[index] ?? 0 }))
        .sort((a, b) => a.at - b.at)
        .map(({ item }) => item);
      if (!isDeepStrictEqual(arrange(type, shuffled), result)) return false;

      // The next state of the repo: whatever an old index names keeps its bytes.
      const changed = candidates.map(({ pick, header }, index) =>
        index % 2 === 0
          ? candidate(pick.name, header, { ...pick, blob: blobOf(`new ${index}`) })
          : { pick, header },
      );
      const later = arrange(type, changed, { taken: (path) => byPath.get(path) });
      return later.packages.every(({ path, sha256 }) => (byPath.get(path) ?? sha256) === sha256);
    });
    t.doesNotThrow(() => fc.assert(law, { numRuns: 300 }), type);
  }
  t.end();
});
