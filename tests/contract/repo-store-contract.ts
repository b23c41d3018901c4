import t from 'tap';
import type { RepoStore } from '../../services/chacra/ports.ts';
import { announce } from '../../services/domain/repo-events.ts';
import type { Repo, RepoChange } from '../../services/domain/repo.ts';
import type { ManualClock } from '../fakes/manual-clock.ts';
import { someBinary, someIdentity, uploaded } from '../fixtures/some-repo.ts';

/** One store over its life: opened again, it must hold what was durable. */
export interface RepoStoreHarness {
  store(): RepoStore;
  /** The clock of this life of the store. */
  clock(): ManualClock;
  /** Ends the store as a stop does, and opens it again. */
  restart(): Promise<void>;
  /** Leaves the store as `kill -9` does, and opens it again. */
  crash(): Promise<void>;
}

/** The tombstone of a repo, with or without an event that shaman has not got. */
export function deleted(repo: Repo, told: boolean): RepoChange {
  const gone = { ...repo.head, status: 'deleted' as const };
  const event = { status: 'deleted', generation: 0, archs: [], reason: null } as const;
  const head = told ? { ...gone, events: [] } : announce(gone, event, new Date(0));
  return { head, remove: [...repo.binaries.keys()] };
}

/** What every repo store keeps its word on. */
export function repoStoreContract(
  name: string,
  open: (folder: string) => Promise<RepoStoreHarness>,
): void {
  const one = someIdentity(1);

  t.test(`${name}: changes`, async (t) => {
    const harness = await open(t.testdir());
    const store = harness.store();
    t.equal(store.get(one), undefined);
    t.equal(await store.change(one, () => null), undefined, 'nothing changes nothing');
    t.same([...store.all()], []);

    const seen: number[] = [];
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        store.change(one, (repo) => {
          seen.push(repo?.head.revision ?? 0);
          return uploaded(repo, someBinary(`${i}.deb`));
        }),
      ),
    );
    t.same(seen, [...seen.keys()], 'no two callers decide on the same state');
    t.equal(store.get(one)?.binaries.size, 50);

    await t.rejects(
      store.change(one, () => {
        throw new Error('no');
      }),
      { message: 'no' },
      'a decision that throws changes nothing',
    );
    t.throws(() =>
      store.changeSoon(one, () => {
        throw new Error('no');
      }),
    );
    const [first, second] = [
      store.change(one, (repo) => uploaded(repo, someBinary('a.deb'))),
      store.change(one, (repo) => uploaded(repo, someBinary('b.deb'))),
    ];
    t.equal(store.get(one)?.head.revision, 52, 'decided and visible in the same tick');
    t.equal((await first)?.head.revision, 51, 'answers what its own decision made');
    t.equal((await second)?.head.revision, 52);

    await store.change(one, (repo) => ({
      ...uploaded(repo, someBinary('c.deb')),
      remove: ['x86_64/a.deb', 'x86_64/b.deb'],
    }));
    const before = shown(store);
    await harness.restart();
    t.same(shown(harness.store()), before, 'there after a stop');
    await harness.store().change(one, () => ({ remove: ['x86_64/c.deb'] }));
    await harness.crash();
    t.equal(harness.store().get(one)?.binaries.size, 50, 'there after a crash');
  });

  t.test(`${name}: changeSoon`, async (t) => {
    const harness = await open(t.testdir());
    await harness.store().change(one, (repo) => uploaded(repo, someBinary('a.deb')));
    const extra = () => harness.store().get(one)?.head.extra;
    const set = (value: string) =>
      harness.store().changeSoon(one, (repo) => {
        if (repo === undefined) throw new Error('no repo');
        return { head: { ...repo.head, extra: { value } } };
      });

    t.same(set('early')?.head.extra, { value: 'early' });
    t.same(extra(), { value: 'early' }, 'visible at once');
    await harness.crash();
    t.same(extra(), {}, 'not durable by itself');

    set('with the next');
    await harness.store().change(one, (repo) => uploaded(repo, someBinary('b.deb')));
    await harness.crash();
    t.same(extra(), { value: 'with the next' }, 'durable with the next durable change');

    set('asked for');
    await harness.store().change(one, () => null);
    await harness.crash();
    t.same(extra(), { value: 'asked for' }, 'a null decision waits for what it saw');

    set('by the timer');
    t.equal(harness.clock().waiting, 1);
    harness.clock().advance(2000);
    t.equal(harness.clock().waiting, 0);
    // What a null decision waits for is the write that the timer has begun.
    await harness.store().change(one, () => null);
    await harness.crash();
    t.same(extra(), { value: 'by the timer' });

    set('at the end');
    await harness.restart();
    t.same(extra(), { value: 'at the end' }, 'durable when the store is closed');
  });

  t.test(`${name}: watch and tree`, async (t) => {
    const harness = await open(t.testdir());
    const store = harness.store();
    const told: string[] = [];
    store.watch((repo) => told.push(`${repo.head.revision} ${repo.head.status}`));
    const waiting = store.change(one, (repo) => uploaded(repo, someBinary('a.deb')));
    t.same(told, [], 'a durable change is not told before it is durable');
    await waiting;
    t.same(told, ['1 collecting']);
    store.changeSoon(one, (repo) => (repo ? { head: { ...repo.head, status: 'queued' } } : null));
    t.same(told, ['1 collecting', '1 queued'], 'a soon one at once');
    await store.change(one, () => null);
    store.changeSoon(one, () => null);
    t.equal(told.length, 2, 'nothing changed, nothing told');

    const { project, ref, sha1, distro, distroVersion, flavor } = one;
    await store.change(someIdentity(2), (repo) => uploaded(repo, someBinary('a.deb')));
    const sha1s = store.tree().get(project)?.get(ref);
    const found = sha1s?.get(sha1)?.get(distro)?.get(distroVersion)?.get(flavor);
    t.equal(found, store.get(one), 'the newest state is in the tree');
    t.same([...(store.tree().get(project)?.keys() ?? [])], [ref, someIdentity(2).ref]);
    t.equal([...store.all()].length, 2);
  });

  t.test(`${name}: tombstones`, async (t) => {
    const harness = await open(t.testdir());
    const remove = (told: boolean) =>
      harness.store().change(one, (repo) => (repo ? deleted(repo, told) : null));
    await harness.store().change(one, (repo) => uploaded(repo, someBinary('a.deb')));
    await harness.store().drop(one);
    t.ok(harness.store().get(one), 'a living repo is not dropped');
    await harness.store().drop(someIdentity(9));

    await remove(false);
    await harness.store().drop(one);
    t.equal(harness.store().get(one)?.head.status, 'deleted', 'it has something to tell yet');
    t.equal(harness.store().tree().size, 0, 'not in the tree');
    t.equal([...harness.store().all()].length, 1);
    await harness.crash();
    t.equal(harness.store().get(one)?.head.events.length, 1, 'a tombstone survives');
    t.equal(harness.store().tree().size, 0);

    harness.store().changeSoon(one, (repo) => (repo ? deleted(repo, true) : null));
    await harness.store().drop(one);
    t.equal(harness.store().get(one), undefined);
    t.same([...harness.store().all()], []);
    await harness.crash();
    t.equal(harness.store().get(one), undefined, 'and stays forgotten');

    await harness.store().change(one, (repo) => uploaded(repo, someBinary('new.deb')));
    await remove(true);
    const dropped = harness.store().drop(one);
    // Before the drop has reached the disk, at any of its steps.
    await Promise.resolve();
    const revived = harness.store().change(one, (repo) => uploaded(repo, someBinary('again.deb')));
    await Promise.all([dropped, revived]);
    t.same([...(harness.store().get(one)?.binaries.keys() ?? [])], ['x86_64/again.deb']);
    await harness.crash();
    t.same([...(harness.store().get(one)?.binaries.keys() ?? [])], ['x86_64/again.deb']);
  });
}

/** All that a store says about its repos, to compare. */
export function shown(store: RepoStore): unknown {
  const repos = [...store.all()].map(({ identity, head, binaries }) => ({
    identity,
    head,
    binaries: [...binaries].sort(([a], [b]) => (a < b ? -1 : 1)),
  }));
  return repos.sort((a, b) => (a.identity.sha1 < b.identity.sha1 ? -1 : 1));
}
