import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { KEY } from '../fixtures/chacra.ts';
import { CHACRACTL, chacractlHome } from '../fixtures/chacractl.ts';
import { startSignedNode, untilPublished } from '../fixtures/signed-node.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { needs } from '../fixtures/tool.ts';

const SHA1 = '0123456789012345678901234567890123456789';
const REPO = `ceph/main/${SHA1}/debian/bookworm`;
const ARCH = `${REPO}/x86_64`;

const sha512 = (bytes: Uint8Array) => createHash('sha512').update(bytes).digest('hex');

t.test('chacractl works as ceph-build uses it', needs([...CHACRACTL]), async (t) => {
  const { node } = await startSignedNode(t);
  const access = { url: node.url, user: 'builder', key: KEY };

  /** What a client reads of the files of one arch. */
  const listing = async (path = ARCH) => {
    const answer = await node.fetch(`binaries/${path}/`);
    // The node's own JSON, whose shape other tests hold it to.
    return answer.status === 404
      ? {}
      : ((await answer.json()) as Record<string, { checksum: string; built_by: string }>);
  };
  const status = async (path: string) => (await node.fetch(path)).status;
  const repoJson = async (repo = REPO) =>
    (await (await node.fetch(`repos/${repo}/`)).json()) as Record<string, unknown>;

  t.test('project create', async (t) => {
    const chacractl = chacractlHome(t.testdir(), access);
    t.match(await chacractl.typed('project', 'create', 'ceph'), { status: 0 });
    t.equal(await status('binaries/ceph/'), 200);
    t.match(await chacractl.fed('\n', 'project', 'create', 'ceph'), { status: 0, output: /SKIP/ });
    t.match(await chacractl.fed('', 'project', 'create', 'other'), { status: 0 });
    t.equal(await status('binaries/other/'), 404, 'it asks once for each line it is fed');
  });

  t.test('binary create of one file, again, and by force', async (t) => {
    const folder = t.testdir();
    const chacractl = chacractlHome(folder, access);
    const deb = someDeb('hello', '1.0~rc1+git-1');
    writeFileSync(join(folder, deb.name), deb.bytes);
    t.match(await chacractl.typed('binary', 'create', ARCH, deb.name), { status: 0 });
    t.strictSame(Object.keys(await listing()), [deb.name]);
    t.match((await listing())[deb.name], { checksum: sha512(deb.bytes), built_by: 'builder' });

    const { bytes } = someDeb('hello', '1.0~rc1+git-1', 'arm64');
    writeFileSync(join(folder, deb.name), bytes);
    const again = await chacractl.typed('binary', 'create', ARCH, deb.name);
    t.match(again, { status: 0, output: /SKIP/ });
    t.equal((await listing())[deb.name]?.checksum, sha512(deb.bytes), 'what is there stays');
    const forced = await chacractl.typed('binary', '--force', 'create', ARCH, deb.name);
    t.match(forced, { status: 0, output: /will re-upload/ });
    t.equal((await listing())[deb.name]?.checksum, sha512(bytes));
  });

  t.test('binary create of what find lists, in two legs at once', async (t) => {
    const folder = t.testdir({ cephadm: '#!/bin/sh\n', 'ceph.changes': 'Format: 1.8\n' });
    const chacractl = chacractlHome(folder, access);
    const debs = [someDeb('first'), someDeb('second'), someDeb('third', '1', 'all')];
    for (const { name, bytes } of debs) writeFileSync(join(folder, name), bytes);
    const names = [...debs.map(({ name }) => name), 'cephadm', 'ceph.changes'];
    const list = names.map((name) => `./${name}\n`).join('');
    const legs = [`${REPO}/x86_64/flavors/crimson`, `${REPO}/arm64/flavors/crimson`];
    const both = await Promise.all(
      legs.map((leg) => chacractl.fed(`${list}./absent.deb\n`, 'binary', 'create', leg)),
    );
    t.match(both, [{ status: 0 }, { status: 0 }]);
    for (const leg of legs) t.strictSame(Object.keys(await listing(leg)).sort(), names.sort());
    const json = await repoJson(`${REPO}/flavors/crimson`);
    t.match(json, { archs: ['arm64', 'x86_64'], flavor: 'crimson', type: 'deb' });
    t.match(await chacractl.fed(list, 'binary', 'create', legs[0] ?? ''), {
      status: 0,
      output: /(SKIP[^]*){5}/,
    });
  });

  t.test('binary create of a name that another flavor has too', async (t) => {
    const folder = t.testdir();
    const { name } = someDeb('first');
    const { bytes } = someDeb('first', '1.0-1', 'all');
    writeFileSync(join(folder, name), bytes);
    const chacractl = chacractlHome(folder, access);
    const forced = await chacractl.typed('binary', '--force', 'create', ARCH, name);
    t.match(forced, { status: 0 }, 'without a flavor it reads back what it wrote');
    t.equal((await listing(ARCH))[name]?.checksum, sha512(bytes));
    const other = await listing(`${ARCH}/flavors/crimson`);
    t.equal(other[name]?.checksum, sha512(someDeb('first').bytes));
  });

  t.test('binary create of what is refused', async (t) => {
    const deb = someDeb('refused');
    const folder = t.testdir({ 'broken.deb': 'no deb at all' });
    writeFileSync(join(folder, deb.name), deb.bytes);
    const broken = await chacractlHome(folder, access).typed(
      'binary',
      'create',
      ARCH,
      'broken.deb',
    );
    t.match(broken, { status: 1, output: /422/ });
    const strangers = [
      { ...access, key: 'another:key:altogether' },
      { ...access, user: 'stranger' },
    ];
    for (const [index, stranger] of strangers.entries()) {
      const home = chacractlHome(join(folder, `${index}`), stranger);
      const refused = await home.typed('binary', 'create', ARCH, join(folder, deb.name));
      t.match(refused, { status: 1, output: /40[13] Client Error/ });
    }
    t.notOk(Object.keys(await listing()).some((name) => /broken|refused/.test(name)));
  });

  t.test('exists', async (t) => {
    const chacractl = chacractlHome(t.testdir(), access);
    const there = [
      'binaries/ceph',
      `binaries/${ARCH}`,
      `binaries/${ARCH}/flavors/default`,
      `repos/${REPO}`,
    ];
    for (const path of there) t.match(await chacractl.fed('', 'exists', path), { status: 0 }, path);
    const absent = [
      `binaries/${ARCH}/flavors/other`,
      `repos/${REPO}/flavors/other`,
      `binaries/ceph/main/0/debian/bookworm`,
    ];
    for (const path of absent)
      t.match(await chacractl.fed('', 'exists', path), { status: 1 }, path);
  });

  t.test('repo update and recreate', async (t) => {
    const chacractl = chacractlHome(t.testdir(), access);
    const inRelease = `r/${REPO}/flavors/default/dists/bookworm/InRelease`;
    t.equal(await status(inRelease), 404);
    t.match(await chacractl.fed('', 'repo', 'update', REPO), { status: 0, output: /status: / });
    await untilPublished(node, REPO);
    t.match(await repoJson(), { status: 'ready', live_generation: 1, signed: true });
    t.equal(await status(inRelease), 200);
    t.match(await chacractl.fed('', 'repo', 'recreate', `${REPO}/flavors/default`), { status: 0 });
    t.equal(await status(inRelease), 200, 'and it is never away');
    await untilPublished(node, REPO);
    t.match(await repoJson(), { status: 'ready', live_generation: 2 });
    for (const kind of ['update', 'recreate']) {
      const absent = await chacractl.fed('', 'repo', kind, `${REPO}/flavors/other`);
      t.match(absent, { status: 1, output: /resource does not exist/ });
    }
  });

  t.test('repo set-raw', async (t) => {
    const chacractl = chacractlHome(t.testdir({ 'ceph.zip': 'zip' }), access);
    // The original's client wants a slash at the end; without one nothing came of it.
    for (const [version, end] of [
      ['1809', '/'],
      ['1903', ''],
    ] as const) {
      const repo = `ceph/main/${SHA1}/windows/${version}`;
      t.match(await chacractl.fed('ceph.zip\n', 'binary', 'create', `${repo}/x86_64`), {
        status: 0,
      });
      t.match(await chacractl.fed('', 'repo', 'set-raw', `${repo}${end}`), { status: 0 });
      t.match(await chacractl.fed('', 'repo', 'update', repo), { status: 0 });
      await untilPublished(node, repo);
      t.match(await repoJson(repo), { type: 'raw', status: 'ready' });
      const file = await node.fetch(`r/${repo}/flavors/default/x86_64/ceph.zip`);
      t.equal(await file.text(), 'zip');
    }
  });

  t.test('binary delete, repo delete', async (t) => {
    const chacractl = chacractlHome(t.testdir(), access);
    const path = `${ARCH}/flavors/default`;
    for (const name of Object.keys(await listing(path))) {
      t.match(await chacractl.fed('', 'binary', 'delete', `${path}/${name}`), { status: 0 });
      const again = await chacractl.fed('', 'binary', 'delete', `${path}/${name}`);
      t.match(again, { status: 0, output: /already deleted/ });
    }
    t.strictSame(await listing(path), {});
    t.equal(await status(`repos/${REPO}/`), 404, 'the last one takes the repository with it');
    for (const repo of [`${REPO}/flavors/crimson/`, `ceph/main/${SHA1}/windows/1809`]) {
      t.equal(await status(`repos/${repo.replace(/\/?$/, '/')}`), 200);
      t.match(await chacractl.fed('', 'repo', 'delete', repo), { status: 0 });
      t.equal(await status(`repos/${repo.replace(/\/?$/, '/')}`), 404);
    }
    const again = await chacractl.fed('', 'repo', 'delete', `${REPO}/flavors/crimson/`);
    t.match(again, { status: 0, output: /already deleted/ });
    const complaints = node.log.lines.filter(({ level }) => level !== 'info');
    t.strictSame(complaints, [], 'nothing of all this troubled the node');
  });
});
