import { join } from 'node:path';
import t from 'tap';
import { aptRoot } from '../../services/cli/demo/apt-root.ts';
import { dnfRoot } from '../../services/cli/demo/rpm-root.ts';
import { mustRun } from '../../services/cli/demo/run-tool.ts';
import { KEY } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { docBlocks, isAsShown } from '../fixtures/doc-blocks.ts';
import { until } from '../fixtures/exported.ts';
import { startSignedNode, untilPublished } from '../fixtures/signed-node.ts';
import { someBuiltRpm, someDeb } from '../fixtures/some-packages.ts';
import { needs } from '../fixtures/tool.ts';

const PICKERS = ['operations.md', 'What stands in a repository'] as const;
const GENERATIONS = ['operations.md', 'Earlier generations'] as const;
const TOOLS = needs(['apt-get', 'apt'], ['gpgv', 'gpgv'], ['curl', 'curl'], ['dnf', 'dnf']);
const SHA1 = '0123456789012345678901234567890123456789';
const repoOf = (project: string, on: string) => `${project}/main/${SHA1}/${on}`;
const [BOOKWORM, TRIXIE] = [repoOf('ceph', 'debian/bookworm'), repoOf('ceph', 'debian/trixie')];

/** The rules that the page shows, as a node's configuration has them. */
const rules = () => (docBlocks(...PICKERS, 'yaml')[0] ?? '').replace('chacra:\n', '');

/** Runs what the page shows, on this node. */
async function runShown(node: TestNode, block = ''): Promise<string> {
  const here = block
    .replaceAll('https://chacra.example.org/', node.url)
    .replaceAll('-u admin:KEY', `-u 'root:${KEY}'`);
  return mustRun(['sh', '-ec', here], { env: { SHA1 } });
}

/** Whether the index that a repo serves names these packages under a codename. */
async function names(node: TestNode, repo: string, codename: string, packages: string) {
  const path = `r/${repo}/flavors/default/dists/${codename}/main/binary-amd64/Packages`;
  const text = await (await node.fetch(path)).text();
  return [...text.matchAll(/^Package: (.*)$/gm)].map(([, name]) => name).join(' ') === packages;
}

t.test('apt-get and dnf install what other repos have', TOOLS, async (t) => {
  const { node, publish, sourceList } = await startSignedNode(t, rules());
  const put = async (repo: string, { name, bytes }: ReturnType<typeof someDeb>) => {
    const path = `binaries/${repo}/x86_64/flavors/default/${name}`;
    t.equal((await node.fetch(path, { method: 'PUT', body: bytes })).status, 201, path);
  };

  t.test('apt-get, from combined, extra and generic repos', async (t) => {
    const folder = t.testdir();
    await put('ceph-deploy/main/feed/debian/bookworm', someDeb('ceph-deploy', '2.1.0', 'all'));
    await put(repoOf('ceph', 'debian/any'), someDeb('everywhere', '1.0', 'all'));
    await publish(BOOKWORM, [someDeb('hello', '1.0'), someDeb('tool', '1.0')]);
    t.ok(await names(node, BOOKWORM, 'bookworm', 'ceph-deploy everywhere hello tool'));
    const list = await sourceList(BOOKWORM, 'format=sources&signed=1');

    await publish(TRIXIE, [someDeb('hello', '1.0', 'amd64', 'trixie'), someDeb('only', '1.0')]);
    t.ok(await names(node, TRIXIE, 'bookworm', 'ceph-deploy everywhere hello tool'), 'both ways');
    await until(() => names(node, BOOKWORM, 'trixie', 'everywhere hello only'));
    t.pass('the leg that came first is published again');
    for (const codename of ['bookworm', 'trixie']) {
      const root = aptRoot(join(folder, codename));
      root.addSource('x.sources', list.replace('Suites: bookworm', `Suites: ${codename}`));
      t.notMatch(await root.aptGet('update'), /^(W|E|Err):/m);
      const wanted = codename === 'trixie' ? ['only'] : ['tool', 'ceph-deploy'];
      await root.aptGet('install', 'hello', 'everywhere', ...wanted);
      t.equal(await root.command('hello'), 'hello 1.0\n');
      t.equal(await root.command('everywhere'), 'everywhere 1.0\n');
      for (const name of wanted) t.match(await root.command(name), name);
    }
    await untilPublished(node, BOOKWORM);
    const [why] = docBlocks(...PICKERS, 'sh');
    const [shown = ''] = docBlocks(...PICKERS, 'text');
    const said = await runShown(node, why);
    t.ok(isAsShown(shown, said), `the page shows what was answered:\n${said}`);
  });

  t.test('dnf, from extra and generic repos', async (t) => {
    const el = repoOf('ceph', 'centos/9');
    await put('ceph-deploy/main/feed/centos/9', someBuiltRpm('ceph-deploy', '2.1.0'));
    await put('ceph-deploy/main/feed/centos/8', someBuiltRpm('old', '1.0'));
    await put(repoOf('ceph', 'centos/universal'), someBuiltRpm('everywhere', '1.0'));
    await publish(el, [someBuiltRpm('hello', '1.0', 'x86_64')]);
    const root = dnfRoot(t.testdir());
    root.addRepo('x.repo', await sourceList(el, 'signed=1'));
    await root.run('install', 'hello', 'ceph-deploy', 'everywhere');
    t.strictSame(await root.installed(), ['ceph-deploy', 'everywhere', 'hello']);
    t.equal(await root.command('ceph-deploy'), 'ceph-deploy 2.1.0\n');
    t.not((await root.tryRun('install', 'old')).status, 0, 'nothing for another version');
  });
});

t.test('apt-get follows a repo that goes back', TOOLS, async (t) => {
  const { node, publish, sourceList } = await startSignedNode(t);
  await publish(BOOKWORM, [someDeb('hello', '1.0'), someDeb('tool', '1.0')]);
  await publish(BOOKWORM, [someDeb('hello', '1.1'), someDeb('hello-doc', '1.1', 'all')]);
  const root = aptRoot(join(node.folder, 'root'));
  root.addSource('x.sources', await sourceList(BOOKWORM, 'format=sources&signed=1'));
  await root.aptGet('update');
  await root.aptGet('install', 'hello');
  t.equal(await root.command('hello'), 'hello 1.1\n');

  const [look, back] = docBlocks(...GENERATIONS, 'sh');
  const [shown = ''] = docBlocks(...GENERATIONS, 'text');
  const said = await runShown(node, look);
  t.ok(isAsShown(shown, said), `the page shows what was answered:\n${said}`);
  t.match(await runShown(node, back), /"kept":\{"reason":"what the demo ran on".*"generation":3/);
  await untilPublished(node, BOOKWORM);
  t.notMatch(await root.aptGet('update'), /^(W|E|Err):/m);
  await root.aptGet('install', '--allow-downgrades', 'hello=1.0');
  t.equal(await root.command('hello'), 'hello 1.0\n', 'though it had seen the newer one');
  t.not((await root.tryAptGet('install', 'hello-doc')).status, 0);
});
