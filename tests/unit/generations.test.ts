import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { expectedBlobs } from '../../services/chacra/expected-blobs.ts';
import { RepoExporter } from '../../services/chacra/export-repos.ts';
import { findBlobUses } from '../../services/chacra/find-blob-uses.ts';
import { goBack } from '../../services/chacra/go-back.ts';
import {
  keepGeneration,
  listGenerations,
  releaseGeneration,
} from '../../services/chacra/kept-generations.ts';
import { sweepStorage } from '../../services/chacra/sweep-storage.ts';
import { verifyStorage } from '../../services/chacra/verify-storage.ts';
import type { VerifyOptions } from '../../services/chacra/verify-storage.ts';
import type { RepoIdentity } from '../../services/domain/identity.ts';
import type { Verification } from '../../services/domain/verification.ts';
import { pairUp } from '../../services/chacra/compare-generations.ts';
import { DEFAULT_PROJECT } from '../../services/platform/project-settings.ts';
import { pickingNode } from '../fixtures/picking-node.ts';
import { smallDeb, smallNode } from '../fixtures/small-node.ts';
import { someIdentity } from '../fixtures/some-repo.ts';

const HOUR = 3_600_000;
const one = someIdentity(1);
const BY = { reason: 'demo', by: 'root' };

t.test('what is kept outlives the sweep with everything it names', async (t) => {
  const node = await smallNode(t.testdir());
  const { repos, clock, generations } = node;
  const list = async () => {
    const repo = repos.get(one);
    const all = repo === undefined ? [] : await listGenerations(generations, repo, HOUR);
    return all.map(({ number }) => number);
  };
  for (const version of ['1.0', '1.1', '1.2', '1.3']) {
    await node.upload(one, 'tool_1_amd64.deb', smallDeb('tool', version));
    await node.update(one);
  }
  t.strictSame(await list(), [4, 3, 2, 1]);
  await keepGeneration(node, one, 1, { ...BY, reason: 'first' });
  await keepGeneration(node, one, 1, BY);
  await keepGeneration(node, one, 4, BY);
  t.strictSame(
    node.head(one)?.kept.map(({ files }) => files),
    [1, 4],
    'each once',
  );
  await node.upload(one, 'tool_1_amd64.deb', smallDeb('tool', '1.4'));
  await node.update(one);
  clock.advance(2 * HOUR);
  await node.sweep(HOUR);
  t.strictSame(await list(), [5, 4, 1]);
  for (const { path, sha256 } of (await generations.read(one, 1)).packages) {
    t.match(await node.find(one, path), { kind: 'package', file: { sha256 } });
    t.ok(await node.blobs.has(sha256));
  }

  await releaseGeneration(node, one, 4);
  await node.sweep(HOUR);
  t.strictSame(await list(), [5, 1]);
  await t.rejects(keepGeneration(node, one, 4, BY), { code: 'GENERATION_NOT_FOUND' });
  await node.removeRepo(one);
  await node.upload(one, 'tool_1_amd64.deb', smallDeb('tool', '2.0'));
  t.match(node.head(one), { kept: [], goBackTo: null }, 'a repo made again starts anew');
  await repos.close();
});

t.test('a lost index file is derived again, even where it cannot be kept', async (t) => {
  const root = t.testdir();
  const packages = `dists/${one.distroVersion}/main/binary-amd64/Packages`;
  const before = await smallNode(root);
  await before.upload(one, 'tool_1_amd64.deb', smallDeb('tool', '1.0'));
  await before.update(one);
  const text = await before.text(one, packages);
  await before.generations.settled();
  await before.repos.close();
  const published = join(root, 'published');
  for (const folder of readdirSync(published))
    rmSync(join(published, folder, 'files'), { recursive: true });

  const node = await smallNode(root, undefined, before.blobs);
  t.equal(await node.text(one, packages), text);
  t.match(node.log.lines, [
    { level: 'warn', message: /lost; derived again/ },
    { level: 'warn', message: /cannot be kept/, fields: { err: { code: 'ENOENT' } } },
  ]);
  await node.repos.close();
});

