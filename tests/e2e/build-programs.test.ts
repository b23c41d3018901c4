import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { PROGRAM } from '../../services/cli/demo/demo-project.ts';
import { runTool } from '../../services/cli/demo/run-tool.ts';
import { makePipelineProject } from '../../services/cli/pipeline/pipeline-project.ts';
import { makeCephSource } from '../fixtures/ceph-source.ts';
import { LIBRARY } from '../fixtures/groovy.ts';
import { SHELLS, SHELL_TOOLS } from '../fixtures/step-body.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { needs } from '../fixtures/tool.ts';

const EXAMPLE = fileURLToPath(new URL('../../docs/examples/ceph', import.meta.url));
const TOOLS = needs(
  ...SHELL_TOOLS,
  ['git', 'git'],
  ['tar', 'tar'],
  ['bzip2', 'bzip2'],
  ['python3', 'python3'],
  ['dpkg-deb', 'dpkg'],
  ['rpmbuild', 'rpm'],
  ['make', 'make'],
  ['dpkg-buildpackage', 'dpkg-dev'],
);
const PROGRAMS = join(LIBRARY, 'resources/org/ceph/gitbuilder');
const REF = 'wip/fix';

/** A cell, and what is expected of it; VERSION is that of the source. */
const CELLS = [
  {
    cell: { PLATFORM: 'noble', KIND: 'deb', ARCH: 'x86_64', FLAVOR: 'default' },
    says: 'build noble debs quay.io/ceph-ci/ceph-build wip-fix as usual',
    version: 'VERSION-1noble',
    leaves: [
      /^ceph-common_VERSION-1noble_\w+\.deb$/,
      /^ceph_VERSION-1noble\.changes$/,
      /^cephadm$/,
    ],
  },
  {
    cell: { PLATFORM: 'centos9', KIND: 'rpm', ARCH: 'x86_64', FLAVOR: 'debug' },
    says: 'build centos9 rpm quay.io/ceph-ci/ceph-build wip-fix -DCMAKE_BUILD_TYPE=Debug',
    version: '19.3.0-RELEASE.el9',
    leaves: [
      /^ceph-common-19\.3\.0-RELEASE\.el9\.src\.rpm$/,
      /^ceph-common-19\.3\.0-RELEASE\.el9\.\w+\.rpm$/,
      /^cephadm$/,
    ],
  },
] as const;

for (const [name, shell] of Object.entries(SHELLS)) {
  t.test(`the programs of Ceph's example in ${name}`, TOOLS, async (t) => {
    const folder = testFolder(t);
    const source = join(folder, 'source');
    const sha1 = makeCephSource(source, 'main', 'Second');
    const run = async (script: string, cwd: string, env: Readonly<Record<string, string>> = {}) => {
      const { status, output } = await runTool([...shell, script], {
        cwd,
        env: { GITBUILDER_SHA1: sha1, GITBUILDER_REF: REF, ...env },
      });
      t.equal(status, 0, output);
      return output;
    };
    const dist = join(source, 'dist');
    await runTool(['mkdir', dist]);
    await run(join(EXAMPLE, 'make-source.sh'), source);
    const version = readFileSync(join(dist, 'version'), 'utf8').trim();
    t.equal(version, `19.3.0-1-g${sha1.slice(0, 8)}`, 'tag, commits since, sha1');
    t.strictSame(readdirSync(dist), ['branch', 'sha1', 'source.tar.gz', 'version']);
    t.match(await runTool(['git', 'status', '--short'], { cwd: source }), {
      output: /^\?\? dist\/\n$/,
    });

    const expected = (text: string) =>
      text.replace('VERSION', version).replace('RELEASE', version.slice(7).replace('-', '.'));
    for (const { cell, says, version: ofPackages, leaves } of CELLS) {
      // As run-build-script.sh calls it: beside dist/ and out/, in the source.
      const own = join(folder, cell.PLATFORM);
      await runTool(['mkdir', own]);
      await runTool(['cp', '-r', dist, own]);
      writeFileSync(join(own, 'dist/build-script'), inShell('build-cell.sh', shell), {
        mode: 0o755,
      });
      const output = await run(
        join(PROGRAMS, 'run-build-script.sh'),
        own,
        Object.fromEntries(
          Object.entries(cell).map(([key, value]) => [`GITBUILDER_${key}`, value]),
        ),
      );
      t.ok(output.includes(`${says}\n`), output);
      t.equal(readFileSync(join(own, 'dist/package-version'), 'utf8').trim(), expected(ofPackages));
      const left = readdirSync(join(own, 'out')).sort();
      t.match(
        left,
        leaves.map(({ source: pattern }) => new RegExp(expected(pattern))),
        left.join(),
      );
      t.equal(left.length, leaves.length, left.join());
    }
  });
}

