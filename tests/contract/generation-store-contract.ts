import { createHash } from 'node:crypto';
import t from 'tap';
import type { GenerationStore } from '../../services/chacra/ports.ts';
import type { Generation, IndexFile } from '../../services/domain/generation.ts';
import { someIdentity } from '../fixtures/some-repo.ts';

/** A generation whose index files hold the given texts, and their bytes. */
export function someGeneration(
  number: number,
  texts: Readonly<Record<string, string>>,
): { generation: Generation; bytes: Map<string, Uint8Array> } {
  const bytes = new Map(Object.entries(texts).map(([path, text]) => [path, Buffer.from(text)]));
  const files: IndexFile[] = [...bytes].map(([path, body]) => ({ path, ...digest(body) }));
  const signature = { path: 'InRelease', ...digest(Buffer.from('signed')), text: 'signed' };
  const generation: Generation = {
    number,
    type: 'deb',
    date: '2026-01-01T00:00:00.000Z',
    suites: ['noble'],
    singleRoot: false,
    archs: ['x86_64'],
    packages: [
      { path: 'pool/a.deb', sha256: digest(Buffer.from('a')).sha256, size: 1, time: 1, suite: '' },
    ],
    files: [...files, signature],
  };
  return { generation, bytes };
}

/** The file of a generation at a path. */
export function fileAt(generation: Generation, path: string): IndexFile {
  const file = generation.files.find((other) => other.path === path);
  if (file === undefined) throw new Error(`no ${path}`);
  return file;
}

function digest(bytes: Uint8Array): { sha256: string; size: number } {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
}

/** What every generation store keeps its word on; each call of `open` is a new process on one folder. */
export function generationStoreContract(
  name: string,
  open: (folder: string) => GenerationStore,
): void {
  const repo = someIdentity(1);
  const text = async (store: GenerationStore, file: IndexFile, identity = repo) => {
    const bytes = await store.bytes(identity, file);
    return bytes === null ? null : Buffer.from(bytes).toString();
  };

  t.test(`${name}: what was written is read, in this life and the next`, async (t) => {
    const folder = t.testdir();
    const store = open(folder);
    const { generation, bytes } = someGeneration(1, { Packages: 'one', Release: 'r1' });
    await store.write(repo, generation, bytes);
    for (const each of [store, open(folder)]) {
      t.same(await each.read(repo, 1), generation);
      t.equal(await text(each, fileAt(generation, 'Packages')), 'one');
      t.equal(await text(each, fileAt(generation, 'InRelease')), 'signed');
      t.same(await Promise.all(generation.files.map((file) => text(each, file))), [
        'one',
        'r1',
        'signed',
      ]);
      await t.rejects(each.read(repo, 2), { code: 'NOT_FOUND' });
      await t.rejects(each.read(someIdentity(2), 1), { code: 'NOT_FOUND' });
    }
    const [first] = generation.packages;
    const asked = new Set([first?.sha256 ?? '', '0'.repeat(64)]);
    for (const each of [store, open(folder)]) {
      t.same(await each.packagesOf(repo, 1, asked), [first]);
      t.same(await each.packagesOf(repo, 1, new Set(['0'.repeat(64)])), []);
      t.same(await each.packagesOf(repo, 2, asked), [], 'one that is gone names nothing');
    }
    const never = { path: 'Packages', ...digest(Buffer.from('never written')) };
    t.equal(await store.bytes(repo, never), null);
  });

  t.test(`${name}: removing leaves what other generations name`, async (t) => {
    const folder = t.testdir();
    const one = someGeneration(1, { Packages: 'first', Sources: 'same' });
    const two = someGeneration(2, { Packages: 'second', Sources: 'same' });
    const three = someGeneration(3, { Packages: 'third', Sources: 'same' });
    const other = someIdentity(2);
    const store = open(folder);
    for (const { generation, bytes } of [one, two, three])
      await store.write(repo, generation, bytes);
    await store.write(other, one.generation, one.bytes);
    await store.settled();

    await store.remove(repo, 2);
    await store.remove(repo, 2);
    let later = open(folder);
    await t.rejects(store.read(repo, 2), { code: 'NOT_FOUND' });
    t.equal(await text(later, fileAt(two.generation, 'Packages')), null);
    t.equal(await text(later, fileAt(two.generation, 'Sources')), 'same');
    t.equal(await text(later, fileAt(three.generation, 'Packages')), 'third');

    const anew = someGeneration(3, { Packages: 'fourth', Sources: 'same' });
    await store.write(repo, anew.generation, anew.bytes);
    await store.remove(repo, 1);
    later = open(folder);
    t.same(
      await store.read(repo, 3),
      anew.generation,
      'a number whose publish broke off is used again',
    );
    t.equal(await text(later, fileAt(anew.generation, 'Packages')), 'fourth');
    await store.write(repo, three.generation, three.bytes);
    await store.settled();

    await store.removeUpTo(repo, 1);
    later = open(folder);
    await t.rejects(later.read(repo, 1), { code: 'NOT_FOUND' });
    t.equal(await text(later, fileAt(three.generation, 'Sources')), 'same');
    t.equal(await text(later, fileAt(one.generation, 'Packages')), null);

    await store.removeUpTo(repo, 99);
    later = open(folder);
    t.equal(await text(later, fileAt(three.generation, 'Sources')), null);
    t.equal(await text(later, fileAt(one.generation, 'Packages'), other), 'first', 'another repo');
    await store.removeUpTo(someIdentity(9), 1);

    const stranger = someGeneration(1, { Packages: 'forgotten' });
    await store.write(someIdentity(8), stranger.generation, stranger.bytes);
    await store.settled();
    await open(folder).removeAllBut([other]);
    later = open(folder);
    await t.rejects(later.read(someIdentity(8), 1), { code: 'NOT_FOUND' });
    t.equal(await text(later, fileAt(one.generation, 'Packages'), other), 'first');

    // Its number may come again when the repo is made anew.
    const again = someGeneration(1, { Packages: 'anew' });
    await store.write(repo, again.generation, again.bytes);
    t.same(await store.read(repo, 1), again.generation);
    await store.settled();
    t.equal(await text(open(folder), fileAt(again.generation, 'Packages')), 'anew');
  });

  t.test(`${name}: a write and a removal at once lose nothing`, async (t) => {
    const folder = t.testdir();
    const store = open(folder);
    const first = someGeneration(1, { Packages: 'shared' });
    await store.write(repo, first.generation, first.bytes);
    for (let number = 2; number < 12; number += 1) {
      const { generation, bytes } = someGeneration(number, { Packages: 'shared' });
      await Promise.all([
        store.remove(repo, number - 1),
        store.write(repo, generation, bytes),
        store.read(repo, number - 1).catch(() => null),
      ]);
      await store.settled();
      t.equal(await text(open(folder), fileAt(generation, 'Packages')), 'shared');
    }
  });
}
