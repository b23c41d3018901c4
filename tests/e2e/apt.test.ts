import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeSigningKey } from '../../services/adapters/make-signing-key.ts';
import { openSigner } from '../../services/adapters/openpgp-signer.ts';
import { writeDeb } from '../../services/formats/deb-writer.ts';
import { aptRoot } from '../../services/cli/demo/apt-root.ts';
import { buildDeb, buildSource } from '../fixtures/built-packages.ts';
import { mustRun } from '../../services/cli/demo/run-tool.ts';
import { startSignedNode } from '../fixtures/signed-node.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { needs } from '../fixtures/tool.ts';

const APT = needs(
  ['apt-get', 'apt'],
  ['dpkg', 'dpkg'],
  ['dpkg-source', 'dpkg-dev'],
  ['gpgv', 'gpgv'],
  ['curl', 'curl'],
);
const SHA1 = '0123456789012345678901234567890123456789';
const repoOf = (ref: string) => `ceph/${ref}/${SHA1}/debian/bookworm`;

/** What apt says when it doubts anything. */
const DOUBT = /^(W|E|N|Err):/m;

/** A package of the same name, version and arch as `someDeb` makes it, with other bytes. */
function sameButForced(name: string, version: string) {
  const control = {
    Package: name,
    Version: version,
    Architecture: 'amd64',
    Maintainer: 'Nobody <nobody@example.org>',
    Description: 'forced',
  };
  const files = [{ path: `/usr/bin/${name}`, mode: 0o755, content: '#!/bin/sh\necho forced\n' }];
  const bytes = writeDeb({ control, files, compression: 'none', mtime: 1_767_225_600 });
  return { name: someDeb(name, version).name, bytes };
}

