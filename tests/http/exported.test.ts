import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { openExportFolder } from '../../services/adapters/export-folder.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { exportedFiles, isServed, treeOf, until } from '../fixtures/exported.ts';
import { untilPublished } from '../fixtures/signed-node.ts';
import { someBuiltRpm, someDeb } from '../fixtures/some-packages.ts';
import { testFolder } from '../fixtures/test-folder.ts';

const SHA1 = '0123456789012345678901234567890123456789';
const WIP = `ceph/wip%2Ffix/${SHA1}/debian/bookworm`;
const YUM = `ceph/main/${SHA1}/centos/9`;
const RELEASE = 'dists/bookworm/Release';
const CHACRA = '  exportRoot: export\n  projects: { ceph: { automatic: false } }';
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A node that exports, with what a test does to it. */
function exporting(node: TestNode) {
  const root = join(node.folder, 'export');
  const folderOf = (repo: string, below = root) =>
    join(below, decodeURIComponent(repo), 'flavors/default');
  const kept = join(root, '.gitbuilder/older');
  const publish = async (repo: string, files: readonly { name: string; bytes: Uint8Array }[]) => {
    for (const { name, bytes } of files) {
      const path = `binaries/${repo}/x86_64/flavors/default/${encodeURIComponent(name)}/?force=1`;
      await node.fetch(path, { method: 'PUT', body: bytes });
    }
    const before = treeOf(folderOf(repo));
    await node.fetch(`repos/${repo}/update`, { method: 'POST' });
    await untilPublished(node, repo);
    await until(() => treeOf(folderOf(repo)) !== before);
  };
  /** Everything is exported as it is published. */
  const settled = () =>
    until(async () => {
      const metrics = await (await node.fetch('metrics')).text();
      return /^gitbuilder_chacra_exports\{state="waiting"\} 0$/m.test(metrics);
    });
  return { root, kept, folderOf, publish, settled };
}

async function sameAsServed(t: Test, node: TestNode, repo: string, folder: string) {
  const files = exportedFiles(folder);
  for (const path of files) {
    const url = `r/${repo}/flavors/default/${path.split('/').map(encodeURIComponent).join('/')}`;
    t.ok(await isServed(node, join(folder, path), url), path);
  }
  return files;
}

t.test('each published repository is a folder of plain files, too', async (t) => {
  const node = await startNode(t, { chacra: CHACRA });
  const { root, kept, folderOf, publish, settled } = exporting(node);
  const [one, two] = [someDeb('hello', '1.0~rc1+b2'), someDeb('docs', '2:3', 'all')];
  await publish(WIP, [one, two]);
  const files = await sameAsServed(t, node, WIP, folderOf(WIP));
  const packages = 'dists/bookworm/main/binary-amd64/Packages';
  const digest = sha256(readFileSync(join(folderOf(WIP), packages)));
  for (const path of [
    RELEASE,
    packages,
    `${packages}.gz`,
    `dists/bookworm/main/binary-amd64/by-hash/SHA256/${digest}`,
    `pool/main/h/hello/${one.name}`,
    `pool/main/d/docs/docs_3_all.deb`,
  ])
    t.ok(files.includes(path), path);
  const blob = sha256(one.bytes);
  const stored = join(node.folder, 'data/chacra/blobs', blob.slice(0, 2), blob);
  const linked = join(folderOf(WIP), 'pool/main/h/hello', one.name);
  t.equal(statSync(linked).ino, statSync(stored).ino, 'a package is a hard link to its blob');
  t.same(exportedFiles(join(root, 'ceph/wip%2Ffix')), exportedFiles(join(root, 'ceph/wip/fix')));
  t.notOk(existsSync(kept), 'nothing was replaced yet');

  const first = treeOf(folderOf(WIP));
  const time = statSync(join(folderOf(WIP), RELEASE)).mtime;
  const forced = someDeb('hello', '1.0~rc1+b2', 'amd64', 'forced');
  await publish(WIP, [forced]);
  t.not(treeOf(folderOf(WIP)), first);
  t.ok(statSync(join(folderOf(WIP), RELEASE)).mtime > time, 'the next one is newer by a second');
  const after = await sameAsServed(t, node, WIP, folderOf(WIP));
  const debs = after.filter((path) => path.endsWith('.deb') && path.includes('hello'));
  t.same(debs, [`pool/main/h/hello/${sha256(forced.bytes).slice(0, 8)}/${forced.name}`]);
  const older = await sameAsServed(t, node, WIP, folderOf(WIP, kept));
  t.ok(older.includes(`pool/main/h/hello/${one.name}`), 'what was replaced stands apart');
  t.ok(older.includes(`dists/bookworm/main/binary-amd64/by-hash/SHA256/${digest}`));
  t.notOk(older.some((path) => after.includes(path)));

  const rpm = someBuiltRpm();
  await publish(YUM, [rpm]);
  t.ok((await sameAsServed(t, node, YUM, folderOf(YUM))).includes(`noarch/${rpm.name}`));

  await node.fetch(`repos/${WIP}/`, { method: 'DELETE' });
  await until(() => !existsSync(join(root, 'ceph/wip')));
  await until(() => readdirSync(join(root, '.gitbuilder/trees')).length === 1);
  t.same(readdirSync(join(root, 'ceph')), ['main'], 'a deleted one leaves, its alias with it');
  t.same(readdirSync(kept), []);
  await node.fetch(`repos/${YUM}/`, { method: 'DELETE' });
  await until(() => readdirSync(join(root, '.gitbuilder/trees')).length === 0);
  t.same(readdirSync(root), ['.gitbuilder']);
  // The folder has gone a moment before its work is over.
  await settled();
  const metrics = await (await node.fetch('metrics')).text();
  t.match(metrics, /^gitbuilder_chacra_exports\{state="failing"\} 0$/m);
});

