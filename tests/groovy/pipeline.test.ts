import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { aptRoot } from '../../services/cli/demo/apt-root.ts';
import { PROGRAM } from '../../services/cli/demo/demo-project.ts';
import { dnfRoot } from '../../services/cli/demo/rpm-root.ts';
import type { BuildOrder } from '../../services/cli/pipeline/engine-build.ts';
import { checkoutFolder } from '../../services/cli/checkout-folder.ts';
import { GroovyEngine } from '../../services/cli/pipeline/groovy-engine.ts';
import { makePipelineProject } from '../../services/cli/pipeline/pipeline-project.ts';
import { makeCephSource } from '../fixtures/ceph-source.ts';
import { filesBelow } from '../fixtures/files-below.ts';
import { JAVA } from '../fixtures/java.ts';
import { startPipelineServices } from '../fixtures/pipeline-services.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { startRestartable } from '../fixtures/restartable.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { needs } from '../fixtures/tool.ts';

const TOOLS = needs(
  ['git', 'git'],
  ['curl', 'curl'],
  ['dpkg-buildpackage', 'dpkg-dev'],
  ['make', 'make'],
  ['rpmbuild', 'rpm'],
  ['apt-get', 'apt'],
  ['dnf', 'dnf'],
  ['strace', 'strace'],
);

/** A build of the project's own: one small package, named for its cell; it can be told to break or to hang. */
const BUILD_SCRIPT = `#!/bin/sh
set -eu
cell="$GITBUILDER_PLATFORM $GITBUILDER_ARCH $GITBUILDER_FLAVOR"
echo "building $cell"
if [ "$cell" = "\${BROKEN:-}" ]; then echo 'this cell is broken' >&2; exit 3; fi
if [ -e "\${HANG:-/nonexistent}" ]; then sleep 3600; fi
name=$(echo "cell-$cell" | tr ' _' '--')
case $GITBUILDER_KIND in
  deb)
    mkdir -p tree/DEBIAN
    printf '%s\\n' "Package: $name" 'Version: 1' 'Architecture: all' 'Maintainer: a <a@b>' 'Description: x' >tree/DEBIAN/control
    dpkg-deb --root-owner-group --build tree "$GITBUILDER_OUT/\${name}_1_all.deb"
    ;;
  rpm)
    printf '%s\\n' "Name: $name" 'Version: 1' 'Release: 1' 'Summary: x' 'License: MIT' 'BuildArch: noarch' '%description' 'x' '%files' >cell.spec
    rpmbuild --quiet --define "_topdir $PWD/top" -bb cell.spec
    mv top/RPMS/noarch/*.rpm "$GITBUILDER_OUT/"
    ;;
esac
`;