t.test('what is kept or gone back to while the sweep is at another repo stays', async (t) => {
  const node = await smallNode(t.testdir());
  const [first, kept, asked] = [someIdentity(1), someIdentity(2), someIdentity(3)];
  for (const identity of [first, kept, asked]) {
    for (const version of ['1.0', '1.1']) {
      await node.upload(identity, 'tool_1_amd64.deb', smallDeb('tool', version));
      await node.update(identity);
    }
  }
  node.clock.advance(2 * HOUR);
  const start = () => undefined;
  const generations = {
    read: (identity: RepoIdentity, number: number) => node.generations.read(identity, number),
    remove: async (identity: RepoIdentity, number: number) => {
      if (identity.sha1 === first.sha1) {
        await keepGeneration(node, kept, 1, BY);
        await goBack({ ...node, start }, asked, 1);
      }
      await node.generations.remove(identity, number);
    },
  };
  const pause = () => Promise.resolve();
  await sweepStorage({ ...node, generations, keepMilliseconds: HOUR, pause });
  const older = (identity: RepoIdentity) => node.head(identity)?.older.map(({ files }) => files);
  t.strictSame(older(first), []);
  t.strictSame(older(kept), [1]);
  t.match(await node.generations.read(kept, 1), { number: 1 });
  await node.publish(asked);
  t.match(node.head(asked), { status: 'ready', live: { number: 3 } });
  await node.repos.close();
});

t.test('what is gone back to has its bytes, though it ends while it is made live', async (t) => {
  const node = await smallNode(t.testdir());
  for (const version of ['1.0', '1.1']) {
    await node.upload(one, 'tool_1_amd64.deb', smallDeb('tool', version));
    await node.update(one);
  }
  await goBack({ ...node, start: () => undefined }, one, 1);
  node.clock.advance(2 * HOUR);
  const [{ sha256 } = { sha256: '' }] = (await node.generations.read(one, 1)).packages;
  const read = node.blobs.header.bind(node.blobs);
  let isFirst = true;
  node.blobs.header = async (ref, name) => {
    // It is read already; an update takes its place among what is asked for, and time goes on.
    if (isFirst) await node.request(one, 'update');
    if (isFirst) await node.sweep(HOUR);
    isFirst = false;
    return read(ref, name);
  };
  await node.publish(one);
  t.match(node.head(one), { live: { number: 3 }, older: [{ files: 2 }], again: null });
  t.equal(await node.blobs.has(sha256), true);
  await node.repos.close();
});

t.test('going back is owed like any publish', async (t) => {
  const rules = new Map([['ceph', DEFAULT_PROJECT]]);
  const folder = t.testdir();
  const versions = async (
    node: Awaited<ReturnType<typeof pickingNode>>,
    identity: RepoIdentity,
  ) => {
    await node.settle();
    const text = await node.text(identity, 'dists/noble/main/binary-amd64/Packages');
    return [...text.matchAll(/^Version: (.*)$/gm)].map(([, version]) => version);
  };
  const first = await pickingNode(folder, rules);
  const put = (node: typeof first, version: string) =>
    node.upload(one, 'tool_1_amd64.deb', smallDeb('tool', version));
  for (const version of ['1.0', '1.1']) {
    await put(first, version);
    await first.settle();
  }
  const start = () => undefined;
  t.match(await goBack({ ...first, start }, one, 1), { status: 'queued', generation: 3 });
  first.clock.advance(48 * HOUR);
  await first.sweep(HOUR);
  await first.close();

  const second = await pickingNode(folder, rules, first.blobs);
  t.strictSame(await versions(second, one), ['1.0'], 'after a restart, and with its time over');
  t.match(second.head(one), { status: 'ready', goBackTo: null, live: { number: 3 } });
  t.strictSame(await versions(second, one), ['1.0'], 'and stays so');
  await goBack({ ...second, start }, one, 2);
  await put(second, '1.2');
  second.queue.start(one);
  t.strictSame(await versions(second, one), ['1.2'], 'what comes later is shown later');
  const heard = second.head(one)?.events.slice(-6);
  t.strictSame(
    heard?.map(({ status, generation }) => `${status} ${generation}`),
    ['queued 4', 'building 4', 'ready 4', 'queued 5', 'building 5', 'ready 5'],
  );
  await second.update(one);
  await goBack({ ...second, start: (identity) => second.queue.start(identity) }, one, 3);
  t.strictSame(await versions(second, one), ['1.0'], 'of two the last one asked counts');
  const shut = () => ({ ...DEFAULT_PROJECT, disabled: true });
  t.throws(() => goBack({ ...second, rulesOf: shut, start }, one, 3), { code: 'REQUEST_INVALID' });
  await second.close();
});

/** Looks at a node without blobs on a disk, after an earlier look. */
function look(
  node: Awaited<ReturnType<typeof smallNode>>,
  before: Verification | null,
  onProgress: VerifyOptions['onProgress'] = () => undefined,
): Promise<Verification> {
  return verifyStorage(
    {
      ...node,
      restoreIndex: () => Promise.reject(new Error('it cannot be derived')),
      shelf: {
        prefixes: [],
        list: () => Promise.resolve([]),
        read: () => Promise.resolve(null),
        setAside: () => Promise.resolve(null),
        mend: () => Promise.resolve({ sha512: 0, headers: 0 }),
      },
      verifications: { read: () => Promise.resolve(before), write: () => Promise.resolve() },
      pace: () => Promise.resolve(),
      onLost: () => Promise.resolve(),
    },
    { isNew: true, isStopped: () => false, onProgress },
  );
}