t.test('whatever happened while it did not run is put right by the next start', async (t) => {
  const folder = testFolder(t);
  const node = await startNode(t, { chacra: CHACRA, folder });
  const { folderOf, publish, root } = exporting(node);
  const repos = ['one', 'two', 'three', 'four'].map((ref) => WIP.replace('fix', ref));
  for (const repo of repos) await publish(repo, [someDeb(), someDeb('docs', '1', 'all')]);
  await node.stop();
  const [truncated = '', lacking = '', other = '', unlinked = ''] = repos.map((r) => folderOf(r));
  truncateSync(join(truncated, RELEASE), 10);
  const pool = join(lacking, 'pool/main/h/hello');
  const [deb = ''] = readdirSync(pool);
  rmSync(join(pool, deb));
  rmSync(join(other, 'pool/main/h/hello', deb));
  writeFileSync(join(other, 'pool/main/h/hello', deb), 'other bytes');
  rmSync(unlinked);
  const trees = join(root, '.gitbuilder/trees');
  const [some = ''] = readdirSync(trees);
  mkdirSync(join(trees, some, '.tmp-left/by/a/crash'), { recursive: true });

  const again = await startNode(t, { chacra: CHACRA, folder });
  await exporting(again).settled();
  for (const repo of repos) {
    const files = await sameAsServed(t, again, repo, folderOf(repo));
    t.ok(files.includes(`pool/main/h/hello/${deb}`));
  }
  t.notOk(existsSync(join(trees, some, '.tmp-left')));

  // As when the process was killed between deleting and telling the export.
  await again.stop();
  rmSync(join(folder, 'data/chacra/repos'), { recursive: true });
  await startNode(t, { chacra: CHACRA, folder });
  await until(() => readdirSync(trees).length === 0);
  t.same(readdirSync(root), ['.gitbuilder'], 'who is gone leaves, though nobody said so');
});

t.test('a replaced folder stays for those who still read in it', async (t) => {
  const node = await startNode(t, { chacra: CHACRA });
  const { folderOf, publish, root } = exporting(node);
  await publish(WIP, [someDeb()]);
  const before = join(folderOf(WIP), '..', treeOf(folderOf(WIP)) ?? '');
  const files = exportedFiles(before);
  await publish(WIP, [someDeb('docs', '1', 'all')]);
  await node.stop();
  const exported = await openExportFolder({
    folder: root,
    root: join(node.folder, 'data/chacra'),
  });
  const hourAgo = new Date(Date.now() - 3_600_000);
  await exported.sweep(hourAgo);
  t.same(exportedFiles(before), files);
  utimesSync(before, new Date(0), new Date(0));
  await exported.sweep(hourAgo);
  t.notOk(existsSync(before));
  t.ok(lstatSync(folderOf(WIP)).isSymbolicLink());
  t.ok(exportedFiles(folderOf(WIP)).length > 0, 'the one that is shown stays, however old it is');
});

