import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { DISTROS } from '../../services/domain/distros.ts';
import { checkoutFolder } from '../../services/cli/checkout-folder.ts';
import { GroovyEngine } from '../../services/cli/pipeline/groovy-engine.ts';
import { JAVA } from '../fixtures/java.ts';
import { testFolder } from '../fixtures/test-folder.ts';

interface Plan {
  readonly wanted: Readonly<Record<'distros' | 'archs' | 'flavors', readonly string[]>>;
  readonly plan: {
    readonly cells?: readonly { readonly name: string; readonly label: string }[];
    readonly excluded?: readonly string[];
    readonly problem?: string;
  };
}

interface Asked {
  readonly asked?: Readonly<Record<string, string>>;
  readonly rules: object;
  readonly ref?: string;
  readonly message?: string;
}

/** Plans builds by the library's own classes, in the sandbox; data goes in and comes out as JSON. */
const SCRIPT = `
import org.ceph.gitbuilder.Asked
import org.ceph.gitbuilder.Matrix
import org.ceph.gitbuilder.Platforms
import org.ceph.gitbuilder.Summary

def answers = []
for (each in readJSON(text: params.ASKED)) {
  Map wanted = Matrix.wanted(each.asked ?: [:], each.rules, each.ref ?: 'main', each.message ?: '')
  answers << [wanted: wanted, plan: Matrix.plan(wanted, each.rules, '{arch} && {platform}')]
}
Map build = [project: 'hello', ref: 'main', sha1: 'a' * 40, version: '1-2-g3', cells: answers[0].plan.cells,
  results: [('noble x86_64 default'): [state: 'built', url: 'http://c/r/', chacraUrl: 'http://c/repos/x/']]]
currentBuild.description = writeJSON(returnText: true, json: [
  answers: answers,
  codenames: Platforms.CODENAMES,
  summary: Summary.text(build),
  pasted: Summary.text(build + [project: 'a;reboot\\$(id)']),
  failed: Summary.failed(build),
  refs: ['refs/heads/wip/x', 'origin/main', 'v1'].collect { Asked.refOf(it) },
  projects: ['https://x/ceph-ci.git', 'git@x:a/hello', '/srv/git/p/'].collect { Asked.projectOf(it) },
  repositories: [null, 'b', 'https://z'].collect { Asked.repository(it, [repositories: [a: 'A', b: 'B']]) },
])`;

