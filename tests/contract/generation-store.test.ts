import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ByteCache } from '../../services/platform/byte-cache.ts';
import { DiskGenerationStore } from '../../services/adapters/generation-store.ts';
import type { Generation } from '../../services/domain/generation.ts';
import type { FileWriter } from '../../services/platform/file-writer.ts';
import { directWriter } from '../../services/platform/file-writer.ts';
import { someIdentity } from '../fixtures/some-repo.ts';
import { fileAt, generationStoreContract, someGeneration } from './generation-store-contract.ts';

const repo = someIdentity(1);

type Written = readonly [generation: Generation, bytes: ReadonlyMap<string, Uint8Array>];

generationStoreContract('disk', (root) => new DiskGenerationStore({ root }));
generationStoreContract(
  'disk without memory',
  (root) => new DiskGenerationStore({ root, cacheBytes: 0, manifestBytes: 0 }),
);

function below(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => statSync(join(folder, name)).isFile()).sort();
}

/** By a store of a former life, to the last file. */
async function written(root: string, ...[generation, bytes]: Written): Promise<void> {
  const store = new DiskGenerationStore({ root });
  await store.write(repo, generation, bytes);
  await store.settled();
}

t.test('what is on disk', async (t) => {
  const root = t.testdir();
  const store = new DiskGenerationStore({ root });
  const one = someGeneration(1, { Packages: 'first', Sources: 'same' });
  const two = someGeneration(2, { Packages: 'second', Sources: 'same', Other: 'same' });
  await store.write(repo, one.generation, one.bytes);
  const [folder = ''] = readdirSync(join(root, 'published'));
  const published = join(root, 'published', folder);
  const same = join(published, 'files', fileAt(one.generation, 'Sources').sha256);
  await store.settled();
  const before = statSync(same).ino;
  await store.write(repo, two.generation, two.bytes);
  await store.settled();
  t.equal(statSync(same).ino, before, 'what is there is not written again');
  const shas = ['first', 'same', 'second'].map((text) => someGeneration(0, { a: text }));
  t.same(
    below(published),
    [
      '1.json',
      '2.json',
      ...shas.map(({ generation }) => `files/${fileAt(generation, 'a').sha256}`),
    ].sort(),
    'equal files once, inline ones not at all, no temporary ones',
  );

  writeFileSync(join(published, 'files', '.tmp-left'), 'by a crash');
  await store.remove(repo, 1);
  t.equal(below(published).length, 3, 'the manifest, its two files, no leftovers');
  await store.removeUpTo(repo, 2);
  t.same(readdirSync(join(root, 'published')), []);

  mkdirSync(join(published, 'files'), { recursive: true });
  writeFileSync(join(published, 'files', 'of-no-manifest'), 'its removal broke off after those');
  await store.removeUpTo(repo, 2);
  t.same(readdirSync(join(root, 'published')), [], 'a removal that is done again ends it');
});

t.test('lost and wrong index files are not served, and can be put back', async (t) => {
  const root = t.testdir();
  const { generation, bytes } = someGeneration(1, { Packages: 'right', Sources: 'there' });
  await written(root, generation, bytes);
  const [folder = ''] = readdirSync(join(root, 'published'));
  const path = (file: string) =>
    join(root, 'published', folder, 'files', fileAt(generation, file).sha256);
  const packages = fileAt(generation, 'Packages');

  for (const damage of ['wrong', '', null]) {
    if (damage === null) rmSync(path('Packages'));
    else writeFileSync(path('Packages'), damage);
    const store = new DiskGenerationStore({ root });
    t.equal(await store.bytes(repo, packages), null);
    await store.restore(repo, packages, Buffer.from('right'));
    for (const each of [store, new DiskGenerationStore({ root })])
      t.same(await each.bytes(repo, packages), Buffer.from('right'));
  }

  const forgetful = new DiskGenerationStore({ root, cacheBytes: 0 });
  t.ok(await forgetful.bytes(repo, packages));
  rmSync(path('Packages'));
  t.equal(await forgetful.bytes(repo, packages), null, 'lost while somebody knew it whole');
  await forgetful.restore(repo, packages, Buffer.from('right'));
  t.same(await forgetful.bytes(repo, packages), Buffer.from('right'));

  writeFileSync(path('Packages'), 'WRONG');
  const healing = new DiskGenerationStore({ root });
  await healing.write(repo, { ...generation, number: 2 }, bytes);
  await healing.settled();
  t.same(await new DiskGenerationStore({ root }).bytes(repo, packages), Buffer.from('right'));

  const manifest = join(root, 'published', folder, '1.json');
  writeFileSync(manifest, '{"number":1}');
  const fields = { file: manifest };
  await t.rejects(new DiskGenerationStore({ root }).read(repo, 1), {
    code: 'DATA_DAMAGED',
    fields,
  });
});