t.test('an export root that was removed comes back', async (t) => {
  const clock = new ManualClock();
  const node = await startNode(t, { chacra: CHACRA, clock });
  const { root, folderOf, publish, settled } = exporting(node);
  await publish(WIP, [someDeb('hello')]);
  await settled();
  rmSync(root, { recursive: true });
  await node.fetch(`repos/${WIP}/recreate?wait=60`, { method: 'POST' });
  const failing = async () =>
    (await (await node.fetch('metrics')).text()).includes('exports{state="failing"} 1\n');
  await until(failing);
  clock.advance(60_000);
  await settled();
  t.notOk(await failing());
  t.ok((await sameAsServed(t, node, WIP, folderOf(WIP))).includes(RELEASE));
});

t.test('repositories that stand in the way of each other are told, and harm nobody', async (t) => {
  const node = await startNode(t, { chacra: CHACRA });
  const { folderOf, publish, kept, settled } = exporting(node);
  await publish(YUM, [someBuiltRpm()]);
  await publish(WIP, [someDeb('hello', '1')]);
  await publish(WIP, [someDeb('hello', '1', 'amd64', 'forced')]);
  const folders = [folderOf(YUM), folderOf(WIP), folderOf(WIP, kept)];
  const before = folders.map(exportedFiles);
  const deep = `${YUM}/flavors/default`.slice('ceph/'.length).replaceAll('/', '%2F');
  for (const [at, inside] of [
    `ceph/${deep}/${SHA1}/debian/bookworm`,
    WIP.replace('ceph/', '.gitbuilder/older%2Fceph%2F'),
  ].entries()) {
    const path = `binaries/${inside}/x86_64/flavors/default/${someDeb().name}/`;
    await node.fetch(path, { method: 'PUT', body: someDeb().bytes });
    await node.fetch(`repos/${inside}/update`, { method: 'POST' });
    await untilPublished(node, inside);
    const errors = () => node.log.lines.filter(({ level }) => level === 'error');
    await until(() => errors().length > at);
    t.match(errors()[at]?.fields, { err: { message: /is in the way/ } }, inside);
    t.match(await (await node.fetch('metrics')).text(), /exports\{state="failing"\} [12]$/m);
    await node.fetch(`repos/${inside}/`, { method: 'DELETE' });
    await settled();
  }
  t.same(folders.map(exportedFiles), before, 'neither when they come nor when they go');
});

t.test('what was damaged is exported anew as soon as it was uploaded once more', async (t) => {
  const clock = new ManualClock();
  const chacra = `${CHACRA}\n  scrubTimes: "* * * * * *"`;
  const node = await startNode(t, { chacra, clock });
  const { folderOf, publish } = exporting(node);
  const deb = someDeb();
  await publish(WIP, [deb]);
  const file = join(folderOf(WIP), 'pool/main/h/hello', deb.name);
  // The same file as the blob, as on a disk that goes bad.
  writeFileSync(
    file,
    deb.bytes.map((byte, at) => (at === 99 ? byte ^ 1 : byte)),
  );
  const counts = async (line: string) => {
    clock.advance(60_000);
    const metrics = await (await node.fetch('metrics')).text();
    return metrics.includes(`gitbuilder_chacra_exports${line}\n`);
  };
  await until(() => counts('{state="failing"} 1'));
  const path = `binaries/${WIP}/x86_64/flavors/default/${encodeURIComponent(deb.name)}/`;
  t.equal((await node.fetch(path, { method: 'PUT', body: deb.bytes })).status, 200);
  await until(() => counts('{state="waiting"} 0'));
  t.ok(readFileSync(file).equals(deb.bytes));
});

t.test('a folder from which no hard link can lead to a blob stops the start', async (t) => {
  const elsewhere = mkdtempSync('/dev/shm/gitbuilder-');
  t.teardown(() => rmSync(elsewhere, { recursive: true }));
  t.not(statSync(elsewhere).dev, statSync(t.testdir()).dev, 'another file system');
  for (const [exportRoot, reason] of [
    [elsewhere, /EXDEV/],
    ['data/chacra/blobs', /lies in the folder of the service/],
    ['data', /the folder of the service lies in it/],
    ['data/chacra', /lies in the folder of the service/],
    ['gitbuilder.yaml/below', /ENOTDIR|EEXIST/],
  ] as const) {
    const starting = startNode(t, { chacra: `  exportRoot: ${exportRoot}` });
    await t.rejects(starting, { code: 'EXPORT_ROOT_UNFIT', message: reason, advice: /same file/ });
  }
});
