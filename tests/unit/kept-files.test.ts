import { readdirSync, mkdirSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { announceBinary } from '../../services/chacra/announce-binary.ts';
import { sha256 } from '../../services/chacra/gzip-members.ts';
import { pickOwn } from '../../services/chacra/pick-own.ts';
import type { ProjectStore } from '../../services/chacra/ports.ts';
import { setRepoType } from '../../services/chacra/set-repo.ts';
import { unpublishedCount } from '../../services/domain/repo.ts';
import { smallDeb, smallNode } from '../fixtures/small-node.ts';
import { someIdentity } from '../fixtures/some-repo.ts';

const DAY = 86_400_000;
const one = someIdentity(1);
const other = { ...someIdentity(2), project: 'other' };
const PACKAGES = 'dists/noble/main/binary-amd64/Packages';
const FOO = 'pool/main/f/foo/foo_1_amd64.deb';

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

t.test('what a client finds, from the first upload to the end of an old generation', async (t) => {
  const node = await smallNode(t.testdir());
  const first = smallDeb('foo', '1', 'first');
  t.equal(await node.upload(one, 'foo.deb', first), 'created');
  t.same(await node.find(one, PACKAGES), { kind: 'missing' }, 'nothing before the first publish');
  t.equal(node.at(one), null);
  await node.update(one);
  t.match(node.head(one), { status: 'ready', live: { number: 1, files: 1, packages: 1 } });
  t.match(node.at(one), { repo: { identity: one }, rest: [] }, 'a ref with plain slashes');
  const before = await node.text(one, PACKAGES);
  t.match(before, `Filename: ${FOO}\n`);
  t.match(await node.find(one, FOO), { kind: 'package', file: { sha256: sha256(first) } });
  const byHash = `dists/noble/main/binary-amd64/by-hash/SHA256/${sha256(Buffer.from(before))}`;
  t.match(await node.find(one, byHash), { kind: 'index', immutable: true });
  t.match(await node.find(one, PACKAGES), { kind: 'index', immutable: false });
  const folders = await Promise.all(
    ['', 'dists', 'pool/main/f/foo', 'pool/main/f/fo'].map((path) => node.find(one, path)),
  );
  t.match(folders, [
    {
      entries: [
        { name: 'dists', isFolder: true },
        { name: 'pool', isFolder: true, size: null },
      ],
    },
    { entries: [{ name: 'noble', isFolder: true }] },
    { entries: [{ name: 'foo_1_amd64.deb', isFolder: false, size: first.length }] },
    { kind: 'missing' },
  ]);

  node.clock.advance(1000);
  const second = smallDeb('foo', '1', 'second');
  t.equal(await node.upload(one, 'foo.deb', second), 'replaced');
  t.equal(await node.text(one, PACKAGES), before, 'an upload alone changes nothing');
  await node.update(one);
  const after = await node.text(one, PACKAGES);
  const path = `pool/main/f/foo/${sha256(second).slice(0, 8)}/foo_1_amd64.deb`;
  t.match(after, `Filename: ${path}\n`);
  t.match(await node.find(one, path), { file: { sha256: sha256(second) } });
  t.match(await node.find(one, FOO), { file: { sha256: sha256(first) } }, 'old names, old bytes');
  t.equal(await node.text(one, byHash), before, 'who has the old Release goes on');

  await node.sweep(DAY);
  t.ok(await node.blobs.has(sha256(first)), 'what a kept generation names stays');
  node.clock.advance(DAY + 1);
  await node.sweep(DAY);
  t.same(await node.find(one, byHash), { kind: 'missing' });
  t.same(await node.find(one, FOO), { kind: 'missing' });
  t.notOk(await node.blobs.has(sha256(first)));
  t.equal(await node.text(one, PACKAGES), after);
});

t.test('an update without a change makes no files; recreate makes all anew', async (t) => {
  const root = t.testdir();
  const node = await smallNode(root);
  await node.upload(one, 'foo.deb', smallDeb('foo', '1'));
  await node.upload(one, 'foo.changes', 'text');
  await node.update(one);
  const release = await node.text(one, 'dists/noble/Release');
  const files = filesBelow(join(root, 'published'));
  node.clock.advance(1000);
  await node.update(one);
  t.match(node.head(one)?.live, { number: 2, files: 1 });
  t.equal(await node.text(one, 'dists/noble/Release'), release);
  t.same(filesBelow(join(root, 'published')), files);

  await node.update(one, 'recreate');
  t.match(node.head(one), { rebuild: false, live: { number: 3, files: 3 } });
  t.not(await node.text(one, 'dists/noble/Release'), release, 'with its own date');

  await setRepoType(node, one, 'raw');
  const repo = node.repos.get(one);
  t.equal(repo && unpublishedCount(repo), 1, 'what is set is not published yet');
  await node.update(one);
  t.match(await node.text(one, 'SHA256SUMS'), /x86_64\/foo\.changes\n\w+ {2}x86_64\/foo\.deb\n$/);
  await announceBinary(node, one, { arch: 'x86_64', name: 'b', builtBy: null, force: false });
  await node.update(one);
  t.match(node.head(one)?.live, { packages: 2, incomplete: [{ name: 'b' }] });
});

t.test('index files that the disk lost are made again', async (t) => {
  const root = t.testdir();
  const node = await smallNode(root);
  for (const name of ['foo', 'bar']) await node.upload(one, `${name}.deb`, smallDeb(name, '1'));
  await node.update(one);
  const names = [PACKAGES, `${PACKAGES}.gz`, 'dists/noble/Release'];
  const before = await Promise.all(names.map((path) => node.text(one, path)));
  for (const file of filesBelow(join(root, 'published')))
    if (/\/files\/./.test(file)) rmSync(join(root, 'published', file));
  await node.repos.close();
  const next = await smallNode(root);
  for (const name of ['foo', 'bar']) await next.upload(other, `${name}.deb`, smallDeb(name, '1'));
  t.same(await Promise.all(names.map((path) => next.text(one, path))), before);
  t.match(next.log.lines[0], { level: 'warn', message: /derived again/ });
});

t.test('a publish that fails leaves what is live, and says why', async (t) => {
  const node = await smallNode(t.testdir());
  await node.upload(one, 'foo.deb', smallDeb('foo', '1'));
  await node.update(one);
  const before = await node.text(one, PACKAGES);
  const bad = smallDeb('bar', '1');
  await node.upload(one, 'bar.deb', bad);
  node.blobs.damage(sha256(bad));
  await node.update(one);
  t.match(node.head(one), {
    status: 'failed',
    failure: { package: 'bar.deb' },
    live: { number: 1 },
  });
  t.match(node.head(one)?.events.at(-1), { status: 'failed', reason: /^bar\.deb: / });
  t.equal(await node.text(one, PACKAGES), before);
  t.notOk(node.blobs.isHeld(sha256(bad)), 'nothing is held for ever');
  await node.removeBinary(one, 'bar.deb');
  await node.update(one);
  t.match(node.head(one), { status: 'ready', failure: null, live: { number: 3, files: 1 } });
});

t.test('a publish whose end cannot be recorded says so, and changes nothing', async (t) => {
  const root = t.testdir();
  const node = await smallNode(root);
  await node.upload(one, 'foo.deb', smallDeb('foo', '1'));
  await node.request(one, 'update');
  const journal = filesBelow(node.documents).find((path) => path.endsWith('.journal')) ?? '';
  rmSync(join(node.documents, journal));
  // Even root cannot write into a folder as if it were a file.
  mkdirSync(join(node.documents, journal));
  await t.rejects(node.publish(one));
  t.match(node.head(one), { status: 'queued', generation: 0, live: null }, 'still owed');
  t.same(filesBelow(join(root, 'published')), [], 'nothing is left of it');
  rmdirSync(join(node.documents, journal));
  await node.publish(one);
  t.match(node.head(one), { status: 'ready', live: { number: 1 } });
});

t.test('a repo that is deleted while it is published leaves nothing', async (t) => {
  for (const isMadeAgain of [false, true]) {
    const root = t.testdir();
    const node = await smallNode(root);
    await node.upload(one, 'foo.deb', smallDeb('foo', '1'));
    await node.request(one, 'update');
    await node.publish(one, (repo) => {
      const picked = pickOwn(repo);
      node.blobs.gate = node
        .removeRepo(one)
        .then(() => (isMadeAgain ? node.upload(one, 'new.deb', smallDeb('new', '1')) : null));
      return picked;
    });
    t.same(filesBelow(join(root, 'published')), [], isMadeAgain ? 'made again' : 'deleted');
    t.equal(node.head(one)?.status, isMadeAgain ? 'collecting' : 'deleted');
    if (!isMadeAgain) continue;
    await node.update(one);
    t.match(node.head(one), { live: { number: 2, packages: 1 } }, 'numbers go on');
    t.match(await node.text(one, PACKAGES), 'Package: new');
  }
});

t.test('deleting: a binary, the last of a repo, the last repo of a project', async (t) => {
  const root = t.testdir();
  const node = await smallNode(root);
  for (const name of ['foo', 'bar']) await node.upload(one, `${name}.deb`, smallDeb(name, '1'));
  await node.upload(other, 'foo.deb', smallDeb('foo', '1'));
  await node.update(one);
  await t.rejects(node.removeBinary(one, 'no.deb'), { code: 'NOT_FOUND' });
  await t.rejects(node.removeBinary(someIdentity(7), 'foo.deb'), { code: 'NOT_FOUND' });
  await t.rejects(node.removeRepo(someIdentity(7)), { code: 'REPO_NOT_FOUND' });

  await node.removeBinary(one, 'bar.deb');
  t.match(await node.text(one, PACKAGES), 'Package: bar', 'served until the next publish');
  t.equal(node.head(one)?.status, 'ready');
  await node.update(one);
  t.notMatch(await node.text(one, PACKAGES), 'Package: bar');

  await node.removeBinary(one, 'foo.deb');
  t.match(node.head(one), { status: 'deleted', live: null, generation: 2 });
  t.equal(node.head(one)?.events.at(-1)?.status, 'deleted');
  await t.rejects(node.request(one, 'update'), { code: 'REPO_NOT_FOUND' });
  await t.rejects(node.request(one, 'recreate'), { code: 'REPO_NOT_FOUND' });
  await t.rejects(node.removeRepo(one), { code: 'REPO_NOT_FOUND' });
  await t.rejects(node.removeBinary(one, 'foo.deb'), { code: 'NOT_FOUND' });
  t.same(filesBelow(join(root, 'published')), []);
  t.same(node.projects.names(), ['other'], 'its project went with it');
  t.equal(node.at(one), null);

  await node.removeRepo(other);
  t.equal(node.head(other), undefined, 'shaman never heard of it, so nothing has to be told');
  t.same(node.projects.names(), []);
  await node.sweep(0);
  t.notOk(await node.blobs.has(sha256(smallDeb('foo', '1'))));

  await node.upload(one, 'foo.deb', smallDeb('foo', '2'));
  t.match(node.head(one), { status: 'collecting', revision: 1, generation: 2 });
  await node.update(one);
  t.match(node.head(one)?.live, { number: 3 });
});

t.test('a project whose last repo goes while another one comes stays', async (t) => {
  const node = await smallNode(t.testdir());
  await node.upload(one, 'foo.changes', 'text');
  const twin = { ...one, flavor: 'crimson' };
  const { projects } = node;
  let isFirst = true;
  const slow: ProjectStore = {
    has: (name) => projects.has(name),
    names: () => projects.names(),
    remove: (name) => projects.remove(name),
    create: async (name) => {
      await projects.create(name);
      if (isFirst) await node.removeRepo(one);
      isFirst = false;
    },
  };
  await announceBinary({ ...node, projects: slow }, twin, {
    arch: 'x86_64',
    name: 'b',
    builtBy: null,
    force: false,
  });
  t.ok(projects.has('ceph'));
  isFirst = true;
  await node.upload(one, 'foo.changes', 'text');
  await node.removeRepo(twin);
  await node.upload(twin, 'foo.changes', 'text', { projects: slow });
  t.ok(projects.has('ceph'));
});