t.test('a lost generation stays known while everything is looked at again', async (t) => {
  const node = await smallNode(t.testdir());
  const two = someIdentity(2);
  for (const each of [one, two]) {
    await node.upload(each, 'hello_1.0_amd64.deb', smallDeb('hello', '1.0'));
    await node.update(each);
  }
  await node.generations.settled();
  node.generations.isWhole = () => Promise.resolve(false);
  const before = await look(node, null);
  const lost = { number: 1, reason: 'it cannot be derived' };
  t.match(before.generations, [
    { ...lost, identity: one },
    { ...lost, identity: two },
  ]);
  await node.removeRepo(two);
  node.generations.isWhole = () => Promise.resolve(true);
  let known: readonly unknown[] = [];
  const after = await look(node, before, ({ generations }) => (known = generations));
  t.match(known, [{ ...lost, identity: one }], 'but for one that was deleted');
  t.equal(known.length, 1);
  t.same(after.generations, [], 'and at the end what is so now');
});

t.test('others have their turn while everything that is stored is gone through', async (t) => {
  const node = await smallNode(t.testdir());
  await node.upload(one, 'hello_1.0_amd64.deb', smallDeb('hello', '1.0'));
  const [repo] = node.repos.all();
  const [binary] = repo?.binaries.values() ?? [];
  if (repo === undefined || binary === undefined) throw new TypeError('it was uploaded');
  const binaries = new Map(Array.from({ length: 3000 }, (_, at) => [`${at}`, binary]));
  node.repos.all = () => Array.from({ length: 4 }, () => ({ ...repo, binaries }));
  let turns = 0;
  const pause = () => Promise.resolve(void (turns += 1));
  await expectedBlobs({ ...node, pause });
  t.equal(turns, 2);
  const { binaries: found } = await findBlobUses(
    { ...node, pause },
    new Set([binary.blob?.sha256 ?? '']),
  );
  t.equal(turns, 4);
  t.equal(found.length, 12_000);
});

t.test('what is deleted while it is looked at is not lost', async (t) => {
  const node = await smallNode(t.testdir());
  await node.upload(one, 'hello_1.0_amd64.deb', smallDeb('hello', '1.0'));
  await node.update(one);
  const read = node.generations.read.bind(node.generations);
  let looks = 0;
  node.generations.read = async (identity, number) => {
    looks += 1;
    // The first look is for its blobs.
    if (looks === 2) await node.removeRepo(one);
    return read(identity, number);
  };
  const found = await look(node, null);
  t.match([looks, found.generations], [2, []]);
  t.notOk(
    node.log.lines.some(({ level }) => level === 'error'),
    'and nobody is alarmed',
  );
});

t.test('what is replaced is swept from an export that never comes to an end', async (t) => {
  const node = await smallNode(t.testdir());
  // More than are exported at once.
  const all = [1, 2, 3, 4].map(someIdentity);
  const publish = () => Promise.all(all.map((each) => node.update(each, 'recreate')));
  for (const each of all) await node.upload(each, 'hello_1.0_amd64.deb', smallDeb('hello', '1.0'));
  await publish();
  let swept = 0;
  const exporter = new RepoExporter({
    ...node,
    restoreIndex: () => Promise.reject(new Error('nobody asks for bytes')),
    keepMilliseconds: HOUR,
    exported: {
      identities: () => Promise.resolve([]),
      // Before one is exported, the next is published.
      put: async () => void (await publish()),
      remove: () => Promise.resolve(),
      sweep: () => {
        swept += 1;
        return Promise.resolve();
      },
    },
  });
  exporter.start();
  await exporter.sweep();
  t.equal(swept, 1);
  await exporter.stop();
});

t.test('several versions of one package are paired one by one', (t) => {
  const rpm = (version: string) => {
    const [name, arch, suite] = ['tool', 'x86_64', ''];
    return { name, arch, suite, version, path: `x86_64/${version}`, sha256: version };
  };
  const [a, b, c] = [rpm('1'), rpm('2'), rpm('3')];
  t.strictSame(pairUp([a, b], [c]), {
    added: [],
    removed: [b],
    changed: [{ before: a, after: c }],
  });
  t.strictSame(pairUp([], [a, b]), { added: [a, b], removed: [], changed: [] });
  t.end();
});
