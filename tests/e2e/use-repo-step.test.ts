import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { useRepo } from '../../jenkins-shared-lib/catalogue/use-repo.ts';
import { makeSigningKey } from '../../services/adapters/make-signing-key.ts';
import { systemClock } from '../../services/adapters/system-clock.ts';
import { KEY, startNode } from '../fixtures/chacra.ts';
import { startTestShaman } from '../fixtures/shaman.ts';
import { someBuiltRpm, someDeb } from '../fixtures/some-packages.ts';
import { runBody, SHELLS, SHELL_TOOLS } from '../fixtures/step-body.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { needs } from '../fixtures/tool.ts';

t.test('useRepo in every shell', needs(...SHELL_TOOLS), async (t) => {
  const folder = testFolder(t);
  const shaman = await startTestShaman(t, { folder: join(folder, 'shaman'), clock: systemClock });
  writeFileSync(join(folder, 'node.key'), `${KEY}\n`);
  const { armoredKey } = await makeSigningKey({ type: 'rsa3072', name: 'Our builds' });
  writeFileSync(join(folder, 'signing.asc'), armoredKey);
  const node = await startNode(t, {
    folder: join(folder, 'node'),
    chacra: [
      `  shaman: { url: "${shaman.url}", user: chacra, keyFile: "${join(folder, 'node.key')}" }`,
      `  signing: { keyFile: "${join(folder, 'signing.asc')}" }`,
    ].join('\n'),
  });
  const put = async (platform: string, { name, bytes }: { name: string; bytes: Uint8Array }) => {
    const repo = `ceph/wip%2Fa/abc/${platform}`;
    const path = `binaries/${repo}/x86_64/flavors/default/${name}`;
    t.equal((await node.fetch(path, { method: 'PUT', body: bytes })).status, 201);
    t.equal((await node.fetch(`repos/${repo}/update`, { method: 'POST' })).status, 200);
  };
  await put('debian/bookworm', someDeb());
  await put('centos/9', someBuiltRpm());
  const ready = 'api/v1/search?project=ceph&sha1=abc&status=ready&wait=60';
  for (const platform of ['bookworm', 'centos9']) {
    t.match(await shaman.json(`${ready}&platforms=${platform}`), { repos: [{ status: 'ready' }] });
  }

  for (const [name, shell] of Object.entries(SHELLS)) {
    const work = join(folder, name);
    mkdirSync(work);
    const use = (args: Partial<Parameters<typeof runBody<typeof useRepo>>[1]>) =>
      runBody(
        useRepo,
        {
          ...{ project: 'ceph', ref: 'wip/a', shaman: shaman.url, into: work, retries: 1 },
          ...{ distro: 'debian', distroVersion: 'bookworm' },
          ...args,
        },
        { shell, folder: work },
      );
    t.match(await use({}), {
      status: 0,
      output: new RegExp(`${name}/ceph.list:\ndeb .*${node.url}`),
    });
    t.match(readFileSync(join(work, 'ceph.list'), 'utf8'), /^deb \[trusted=yes\] /m);
    t.match(await use({ sha1: 'abc', arch: 'x86_64', project: 'ceph' }), { status: 0 });
    const yum = await use({ distro: 'centos', distroVersion: '9' });
    t.match(yum, { status: 0, output: /ceph.repo:\n\[/ });
    t.strictSame(readdirSync(work).sort(), ['ceph.repo'].concat('ceph.list').sort());
    const signed = await use({ signed: true });
    t.match(signed, { status: 0, output: /Signed-By:|signed-by=/ });
    const absent = await use({ distroVersion: 'trixie' });
    t.match(absent, {
      status: 1,
      output: /answered 504: no repository is ready for: ceph\/wip\/a/,
    });
    t.ok(absent.curls.every(({ argv }) => argv === '-q\n-K\n-\n'));
  }
});