t.test(
  'from a ref to installed packages, whatever happens on the way',
  { ...TOOLS, ...JAVA },
  async (t) => {
    const folder = testFolder(t);
    const [engine, services] = await Promise.all([
      GroovyEngine.start(),
      startPipelineServices(t, join(folder, 'services')),
    ]);
    t.teardown(() => engine.stop());
    const { shaman, chacra, key } = services;
    const jenkinsfile = readFileSync(join(checkoutFolder(), 'Jenkinsfile'), 'utf8');
    let number = 0;

    const start = (project: { folder: string }, order: Partial<BuildOrder> = {}) => {
      number += 1;
      const own = join(folder, `build${number}`);
      mkdirSync(own);
      const build = engine.run({
        script: jenkinsfile,
        folder: own,
        scm: { url: project.folder, branch: 'main' },
        credentials: { gitbuilder: { username: 'jenkins', password: key } },
        speed: 20,
        ...order,
        env: {
          GITBUILDER_SHAMAN: shaman.url,
          DPKG_BUILDPACKAGE_OPTIONS: '-d',
          BUILD_NUMBER: String(number),
          ...order.env,
        },
      });
      return { build, own };
    };
    /** Runs a build to its end, and holds it to what every build must keep. */
    const run = async (project: { folder: string }, order: Partial<BuildOrder> = {}) => {
      const { build, own } = start(project, order);
      const end = await build.ended;
      const log = build.log.join('\n');
      t.strictSame(end.mismatches, [], 'no CPS code was called from native code');
      t.strictSame(end.leaks, [], 'no secret is where it can be read');
      t.strictSame(end.env, {}, 'nothing is kept in env');
      return { end, log, own };
    };
    const project = (name: string, rules: object) =>
      makePipelineProject(
        join(folder, name),
        { project: name, label: '{arch} && {platform}', ...rules },
        { 'ci/build.sh': BUILD_SCRIPT },
      );

    await t.test('the packaging of the project, with every class loaded anew', async (t) => {
      const hello = await makePipelineProject(join(folder, 'hello'), {
        project: 'hello',
        defaults: { distros: 'bookworm centos9', archs: 'x86_64' },
      });
      const trace = join(folder, 'argv');
      const runBy = [
        'strace',
        '-f',
        '--seccomp-bpf',
        '-A',
        '-e',
        'trace=execve',
        '-s',
        '9999',
        '-o',
        trace,
      ];
      const { end, log, own } = await run(hello, { strict: true, runBy });
      t.equal(end.result, 'SUCCESS', log);
      t.match(
        end.description,
        /^hello main [0-9a-f]{12} 0-1-g[0-9a-f]{12}: 2 built\nbookworm x86_64 default {2}built {2}http/,
      );
      t.strictSame(await services.builds('hello', hello.sha1), [
        'centos/9 x86_64 default: completed',
        'debian/12 x86_64 default: completed',
      ]);
      const basic = Buffer.from(`jenkins:${key}`).toString('base64');
      for (const [what, text] of [
        ['argv', readFileSync(trace, 'latin1')],
        ['the log', log],
        ...filesBelow(own).map((file) => [file, readFileSync(file, 'latin1')]),
      ] as const) {
        t.notOk(text.includes(key) || text.includes(basic), `no key in ${what}`);
      }
      t.match(readFileSync(trace, 'latin1'), /execve\("[^"]*curl"/, 'argv was recorded');

      const sources = /curl -fsSL -o \/etc\/apt\/\S+ '(\S+)'/.exec(log)?.[1] ?? '';
      const apt = aptRoot(join(folder, 'apt'));
      apt.addSource('hello.sources', await (await fetch(sources)).text());
      await apt.aptGet('update');
      await apt.aptGet('install', PROGRAM);
      t.match(await apt.command(PROGRAM), `built from ${hello.sha1}`);
      const repo = /curl -fsSL -o \/etc\/yum\S+ '(\S+)'/.exec(log)?.[1] ?? '';
      mkdirSync(join(folder, 'dnf'));
      const dnf = dnfRoot(join(folder, 'dnf'));
      dnf.addRepo('hello.repo', await (await fetch(repo)).text());
      await dnf.run('install', PROGRAM);
      t.match(await dnf.command(PROGRAM), `built from ${hello.sha1}`);

      const again = await run(hello);
      t.match(again.end, { result: 'SUCCESS', description: /: 2 there\n/ }, again.log);
      t.notMatch(again.log, /dpkg-buildpackage/, 'nothing is built twice');
      const forced = await run(hello, { parameters: { FORCE: true, DISTROS: 'bookworm' } });
      t.match(forced.end, { result: 'SUCCESS', description: /: 1 built\n/ }, forced.log);
      t.match(await services.builds('hello', hello.sha1), /./);
    });

    await t.test('21 cells, one of which breaks; the next build makes that one only', async (t) => {
      const ceph = JSON.parse(
        readFileSync(join(checkoutFolder(), 'docs/examples/ceph/gitbuilder.json'), 'utf8'),
      ) as { excludes: object[]; label: string };
      const many = await project('many', {
        excludes: ceph.excludes,
        label: ceph.label,
        buildScript: 'ci/build.sh',
        defaults: {
          distros: 'centos9 centos10 rocky9 rocky10 focal jammy noble bookworm trixie',
          archs: 'x86_64 arm64',
          flavors: 'default debug',
        },
      });
      const first = await run(many, {
        sandbox: 'script',
        env: { BROKEN: 'jammy arm64 default' },
      });
      t.equal(first.end.result, 'FAILURE', first.log);
      t.match(first.end.description, /: 20 built, 1 failed\n|: 1 failed, 20 built\n/);
      t.match(
        first.end.description,
        /^jammy arm64 default {4,}failed {2}script returned exit code 3$/m,
      );
      t.match(first.log, /^ERROR: gitbuilder: 1 of 21 failed: jammy arm64 default$/m);
      const told = await services.builds('many', many.sha1);
      t.equal(told.length, 21);
      t.strictSame(
        told.filter((line) => !line.endsWith(': completed')),
        ['ubuntu/22.04 arm64 default: failed'],
      );
      const second = await run(many);
      t.equal(second.end.result, 'SUCCESS', second.log);
      t.match(second.end.description, /: 20 there, 1 built\n|: 1 built, 20 there\n/);
      t.strictSame(second.log.match(/\] building .*/g), ['] building jammy arm64 default']);
      const rows = (second.end.description ?? '').split('\n').slice(1);
      t.equal(rows.length, 21);
      for (const row of rows) {
        const [platform = '', arch = '', flavor = ''] = row.split(/ +/);
        const [, where = ''] = / (http\S+)$/.exec(row) ?? [];
        const place = new URL(where).pathname
          .replace('/r/', '/binaries/')
          .replace(/\/flavors\/.*$/, '');
        const answer = await fetch(new URL(`${place}/${arch}/flavors/${flavor}/`, chacra.url));
        const names = Object.keys((await answer.json()) as object);
        const own = `cell-${platform}-${arch}-${flavor}`.replaceAll('_', '-');
        t.ok(names.length === 1 && names[0]?.startsWith(`${own}`), `${row}: ${names.join()}`);
      }
    });

    await t.test("Ceph's rules and programs, beside the Jenkinsfile", async (t) => {
      const example = join(checkoutFolder(), 'docs/examples/ceph');
      const source = join(folder, 'ceph');
      const message = 'mon: mend it\n\nDISTROS: jammy centos9\nCEPH-BUILD-JOB: none of ours';
      const sha1 = makeCephSource(source, 'wip-tentacle', message);
      const rules = JSON.parse(readFileSync(join(example, 'gitbuilder.json'), 'utf8')) as {
        repositories: Record<string, string>;
      };
      rules.repositories['ceph-ci'] = source;
      const job = await makePipelineProject(
        join(folder, 'ceph-job'),
        rules,
        Object.fromEntries(
          ['make-source.sh', 'build-cell.sh'].map((name) => [
            name,
            readFileSync(join(example, name), 'utf8'),
          ]),
        ),
      );
      const page = readFileSync(join(checkoutFolder(), 'docs/pipeline.md'), 'utf8');
      const [call = ''] = /gitbuilder parameters: .*CEPH_REPO[^`]*/.exec(page) ?? [];
      const labels: string[] = [];
      const { build } = start(job, {
        script: jenkinsfile.replace('gitbuilder()', call),
        sandbox: 'all',
        parameters: { BRANCH: 'wip-tentacle', CEPH_REPO: 'ceph-ci' },
      });
      build.watch((event) => {
        if (event.event === 'agent' && event.branch !== '') labels.push(event.label);
      });
      const end = await build.ended;
      const log = build.log.join('\n');
      t.match(end, { result: 'SUCCESS', description: /: 5 built\n/, mismatches: [] }, log);
      t.match(
        log,
        /excluded by rules: jammy x86_64 debug, jammy arm64 debug, centos9 arm64 debug$/m,
      );
      const [first] = labels;
      t.match(first, '(installed-os-centos9||installed-os-noble)&&', 'as the rules say');
      t.match(new Set(labels).size, 2, 'one for each arch');
      t.match(log, /\] build centos9 rpm \S+ wip-tentacle -DCMAKE_BUILD_TYPE=Debug$/m);
      t.match(log, /\] build jammy debs \S+ wip-tentacle as usual$/m);

      const version = `19.3.0-1-g${sha1.slice(0, 8)}`;
      const ask = async (path: string) =>
        (await (await fetch(new URL(path, chacra.url))).json()) as Record<string, unknown>;
      const of = `ceph/wip-tentacle/${sha1}`;
      const debs = await ask(`binaries/${of}/ubuntu/jammy/x86_64/flavors/default/`);
      t.match(Object.keys(debs).sort(), [
        new RegExp(`^ceph-common_${version}-1jammy_`),
        `ceph_${version}-1jammy.changes`,
        'cephadm',
      ]);
      const sources = await ask(`binaries/${of}/centos/9/source/flavors/debug/`);
      t.match(Object.keys(sources), [/^ceph-common-19\.3\.0-.*\.src\.rpm$/]);
      t.match(log, /which stay$/m, 'of two cells that make a source package, the first has it');
      t.match(await ask(`repos/${of}/centos/9/flavors/debug/`), {
        status: 'ready',
        extra: {
          version,
          package_manager_version: `19.3.0-${version.slice(7).replace('-', '.')}.el9`,
        },
      });
    });

    await t.test('source of another repository than the rules; a commit, a release', async (t) => {
      const source = await makePipelineProject(join(folder, 'source'), {
        project: 'of the source',
      });
      const git = (...args: string[]) =>
        execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
          cwd: source.folder,
          encoding: 'utf8',
        });
      git('tag', '--annotate', '--message', 'x', 'v1.0');
      git('commit', '--quiet', '--allow-empty', '--message', 'More\n\nARCHS: arm64');
      const rules = {
        project: 'elsewhere',
        repositories: { upstream: source.folder },
        defaults: { distros: 'bookworm', archs: 'x86_64' },
        trailers: ['ARCHS'],
      };
      const job = await makePipelineProject(
        join(folder, 'job'),
        { ...rules, buildScript: 'cell.sh' },
        { 'cell.sh': BUILD_SCRIPT, 'release.json': JSON.stringify(rules) },
      );
      const tip = await run(job, { parameters: { THROWAWAY: true } });
      t.match(
        tip.end,
        { result: 'SUCCESS', description: /^elsewhere main [0-9a-f]{12} 1\.0-1-g/ },
        tip.log,
      );
      t.match(
        tip.log,
        /\] building bookworm arm64 default$/m,
        'as the trailer says, by the program beside the rules',
      );
      const commit = await run(job, { parameters: { THROWAWAY: true, SHA1: source.sha1 } });
      const shown = `elsewhere main ${source.sha1.slice(0, 12)} 1.0-0-g${source.sha1.slice(0, 7)}`;
      t.ok(commit.end.description?.startsWith(shown), commit.log);
      t.match(commit.log, /\] building bookworm x86_64 default$/m);

      const release = await run(job, {
        env: { GITBUILDER_RULES_FILE: 'release.json' },
        parameters: { BRANCH: 'v1.0', RELEASE: true, REPOSITORY: 'upstream' },
      });
      t.match(
        release.end,
        { result: 'SUCCESS', description: /^elsewhere v1\.0 [0-9a-f]{12} 1\.0: 1 built$/m },
        release.log,
      );
      const place = `binaries/elsewhere/v1.0/${source.sha1}/debian/bookworm/x86_64/flavors/default/`;
      const stored = (await (await fetch(new URL(place, chacra.url))).json()) as object;
      t.ok(`${PROGRAM}_1.0-1bookworm_all.deb` in stored, Object.keys(stored).join());
    });

    await t.test('THROWAWAY, an abort, a lost agent', async (t) => {
      const rules = {
        buildScript: 'ci/build.sh',
        defaults: { distros: 'noble bookworm', archs: 'x86_64' },
      };
      const thrown = await project('thrown', rules);
      const nothing = await run(thrown, { sandbox: 'none', parameters: { THROWAWAY: true } });
      t.match(nothing.end, { result: 'SUCCESS', description: /: 2 thrown away\n/ }, nothing.log);
      t.equal(
        (await fetch(new URL('binaries/thrown/', chacra.url))).status,
        404,
        'nothing was uploaded',
      );
      t.strictSame(await services.builds('thrown', thrown.sha1), [
        'debian/12 x86_64 default: completed',
        'ubuntu/24.04 x86_64 default: completed',
      ]);

      const stopped = await project('stopped', rules);
      const { build } = start(stopped, { env: { HANG: stopped.folder } });
      let begun = 0;
      build.watch((event) => {
        if (event.event === 'log' && /\] building /.test(event.text) && ++begun === 2)
          build.abort();
      });
      const end = await build.ended;
      t.match(end, { result: 'ABORTED', description: /: 2 aborted\n/ }, build.log.join('\n'));
      t.strictSame(await services.builds('stopped', stopped.sha1), [
        'debian/12 x86_64 default: aborted',
        'ubuntu/24.04 x86_64 default: aborted',
      ]);

      const lost = await project('lost', {
        ...rules,
        defaults: { distros: 'noble', archs: 'x86_64' },
      });
      // As an earlier try of the cell may have left it: no build makes the same bytes twice.
      const place = `binaries/lost/main/${lost.sha1}/ubuntu/noble/x86_64/flavors/default/`;
      const name = 'cell-noble-x86-64-default_1_all.deb';
      const left = await fetch(new URL(place + name, chacra.url), {
        method: 'PUT',
        headers: { authorization: `Basic ${Buffer.from(`jenkins:${key}`).toString('base64')}` },
        body: Uint8Array.from(someDeb().bytes),
      });
      t.equal(left.status, 201, await left.text());
      const hang = join(folder, 'hang');
      mkdirSync(hang);
      const losing = start(lost, { env: { HANG: hang } });
      let agent = '';
      losing.build.watch((event) => {
        if (event.event === 'agent') agent = event.name;
        if (event.event !== 'log' || !/\] building /.test(event.text) || agent === '') return;
        if (losing.build.log.filter((line) => /\] building /.test(line)).length > 1) return;
        rmSync(hang, { recursive: true });
        losing.build.loseAgent(agent);
      });
      t.match(
        await losing.build.ended,
        { result: 'SUCCESS', description: /: 1 built\n/ },
        losing.build.log.join('\n'),
      );
      t.match(losing.build.log.join('\n'), /Retrying/);
      t.match(losing.build.log.join('\n'), /uploaded +1 files/, 'in place of what was left');
      t.strictSame(await services.builds('lost', lost.sha1), [
        'ubuntu/24.04 x86_64 default: completed',
      ]);
    });

    await t.test('no node is healthy, and shaman is away', async (t) => {
      const rules = { buildScript: 'ci/build.sh', defaults: { distros: 'noble', archs: 'x86_64' } };
      const nowhere = await project('nowhere', rules);
      const lonely = await startRestartable(t, 'shaman', join(folder, 'lonely'), (listen) =>
        readFileSync(join(folder, 'services/shaman/gitbuilder.yaml'), 'utf8').replace(
          /listen: "[^"]*"/,
          `listen: "${listen}"`,
        ),
      );
      const { end, log, own } = await run(nowhere, { env: { GITBUILDER_SHAMAN: lonely.url } });
      t.equal(end.result, 'FAILURE');
      t.match(log, /^ERROR: shamanNextNode: .*node/m, 'says why');
      t.notMatch(log, /building/, 'nothing is built for nowhere');
      for (const file of filesBelow(own)) t.notMatch(readFileSync(file, 'latin1'), /<html/i, file);

      const away = await project('away', rules);
      const { build } = start(away, { speed: 4 });
      let ended: Promise<void> | null = null;
      build.watch((event) => {
        if (event.event !== 'log') return;
        if (ended === null && /\] building /.test(event.text))
          ended = shaman.end('SIGKILL').then(() => shaman.start());
      });
      t.match(
        await build.ended,
        { result: 'SUCCESS', description: /: 1 built\n/ },
        build.log.join('\n'),
      );
      t.strictSame(await services.builds('away', away.sha1), [
        'ubuntu/24.04 x86_64 default: completed',
      ]);
      await shaman.end('SIGKILL');
      const gone = await run(away, { speed: 1000 });
      t.equal(gone.end.result, 'FAILURE');
      t.match(gone.log, /^ERROR: shaman\w+: shaman does not answer: /m);
    });
  },
);