t.test('apt-get installs what was uploaded', APT, async (t) => {
  const { node, publish, sourceList, front } = await startSignedNode(t);

  t.test('with the .sources file alone', async (t) => {
    const folder = t.testdir({ build: {}, root: {} });
    const packages = [
      someDeb(),
      someDeb('docs', '2:2.0~rc1+git', 'all'),
      await buildDeb(join(folder, 'build'), 'xzipped', 'xz'),
      await buildDeb(join(folder, 'build'), 'zstded', 'zstd'),
    ];
    await publish(repoOf('main'), packages);
    const root = aptRoot(join(folder, 'root'));
    root.addSource('ceph.sources', await sourceList(repoOf('main'), 'format=sources&signed=1'));
    front.seen();
    t.notMatch(await root.aptGet('update'), DOUBT);
    const seen = front.seen();
    t.match(seen[0], /\/InRelease$/);
    t.match(seen.slice(1), [/\/main\/binary-amd64\/by-hash\/SHA256\/[0-9a-f]{64}$/]);
    t.equal(seen.length, 2, 'one index file in its one packing, by its hash');
    const names = ['hello', 'docs', 'xzipped', 'zstded'];
    t.notMatch(await root.aptGet('install', ...names), DOUBT);
    t.equal(await root.command('hello'), 'hello 1.0-1\n');
    t.equal(await root.command('docs'), 'docs 2:2.0~rc1+git\n');
    t.equal(await root.command('xzipped'), 'xzipped 1.0\n');
    t.equal(await root.command('zstded'), 'zstded 1.0\n');
    front.seen();
    t.notMatch(await root.aptGet('update'), DOUBT);
    t.equal(front.seen().length, 1, 'what did not change is not fetched again');
  });

  t.test('with the one-line list that trusts, and with the one that checks', async (t) => {
    const folder = t.testdir({ trusting: {}, checking: {}, strange: {} });
    const trusting = aptRoot(join(folder, 'trusting'));
    trusting.addSource('ceph.list', await sourceList(repoOf('main'), ''));
    await trusting.aptGet('update');
    await trusting.aptGet('install', 'hello');
    t.equal(await trusting.command('hello'), 'hello 1.0-1\n');

    const list = await sourceList(repoOf('main'), 'format=list&signed=1');
    const checking = aptRoot(join(folder, 'checking'));
    checking.addSource('ceph.list', list);
    await checking.followAdvice(list);
    t.notMatch(await checking.aptGet('update'), DOUBT);
    t.notMatch(await checking.aptGet('install', 'hello'), DOUBT);
    t.equal(await checking.command('hello'), 'hello 1.0-1\n');

    const strange = aptRoot(join(folder, 'strange'));
    strange.addSource('ceph.list', list);
    const other = await openSigner(await makeSigningKey({ type: 'ed25519', name: 'other' }));
    writeFileSync(join(folder, 'strange/etc/apt/keyrings/gitbuilder.asc'), other.publicKeyArmored);
    const refused = await strange.tryAptGet('update');
    t.equal(refused.status, 100);
    t.match(refused.output, /NO_PUBKEY/);
    t.not((await strange.tryAptGet('install', 'hello')).status, 0);
  });

  t.test('from a ref with slashes, in every form', async (t) => {
    const repo = repoOf('wip%2Fsome%2Fbranch');
    await publish(repo, [someDeb('branched', '3')]);
    const folder = t.testdir();
    for (const form of ['list', 'list&signed=1', 'sources', 'sources&signed=1']) {
      const root = aptRoot(join(folder, form.replace('&signed=1', '-signed')));
      const text = await sourceList(repo, `format=${form}`);
      root.addSource(form.startsWith('list') ? 'x.list' : 'x.sources', text);
      if (form === 'list&signed=1') await root.followAdvice(text);
      await root.aptGet('update');
      await root.aptGet('install', 'branched');
      t.equal(await root.command('branched'), 'branched 3\n', form);
    }
  });

  t.test('but nothing that was changed on its way', async (t) => {
    t.teardown(() => front.tamper(null));
    const folder = t.testdir({ signed: {}, trusting: {} });
    const checking = aptRoot(join(folder, 'signed'));
    checking.addSource('x.sources', await sourceList(repoOf('main'), 'format=sources&signed=1'));
    const trusting = aptRoot(join(folder, 'trusting'));
    trusting.addSource('x.list', await sourceList(repoOf('main'), ''));

    front.tamper(/\/InRelease$/);
    const release = await checking.tryAptGet('update');
    t.equal(release.status, 100);
    t.match(release.output, /BADSIG|clearsigned|NOSPLIT/i);

    front.tamper(/\/(by-hash\/|Packages)/);
    for (const root of [checking, trusting]) {
      const index = await root.tryAptGet('update');
      t.equal(index.status, 100);
      t.match(index.output, /Hash Sum mismatch|Hashes of received file/);
      t.match(await root.tryAptGet('install', 'hello'), {
        status: 100,
        output: /Unable to locate/,
      });
    }

    front.tamper(/\.deb$/);
    for (const root of [checking, trusting]) {
      await root.aptGet('update');
      const deb = await root.tryAptGet('install', 'hello');
      t.equal(deb.status, 100);
      t.match(deb.output, /Hash Sum mismatch/);
      await t.rejects(root.command('hello'));
    }
    front.tamper(null);
    await checking.aptGet('install', 'hello');
    t.equal(await checking.command('hello'), 'hello 1.0-1\n');
  });

  t.test('anew after a forced upload, and a newer version', async (t) => {
    const repo = repoOf('changing');
    await publish(repo, [someDeb('tool', '1.0')]);
    const root = aptRoot(t.testdir());
    root.addSource('x.sources', await sourceList(repo, 'format=sources&signed=1'));
    await root.aptGet('update');
    await publish(repo, [sameButForced('tool', '1.0')]);
    await root.aptGet('install', 'tool');
    const said = 'an index from before leads to its own bytes';
    t.equal(await root.command('tool'), 'tool 1.0\n', said);
    await root.aptGet('update');
    await root.aptGet('install', '--reinstall', 'tool');
    t.equal(await root.command('tool'), 'forced\n');
    await publish(repo, [someDeb('tool', '1.1')]);
    await root.aptGet('update');
    await root.aptGet('upgrade');
    t.equal(await root.command('tool'), 'tool 1.1\n');
  });

  t.test('and hears of each change, even of two in one second', async (t) => {
    const published = `${front.url}r/${repoOf('main')}/flavors/default/`;
    // apt asks by its own clock when it was told no date.
    const later = { 'if-modified-since': new Date(Date.now() + 3_600_000).toUTCString() };
    for (const path of ['dists/bookworm/InRelease', 'pool/main/h/hello/hello_1.0-1_amd64.deb']) {
      const first = await fetch(published + path, { headers: later });
      t.equal(first.status, 200, `a date says nothing of ${path}`);
      const etag = first.headers.get('etag') ?? '';
      const second = await fetch(published + path, {
        headers: { 'if-none-match': etag, ...later },
      });
      t.equal(second.status, 304, `but its tag does`);
    }
  });

  t.test('and gets its source', async (t) => {
    const folder = t.testdir({ build: {}, root: {} });
    const repo = repoOf('sources');
    await publish(repo, await buildSource(join(folder, 'build'), 'sourced'), 'source');
    const root = aptRoot(join(folder, 'root'));
    const text = await sourceList(repo, 'format=sources&signed=1');
    root.addSource('x.sources', text.replace('Types: deb\n', 'Types: deb deb-src\n'));
    t.notMatch(await root.aptGet('update'), DOUBT);
    await root.aptGet('source', 'sourced');
    t.equal(await mustRun(['sh', join(root.folder, 'sourced-1.0/main.sh')]), 'sourced 1.0\n');
    const complaints = node.log.lines.filter(({ level }) => level !== 'info');
    t.strictSame(complaints, [], 'nothing of all this troubled the node');
  });
});