t.test('what a build consists of', JAVA, async (t) => {
  const engine = await GroovyEngine.start();
  t.teardown(() => engine.stop());
  const ceph = JSON.parse(
    readFileSync(join(checkoutFolder(), 'docs/examples/ceph/gitbuilder.json'), 'utf8'),
  ) as { branches: object[]; excludes: object[] };
  const everything =
    'centos9 centos10 rocky9 rocky10 focal jammy noble bookworm trixie windows'.split(' ');
  const all = { distros: everything.join(' '), archs: 'x86_64,arm64', flavors: 'default debug' };
  const hello = {
    defaults: { distros: 'noble centos9', archs: 'x86_64' },
    branches: [{ match: 'stable-*', distros: ['jammy'] }],
    trailers: ['DISTROS', 'CI_COMPILE'],
  };
  const asked: Readonly<Record<string, Asked>> = {
    defaults: { rules: hello },
    branch: { rules: hello, ref: 'stable-1' },
    trailer: {
      rules: hello,
      ref: 'stable-1',
      message: 'Fix\n\nbody\n\nDISTROS: trixie focal\nARCHS: arm64\n',
    },
    parameter: { rules: hello, asked: { distros: 'bookworm' }, message: 'x\n\nDISTROS: trixie' },
    unknown: { rules: hello, asked: { distros: 'plan9front' } },
    nothing: { rules: { ...hello, excludes: [{ arch: '*' }] } },
    unnamed: { rules: {}, asked: { archs: 'x86_64' } },
    own: {
      rules: {
        platforms: { mine: { distro: 'hurd', distroVersion: 1, kind: 'deb' } },
        label: 'big && {distro}-{distroVersion}-{flavor}',
      },
      asked: { distros: 'mine leap15.6', archs: 'x86_64' },
    },
    cephAll: { rules: ceph, asked: all },
    cephMain: { rules: ceph, ref: 'main' },
    cephReef: { rules: ceph, ref: 'wip-reef-backport' },
    cephTentacle: { rules: ceph, ref: 'tentacle' },
    cephOther: { rules: ceph, ref: 'wip-mine' },
  };
  const build = engine.run({
    script: SCRIPT,
    folder: testFolder(t),
    strict: true,
    parameters: { ASKED: JSON.stringify(Object.values(asked)) },
  });
  const end = await build.ended;
  t.equal(end.result, 'SUCCESS', build.log.join('\n'));
  t.strictSame(end.mismatches, []);
  const said = JSON.parse(end.description ?? '') as {
    answers: Plan[];
    codenames: Record<string, string[]>;
    summary: string;
    pasted: string;
  } & Record<string, unknown>;
  const of = (name: string): Plan => {
    const found = said.answers[Object.keys(asked).indexOf(name)];
    if (found === undefined) throw new TypeError(name);
    return found;
  };
  const names = (name: string) => of(name).plan.cells?.map((cell) => cell.name);

  t.strictSame(names('defaults'), ['noble x86_64 default', 'centos9 x86_64 default']);
  t.equal(of('defaults').plan.cells?.[0]?.label, 'x86_64 && noble');
  t.strictSame(of('branch').wanted.distros, ['jammy'], 'the rule of its branch');
  t.strictSame(of('trailer').wanted, {
    distros: ['trixie', 'focal'],
    archs: ['x86_64'],
    flavors: ['default'],
  });
  t.strictSame(of('parameter').wanted.distros, ['bookworm'], 'who asks by hand is obeyed');
  t.match(
    said.pasted,
    /-o \/etc\/apt\/sources\.list\.d\/a_reboot__id_\.sources 'http/,
    'no shell text',
  );
  t.match(of('unknown').plan.problem, /'plan9front' is no platform/);
  t.match(of('nothing').plan.problem, /the rules exclude all that was asked for: distros noble/);
  t.match(of('unnamed').plan.problem, /no distros are named: fill in DISTROS, or give/);
  t.match(of('own').plan.cells, [
    { distro: 'hurd', distroVersion: '1', kind: 'deb', label: 'big && hurd-1-default' },
    { distro: 'opensuse', distroVersion: '15.6', kind: 'rpm' },
  ]);

  t.equal(names('cephAll')?.length, 21, "the matrix of Ceph's pipeline");
  t.strictSame(
    names('cephAll')
      ?.filter((name) => name.endsWith('debug'))
      .sort(),
    ['centos9 x86_64 debug', 'noble x86_64 debug', 'rocky10 x86_64 debug'],
  );
  t.equal(
    of('cephAll').plan.cells?.[0]?.label,
    '(installed-os-centos9||installed-os-noble)&&x86_64&&gigantic',
  );
  t.match(of('cephMain').wanted, { archs: ['x86_64', 'arm64'], flavors: ['default'] });
  t.match(of('cephReef').wanted.distros, ['centos9', 'jammy', 'focal', 'windows']);
  t.match(of('cephTentacle').wanted, { archs: ['x86_64', 'arm64'], flavors: ['default', 'debug'] });
  t.match(of('cephOther').wanted, { archs: ['x86_64'], flavors: ['default', 'debug'] });

  for (const [distro, codenames] of Object.entries(said.codenames)) {
    const known = Object.keys(DISTROS[distro] ?? {});
    t.strictSame(
      codenames.filter((name) => !known.includes(name)),
      [],
      `${distro}: also known to the services`,
    );
    t.equal(codenames.at(-1), known.at(-1), `${distro}: the latest release is here too`);
  }
  t.match(said, {
    failed: ['centos9 x86_64 default'],
    refs: ['wip/x', 'main', 'v1'],
    projects: ['ceph-ci', 'hello', 'p'],
    repositories: ['A', 'B', 'https://z'],
  });
  t.match(
    said.summary,
    /^noble x86_64 default {4}built {2}http:\/\/c\/r\/\ncentos9 x86_64 default {2}not begun$[^]*sources\.list\.d\/hello\.sources 'http:\/\/c\/repos\/x\/repo\?format=sources'$/m,
  );
});
