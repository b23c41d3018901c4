import t from 'tap';
import { DiskGenerationStore } from '../../services/adapters/generation-store.ts';
import { KeptFiles } from '../../services/chacra/kept-files.ts';
import type { Repo } from '../../services/domain/repo.ts';
import { newRepoHead } from '../../services/domain/repo.ts';
import { someGeneration } from '../contract/generation-store-contract.ts';
import { someIdentity } from '../fixtures/some-repo.ts';

const WHEN = '2026-01-01T00:00:00.000Z';
const identity = someIdentity(1);

/** A repo whose live generation is the one given, with older ones before it. */
function repoWith(files: number | null, older: readonly number[]): Repo {
  const live = {
    ...{ number: files ?? 0, files: files ?? 0, published: WHEN, revision: 1 },
    ...{
      archs: [],
      packages: 1,
      signedBy: 'F',
      shadowed: [],
      superseded: [],
      incomplete: [],
      sources: [],
    },
  };
  const kept = older.map((number) => ({ files: number, replaced: WHEN }));
  const head = { ...newRepoHead(WHEN), live: files === null ? null : live, older: kept };
  return { identity, head, binaries: new Map() };
}

/** A store with generations 1 to 3, each with a Packages of its own and one file that only it has. */
async function threeGenerations(folder: string): Promise<DiskGenerationStore> {
  const store = new DiskGenerationStore({ root: folder });
  for (const number of [1, 2, 3]) {
    const texts = { Packages: `text ${number}`, [`only-${number}`]: 'x' };
    const { generation, bytes } = someGeneration(number, texts);
    await store.write(identity, generation, bytes);
  }
  return store;
}

t.test('paths of every kept generation lead somewhere, and the live one wins', async (t) => {
  const kept = new KeptFiles(await threeGenerations(t.testdir()));
  const first = await kept.of(repoWith(1, []));
  t.equal(first.index('Packages')?.generation, 1);
  t.equal(first.index('only-2'), undefined);

  const grown = await kept.of(repoWith(2, [1]));
  t.equal(grown.index('Packages')?.generation, 2);
  t.ok(grown.index('only-1') && grown.index('only-2') && grown.package('pool/a.deb'));
  t.equal(grown.live?.number, 2);

  const swept = await kept.of(repoWith(3, []));
  t.equal(swept.index('only-1'), undefined, 'a generation whose time is over is gone');
  t.equal(swept.live?.number, 3);
});

t.test('what a client begins with is there only while it is true', async (t) => {
  const store = await threeGenerations(t.testdir());
  const { generation } = someGeneration(4, { Packages: 'text 4' });
  // Without a key any more, or without a codename.
  const unsigned = generation.files.filter(({ path }) => path !== 'InRelease');
  await store.write(identity, { ...generation, files: unsigned }, new Map());
  const kept = new KeptFiles(store);
  t.equal((await kept.of(repoWith(3, [1]))).index('InRelease')?.generation, 3);
  for (const each of [kept, new KeptFiles(store)]) {
    const now = await each.of(repoWith(4, [1, 3]));
    t.equal(now.index('InRelease'), undefined);
    t.ok(now.index('only-3'), 'what it named can still be read');
  }
});

t.test('a generation whose time ends between looking and reading is passed over', async (t) => {
  const store = await threeGenerations(t.testdir());
  await store.removeUpTo(identity, 1);
  const kept = await new KeptFiles(store).of(repoWith(3, [1, 2]));
  t.equal(kept.live?.number, 3);
  t.ok(kept.index('only-3') && kept.index('only-2'));
  t.equal(kept.index('only-1'), undefined);
});

t.test('what is known is asked for again only when the repo has other generations', async (t) => {
  const store = await threeGenerations(t.testdir());
  const kept = new KeptFiles(store);
  const repo = repoWith(2, [1]);
  await kept.of(repo);
  await store.removeUpTo(identity, 2);
  const uploaded = { ...repo, head: { ...repo.head, revision: 7 } };
  t.equal((await kept.of(uploaded)).live?.number, 2, 'an upload changes no generation');
  await t.rejects(kept.of(repoWith(2, [])), { code: 'NOT_FOUND' });
  t.equal((await kept.of(repoWith(3, []))).live?.number, 3, 'a failure is not remembered');
});
