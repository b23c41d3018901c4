import { join } from 'node:path';
import t from 'tap';
import { buildRpm } from '../fixtures/built-packages.ts';
import { dnfRoot } from '../../services/cli/demo/rpm-root.ts';
import { startSignedNode } from '../fixtures/signed-node.ts';
import { someBuiltRpm } from '../fixtures/some-packages.ts';
import { needs } from '../fixtures/tool.ts';

const DNF = needs(['dnf', 'dnf'], ['rpm', 'rpm'], ['rpmbuild', 'rpm']);
const SHA1 = '0123456789012345678901234567890123456789';
const repoOf = (ref: string) => `ceph/${ref}/${SHA1}/centos/9`;

t.test('dnf installs what was uploaded', DNF, async (t) => {
  const { node, publish, sourceList, front } = await startSignedNode(t);

  t.test('with the .repo file alone, checking signatures', async (t) => {
    const folder = t.testdir({ build: {}, root: {}, arm: {} });
    const xz = await buildRpm(join(folder, 'build'), 'xzipped', 'w2.xzdio');
    const zstd = await buildRpm(join(folder, 'build'), 'zstded', 'w3.zstdio');
    const own = [someBuiltRpm('hello', '1.0', 'x86_64'), someBuiltRpm('docs', '2.0~rc1^git+1')];
    await publish(repoOf('main'), [...own, xz.binary, xz.source, zstd.binary]);
    const text = await sourceList(repoOf('main'), 'format=repo&signed=1');
    t.match(text, /^repo_gpgcheck=1$/m);
    const root = dnfRoot(join(folder, 'root'));
    root.addRepo('ceph.repo', text);
    front.seen();
    await root.run('install', 'hello', 'docs', 'xzipped', 'zstded');
    t.ok(front.seen().includes('/api/v1/key.asc'), 'and fetches the key itself');
    t.strictSame(await root.installed(), ['docs', 'hello', 'xzipped', 'zstded']);
    t.equal(await root.command('hello'), 'hello 1.0\n');
    t.equal(await root.command('docs'), 'docs 2.0~rc1^git+1\n');
    t.equal(await root.command('xzipped'), 'xzipped 1.0\n');
    t.equal(await root.command('zstded'), 'zstded 1.0\n');
    const sources = await root.run('repoquery', '--quiet', '--repo=ceph-source', '--arch=src');
    t.equal(sources.trim(), 'xzipped-0:1.0-1.src');

    const arm = dnfRoot(join(folder, 'arm'), { arch: 'aarch64' });
    arm.addRepo('ceph.repo', text);
    await arm.run('install', 'docs');
    t.strictSame(await arm.installed(), ['docs'], 'where no package has the arch, those of none');
  });

  t.test('with the .repo file that trusts, from a ref with slashes', async (t) => {
    const repo = repoOf('wip%2Fsome%2Fbranch');
    await publish(repo, [someBuiltRpm('branched', '3')]);
    const root = dnfRoot(t.testdir());
    const text = await sourceList(repo, '');
    t.notMatch(text, 'repo_gpgcheck');
    root.addRepo('ceph.repo', text);
    await root.run('install', 'branched');
    t.equal(await root.command('branched'), 'branched 3\n');
  });

  t.test('but nothing that was changed on its way', async (t) => {
    t.teardown(() => front.tamper(null));
    const folder = t.testdir({ checking: {}, trusting: {} });
    const checking = dnfRoot(join(folder, 'checking'));
    checking.addRepo('ceph.repo', await sourceList(repoOf('main'), 'signed=1'));
    const trusting = dnfRoot(join(folder, 'trusting'));
    trusting.addRepo('ceph.repo', await sourceList(repoOf('main'), ''));

    front.tamper(/\/repomd\.xml$/);
    const signature = await checking.tryRun('install', 'hello');
    t.equal(signature.status, 1);
    t.match(signature.output, /Bad GPG signature/);
    front.tamper(/-primary\.xml\.gz$/);
    for (const root of [checking, trusting]) {
      const index = await root.tryRun('install', 'hello');
      t.equal(index.status, 1);
      t.match(index.output, /checksum doesn't match/);
    }
    front.tamper(/\.rpm$/);
    const rpm = await trusting.tryRun('install', 'hello');
    t.equal(rpm.status, 1);
    t.match(rpm.output, /checksum doesn't match/);
    t.strictSame(await trusting.installed(), []);
    front.tamper(null);
    await checking.run('install', 'hello');
    t.equal(await checking.command('hello'), 'hello 1.0\n');
  });

  t.test('anew after a forced upload, and a newer version', async (t) => {
    const repo = repoOf('changing');
    const file = someBuiltRpm('tool', '1.0');
    await publish(repo, [file]);
    const root = dnfRoot(t.testdir());
    root.addRepo('ceph.repo', await sourceList(repo, 'signed=1'));
    await root.run('makecache');
    await publish(repo, [{ name: file.name, bytes: someBuiltRpm('tool', '1.1').bytes }]);
    await root.run('install', 'tool');
    t.equal(
      await root.command('tool'),
      'tool 1.0\n',
      'what was read before leads to its own bytes',
    );
    await root.run('upgrade', '--refresh');
    t.equal(await root.command('tool'), 'tool 1.1\n');
    await publish(repo, [someBuiltRpm('tool', '1.2')]);
    await root.run('upgrade', '--refresh');
    t.equal(await root.command('tool'), 'tool 1.2\n');
    const complaints = node.log.lines.filter(({ level }) => level !== 'info');
    t.strictSame(complaints, [], 'nothing of all this troubled the node');
  });
});
