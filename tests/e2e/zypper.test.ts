import { join } from 'node:path';
import t from 'tap';
import { buildRpm } from '../fixtures/built-packages.ts';
import { zypperRoot } from '../../services/cli/demo/rpm-root.ts';
import { startSignedNode } from '../fixtures/signed-node.ts';
import { someBuiltRpm } from '../fixtures/some-packages.ts';
import { needs } from '../fixtures/tool.ts';

const ZYPPER = needs(['zypper', 'zypper'], ['rpm', 'rpm'], ['rpmbuild', 'rpm']);
const SHA1 = '0123456789012345678901234567890123456789';
const repoOf = (ref: string, platform = 'opensuse/15.6') => `ceph/${ref}/${SHA1}/${platform}`;

t.test('zypper installs what was uploaded', ZYPPER, async (t) => {
  const { node, publish, sourceList, front } = await startSignedNode(t);

  t.test('from the one root that opensuse has, checking signatures', async (t) => {
    const folder = t.testdir({ build: {}, root: {} });
    const xz = await buildRpm(join(folder, 'build'), 'xzipped', 'w2.xzdio');
    const zstd = await buildRpm(join(folder, 'build'), 'zstded', 'w3.zstdio');
    const own = [someBuiltRpm('hello', '1.0', 'x86_64'), someBuiltRpm('docs', '2.0~rc1^git+1')];
    await publish(repoOf('main'), [...own, xz.binary, xz.source, zstd.binary]);
    const text = await sourceList(repoOf('main'), 'format=repo&signed=1');
    t.equal(text.match(/^\[/gm)?.length, 1, 'one section');
    const root = zypperRoot(join(folder, 'root'));
    root.addRepo('ceph.repo', text);
    front.seen();
    await root.run('install', 'hello', 'docs', 'xzipped', 'zstded');
    t.ok(
      front.seen().some((path) => path.endsWith('/repodata/repomd.xml.key')),
      'and fetches the key itself',
    );
    t.strictSame(await root.installed(), ['docs', 'hello', 'xzipped', 'zstded']);
    t.equal(await root.command('hello'), 'hello 1.0\n');
    t.equal(await root.command('docs'), 'docs 2.0~rc1^git+1\n');
    t.equal(await root.command('xzipped'), 'xzipped 1.0\n');
    t.equal(await root.command('zstded'), 'zstded 1.0\n');
  });

  t.test('from the three of others, which trust, of a ref with slashes', async (t) => {
    const repo = repoOf('wip%2Fsome%2Fbranch', 'centos/9');
    await publish(repo, [someBuiltRpm('branched', '3'), someBuiltRpm('hello', '3', 'x86_64')]);
    const root = zypperRoot(t.testdir());
    root.addRepo('ceph.repo', await sourceList(repo, ''));
    await root.run('install', 'branched', 'hello');
    t.equal(await root.command('branched'), 'branched 3\n');
    t.equal(await root.command('hello'), 'hello 3\n');
  });

  t.test('but nothing that was changed on its way', async (t) => {
    t.teardown(() => front.tamper(null));
    const root = zypperRoot(t.testdir());
    root.addRepo('ceph.repo', await sourceList(repoOf('main'), 'signed=1'));
    const refused = async (args: readonly string[], status: number, output: RegExp) =>
      t.match(await root.tryRun(...args), { status, output });
    front.tamper(/\/repomd\.xml$/);
    await refused(['refresh'], 4, /Signature verification failed for file 'repomd\.xml'/);
    await refused(['install', 'hello'], 104, /No provider of 'hello' found/);
    front.tamper(/-primary\.xml\.gz$/);
    await refused(['refresh'], 4, /primary\.xml\.gz has wrong checksum/);
    front.tamper(/\.rpm$/);
    await refused(['install', 'hello'], 8, /Digest verification failed for file 'hello-/);
    t.strictSame(await root.installed(), []);
    front.tamper(null);
    await root.run('install', 'hello');
    t.equal(await root.command('hello'), 'hello 1.0\n');
  });

  t.test('anew after a forced upload, and a newer version', async (t) => {
    const repo = repoOf('changing');
    const file = someBuiltRpm('tool', '1.0');
    await publish(repo, [file]);
    const root = zypperRoot(t.testdir());
    root.addRepo('ceph.repo', await sourceList(repo, 'signed=1'));
    await root.run('refresh');
    await publish(repo, [{ name: file.name, bytes: someBuiltRpm('tool', '1.1').bytes }]);
    await root.run('--no-refresh', 'install', 'tool');
    const said = 'what was read before leads to its own bytes';
    t.equal(await root.command('tool'), 'tool 1.0\n', said);
    await root.run('refresh');
    await root.run('update');
    t.equal(await root.command('tool'), 'tool 1.1\n');
    await publish(repo, [someBuiltRpm('tool', '1.2')]);
    await root.run('refresh');
    await root.run('update');
    t.equal(await root.command('tool'), 'tool 1.2\n');
    const complaints = node.log.lines.filter(({ level }) => level !== 'info');
    t.strictSame(complaints, [], 'nothing of all this troubled the node');
  });
});