t.test('a write that fails is refused, and nothing stands in its way later', async (t) => {
  const root = t.testdir();
  const store = new DiskGenerationStore({ root });
  const { generation, bytes } = someGeneration(1, { Packages: 'text' });
  writeFileSync(join(root, 'published'), '');
  await t.rejects(store.write(repo, generation, bytes));
  await t.rejects(store.read(repo, 1));
  rmSync(join(root, 'published'));
  mkdirSync(join(root, 'published'));
  await store.write(repo, generation, bytes);
  t.same(await store.read(repo, 1), generation);
});

t.test('a folder that somebody removed is made again', async (t) => {
  const root = t.testdir();
  const store = new DiskGenerationStore({ root });
  const [one, two] = [1, 2].map((n) => someGeneration(n, { Packages: `of ${n}` }));
  if (one === undefined || two === undefined) throw new TypeError('there are two');
  await store.write(repo, one.generation, one.bytes);
  await store.settled();
  rmSync(join(root, 'published'), { recursive: true });
  await t.rejects(store.write(repo, two.generation, two.bytes), { code: 'ENOENT' });
  await store.write(repo, two.generation, two.bytes);
  await store.settled();
  const { sha256 } = fileAt(two.generation, 'Packages');
  t.match(below(root), [/\/2\.json$/, new RegExp(`/files/${sha256}$`)]);
});

t.test('a manifest that cannot be written fails the write alone, also without files', async (t) => {
  const lost = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  for (const texts of [{}, { Packages: 'text' }]) {
    const root = t.testdir();
    let isFull = true;
    const files: FileWriter = {
      ...directWriter,
      put: (file) => (isFull && file.durable ? Promise.reject(lost) : directWriter.put(file)),
    };
    const store = new DiskGenerationStore({ root, files });
    const { generation, bytes } = someGeneration(1, texts);
    // What nobody has met by then would end the process.
    await t.rejects(store.write(repo, generation, bytes), lost);
    await new Promise(setImmediate);
    isFull = false;
    await store.write(repo, generation, bytes);
    t.same(await store.read(repo, 1), generation);
  }
});

t.test(
  'index files are served before they are on disk, and when they never come there',
  async (t) => {
    for (const isLost of [false, true]) {
      const root = t.testdir();
      let goOn: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (goOn = resolve));
      const store = new DiskGenerationStore({
        root,
        cacheBytes: 0,
        files: {
          ...directWriter,
          async put(file) {
            if (!file.durable) await held;
            if (!file.durable && isLost) throw new Error('no space left');
            await directWriter.put(file);
          },
        },
      });
      const { generation, bytes } = someGeneration(1, { Packages: 'text' });
      const packages = fileAt(generation, 'Packages');
      await store.write(repo, generation, bytes);
      t.same(await store.read(repo, 1), generation);
      t.same(await store.bytes(repo, packages), Buffer.from('text'), 'with no memory for others');
      const removed = store.remove(repo, 1);
      goOn();
      await removed;
      t.same(below(root), [], 'what goes waits for what still comes');
    }
  },
);

t.test('a manifest too large to be kept is the same for all who have it at once', async (t) => {
  const root = t.testdir();
  const { generation, bytes } = someGeneration(1, { Packages: 'first' });
  await written(root, generation, bytes);
  const store = new DiskGenerationStore({ root, manifestBytes: 0 });
  const [first, ...others] = await Promise.all([1, 2, 3].map(() => store.read(repo, 1)));
  t.same(first, generation);
  for (const other of others) t.equal(other, first);
  t.equal(await store.read(repo, 1), first);
});

t.test('bytes are read once for many, and come from memory then', async (t) => {
  const root = t.testdir();
  const { generation, bytes } = someGeneration(1, { Packages: 'text' });
  await written(root, generation, bytes);
  const store = new DiskGenerationStore({ root });
  const packages = fileAt(generation, 'Packages');
  const read = await Promise.all([store.bytes(repo, packages), store.bytes(repo, packages)]);
  t.equal(read[0], read[1], 'the same bytes, not equal ones');
  rmSync(join(root, 'published'), { recursive: true });
  t.equal(await store.bytes(repo, packages), read[0]);
});

t.test('the cache keeps what was used last, within its limit', async (t) => {
  const cache = new ByteCache<string>(10);
  cache.set('a', 'A', 4);
  cache.set('b', 'B', 4);
  t.equal(cache.get('a'), 'A');
  cache.set('c', 'C', 4);
  t.equal(cache.get('b'), undefined, 'the one not used for the longest time went');
  t.equal(cache.get('a'), 'A');
  cache.set('a', 'AA', 10);
  t.equal(cache.get('c'), undefined);
  t.equal(cache.get('a'), 'AA');
  cache.set('huge', 'H', 11);
  t.equal(cache.get('huge'), undefined);
  cache.delete('a');
  cache.set('d', 'D', 10);
  t.equal(cache.get('d'), 'D', 'what is deleted takes no room');
});