for (const [name, shell] of Object.entries(SHELLS)) {
  t.test(`source, deb and rpm by the usual way in ${name}`, TOOLS, async (t) => {
    const folder = testFolder(t);
    const { folder: source, sha1 } = await makePipelineProject(join(folder, 'source'), {});
    const part = await makePipelineProject(join(folder, 'part'), {}, { 'a file': 'of the part' });
    const git = async (...args: string[]) => {
      const author = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
      const ran = await runTool(['git', '-c', 'protocol.file.allow=always', ...author, ...args], {
        cwd: source,
      });
      t.equal(ran.status, 0, ran.output);
    };
    const env = {
      ...{ GITBUILDER_PROJECT: 'hello', GITBUILDER_REF: 'v1.0', GITBUILDER_SHA1: sha1 },
      DPKG_BUILDPACKAGE_OPTIONS: '-d',
    };
    const run = async (program: string, cwd: string, more: Readonly<Record<string, string>>) => {
      const ran = await runTool([...shell, join(PROGRAMS, program)], {
        cwd,
        env: { ...env, ...more },
      });
      t.equal(ran.status, 0, ran.output);
    };
    const dist = (file: string) => readFileSync(join(source, 'dist', file), 'utf8').trim();

    await git('tag', '--annotate', '--message', 'x', 'v1.0');
    await run('prepare-source.sh', source, { GITBUILDER_RELEASE: 'true' });
    t.equal(dist('version'), '1.0', 'of a release: its tag');
    await git('submodule', '--quiet', 'add', part.folder, 'sub/part');
    await git('commit', '--quiet', '--message', 'With a part');
    await run('prepare-source.sh', source, { GITBUILDER_RELEASE: 'false' });
    t.match(dist('version'), /^1\.0-1-g[0-9a-f]{7,}$/, 'of a commit: tag, commits since, sha1');
    t.strictSame(readdirSync(join(source, 'dist')), [
      ...['branch', 'date', 'sha1', 'source.tar.gz', 'version'],
    ]);
    const { output: files } = await runTool(['tar', '-tzf', join(source, 'dist/source.tar.gz')]);
    t.match(files, /^debian\/control$/m);
    t.match(files, /^sub\/part\/a file$/m, 'what it holds of others comes with it');

    const commit = dist('version').replace(/^1\.0-/, '');
    const built: readonly [program: string, env: Record<string, string>, left: RegExp[]][] = [
      [
        'build-deb.sh',
        { GITBUILDER_DISTRO: 'ubuntu', GITBUILDER_DISTRO_VERSION: 'noble' },
        [
          new RegExp(`^${PROGRAM}_1\\.0\\+${commit.replace('-', '')}-1noble_all\\.deb$`),
          /_\w+\.buildinfo$/,
          /\.changes$/,
        ],
      ],
      [
        'build-rpm.sh',
        { GITBUILDER_DISTRO: 'centos', GITBUILDER_DISTRO_VERSION: '9' },
        ['noarch', 'src'].map(
          (arch) =>
            new RegExp(`^${PROGRAM}-1\\.0-${commit.replace('-', '\\.')}\\.\\w+\\.${arch}\\.rpm$`),
        ),
      ],
    ];
    for (const [program, cell, left] of built) {
      const own = join(folder, program);
      await runTool(['mkdir', own]);
      await runTool(['cp', '-r', join(source, 'dist'), own]);
      await run(program, own, { ...cell, GITBUILDER_RELEASE: 'false' });
      const found = readdirSync(join(own, 'out'));
      for (const pattern of left)
        t.ok(
          found.some((file) => pattern.test(file)),
          `${pattern}: ${found.join()}`,
        );
      t.equal(found.length, left.length, found.join());
    }
  });
}

/** A program of the example for this shell instead of the one that /bin/sh is. */
function inShell(program: string, shell: readonly string[]): string {
  const text = readFileSync(join(EXAMPLE, program), 'utf8');
  return text.replace(/^#!\/bin\/sh\n/, `#!/usr/bin/env -S ${shell.join(' ')}\n`);
}
