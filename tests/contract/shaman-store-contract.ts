import t from 'tap';
import { buildKey } from '../../services/domain/build.ts';
import { newStorageNode } from '../../services/domain/storage-node.ts';
import type {
  BuildRecords,
  Commits,
  NodeRecords,
  RepoRecords,
} from '../../services/shaman/ports.ts';
import type { ManualClock } from '../fakes/manual-clock.ts';
import { someBuild, someRecord, someSha1, someUrl } from '../fixtures/some-records.ts';

/** What shaman's ports are made of, over its life: opened again, it must hold what was durable. */
export interface ShamanStoreHarness {
  store(): {
    readonly repos: RepoRecords;
    readonly builds: BuildRecords;
    readonly commits: Commits;
  };
  nodes(): NodeRecords;
  /** The clock of this life. */
  clock(): ManualClock;
  /** Ends everything as a stop does, and opens it again. */
  restart(): Promise<void>;
  /** Leaves everything as `kill -9` does, and opens it again. */
  crash(): Promise<void>;
}

/** What every store of shaman keeps its word on. */
export function shamanStoreContract(
  name: string,
  open: (folder: string) => Promise<ShamanStoreHarness>,
): void {
  t.test(`${name}: repo records`, async (t) => {
    const harness = await open(t.testdir());
    const { repos } = harness.store();
    const put = (number: number, fields = {}) =>
      harness
        .store()
        .repos.change(someUrl(number), (_, moment) => someRecord(number, moment, fields));
    t.equal(repos.get(someUrl(0)), undefined);
    t.equal(await repos.change(someUrl(0), () => null), undefined, 'nothing changes nothing');
    t.same(repos.find({}), []);

    const told: string[] = [];
    repos.watch(({ before, after }) => told.push(`${before?.sequence} ${after?.sequence}`));
    const seen: number[] = [];
    const counting = Array.from({ length: 50 }, (_, count) =>
      repos.change(someUrl(0), (record, moment) => {
        seen.push(record?.sequence ?? 0);
        return someRecord(0, moment, { sequence: count + 1 });
      }),
    );
    t.equal(repos.get(someUrl(0))?.sequence, 50, 'decided and visible in the same tick');
    t.same(told, [], 'told when it is durable');
    const answers = await Promise.all(counting);
    t.same(seen, [...seen.keys()], 'no two callers decide on the same state');
    t.same(
      answers.map((record) => record?.sequence),
      seen.map((before) => before + 1),
      'each is answered what its own decision made',
    );
    t.same(told.slice(0, 2), ['undefined 1', '1 2'], 'told in order');
    t.equal(told.length, 50);
    await t.rejects(
      repos.change(someUrl(0), () => {
        throw new Error('no');
      }),
      { message: 'no' },
      'a decision that throws changes nothing',
    );

    for (const number of [1, 2, 3, 4, 6]) await put(number);
    await put(1, { status: 'building' });
    const numbers = (where: object) =>
      harness
        .store()
        .repos.find(where)
        .map(({ chacraUrl }) => [0, 1, 2, 3, 4, 6].find((each) => someUrl(each) === chacraUrl));
    const asked = () => [
      numbers({}),
      numbers({ project: 'ceph' }),
      numbers({ ref: 'wip/branch-1' }),
      numbers({ project: 'ceph', ref: 'wip/branch-0' }),
      numbers({ sha1: someSha1(0) }),
      numbers({ project: 'ceph', ref: 'wip/branch-0', sha1: someSha1(1) }),
      numbers({ project: 'other' }),
    ];
    const expected = [
      [1, 6, 4, 3, 2, 0],
      [1, 6, 4, 3, 2, 0],
      [4, 3],
      [1, 6, 2, 0],
      [1, 2, 0],
      [],
      [],
    ];
    t.same(asked(), expected, 'newest modified first');
    await harness.restart();
    t.same(asked(), expected, 'after a stop');
    await put(2);
    await harness.crash();
    t.same(numbers({ project: 'ceph' }), [2, 1, 6, 4, 3, 0], 'after a crash');
  });

  t.test(`${name}: tombstones, and records that move`, async (t) => {
    const harness = await open(t.testdir());
    const change = (fields: Parameters<typeof someRecord>[2]) =>
      harness.store().repos.change(someUrl(0), (_, moment) => someRecord(0, moment, fields));
    await change({});
    await change({ status: 'deleted', sequence: 7 });
    const isGone = (why: string) => {
      const { repos, commits } = harness.store();
      t.equal(repos.get(someUrl(0))?.sequence, 7, `${why}: remembered`);
      t.same(repos.find({}), [], `${why}: in no listing`);
      t.equal([...repos.all()].length, 1);
      t.same([...commits.projects()], []);
      t.equal(commits.get('ceph', someSha1(0)), undefined);
      t.equal(commits.refs('ceph'), undefined);
      t.same([...commits.under('ceph', 'wip/branch-0')], []);
    };
    isGone('at once');
    await harness.crash();
    isGone('after a crash');
    await harness.restart();
    isGone('after a stop');

    const identity = { ...someRecord(0, { at: '', order: 0 }).identity, project: 'samba' };
    await change({ identity, status: 'ready' });
    const hasMoved = () => {
      const { repos, commits } = harness.store();
      t.equal([...repos.all()].length, 1, 'there once');
      t.equal(repos.find({ project: 'samba', sha1: someSha1(0) }).length, 1);
      t.same([...commits.projects()], ['samba']);
    };
    hasMoved();
    await harness.crash();
    hasMoved();

    const record = harness.store().repos.get(someUrl(0));
    if (record === undefined) throw new Error('no record');
    await change({ identity, sequence: 8 });
    await harness.store().repos.forget(record);
    t.ok(harness.store().repos.get(someUrl(0)), 'only the one that was meant is forgotten');
    const latest = harness.store().repos.get(someUrl(0));
    if (latest !== undefined) await harness.store().repos.forget(latest);
    t.equal(harness.store().repos.get(someUrl(0)), undefined);
    await harness.crash();
    t.same([...harness.store().repos.all()], []);
    await harness.restart();
    t.same([...harness.store().repos.all()], []);
  });

  t.test(`${name}: builds`, async (t) => {
    const harness = await open(t.testdir());
    const commit = { project: 'ceph', sha1: someSha1(0) };
    const told: string[] = [];
    harness.store().builds.watch(({ before, after }) => told.push(`${before?.url} ${after?.url}`));
    await Promise.all(
      [0, 1].map((number) =>
        harness.store().builds.change(commit, (known, moment) => {
          t.equal(known.size, number);
          return { put: [someBuild(number, moment)] };
        }),
      ),
    );
    await harness.store().builds.change(commit, () => null);
    await harness.store().builds.change(commit, (known, moment) => ({
      put: [someBuild(2, moment)],
      remove: [...known.keys()].slice(0, 1),
    }));
    const job = (number: number) => `https://jenkins.test/job/${number}/`;
    t.same(told, [
      `undefined ${job(0)}`,
      `undefined ${job(1)}`,
      `${job(0)} undefined`,
      `undefined ${job(2)}`,
    ]);
    const urls = (where: object) =>
      harness
        .store()
        .builds.find(where)
        .map(({ url }) => url);
    const asked = () => [urls({}), urls({ sha1: someSha1(0) }), urls({ ref: 'wip/branch-1' })];
    t.same(asked(), [[job(2), job(1)], [job(2), job(1)], []]);
    await harness.crash();
    t.same(asked(), [[job(2), job(1)], [job(2), job(1)], []]);
    await harness.restart();
    t.equal([...harness.store().builds.all()].length, 2);
    await harness.store().builds.change(commit, (known) => ({ remove: [...known.keys()] }));
    t.equal(harness.store().commits.get('ceph', someSha1(0)), undefined);
  });

  t.test(`${name}: commits`, async (t) => {
    const harness = await open(t.testdir());
    const put = (number: number) =>
      harness.store().repos.change(someUrl(number), (_, moment) => someRecord(number, moment));
    const build = (number: number) =>
      harness
        .store()
        .builds.change(
          { project: 'ceph', sha1: someSha1(Math.floor(number / 3)) },
          (_, moment) => ({ put: [someBuild(number, moment)] }),
        );
    await put(0);
    await build(6);
    await put(12);
    await put(3);
    const before = harness.store().commits.newest;
    await put(6);
    await put(0);
    t.ok(harness.store().commits.newest > before);
    const under = () =>
      [...harness.store().commits.under('ceph', 'wip/branch-0')].map(({ sha1 }) => sha1);
    const expected = [4, 2, 0].map(someSha1);
    t.same(under(), expected, 'first seen last comes first; building one again changes nothing');
    await harness.restart();
    t.same(under(), expected);
    const commit = harness.store().commits.get('ceph', someSha1(2));
    t.equal(commit?.repos.size, 1);
    t.same([...(commit?.builds.values() ?? [])].map(buildKey).length, 1);
    const first = commit?.seen.get('wip/branch-0')?.order ?? 0;
    t.equal(first, [...(commit?.builds.values() ?? [])][0]?.modified.order, 'by the build');
    t.same([...(harness.store().commits.refs('ceph') ?? [])].sort(), [
      'wip/branch-0',
      'wip/branch-1',
    ]);
    const { newest } = harness.store().commits;
    harness.clock().advance(-3_600_000);
    await put(9);
    t.ok(harness.store().commits.newest > newest, 'grows also when the clock goes back');
  });

  t.test(`${name}: a sha1 of which nothing is left is a new one when it comes again`, async (t) => {
    const harness = await open(t.testdir());
    const put = (number: number) =>
      harness.store().repos.change(someUrl(number), (_, moment) => someRecord(number, moment));
    const first = await put(0);
    await put(3 * 2);
    if (first !== undefined) await harness.store().repos.forget(first);
    const again = await put(0);
    const holds = (why: string) => {
      const { commits } = harness.store();
      const ref = 'wip/branch-0';
      t.same(commits.get('ceph', someSha1(0))?.seen.get(ref), again?.modified, why);
      const under = [...commits.under('ceph', ref)].map(({ sha1 }) => sha1);
      t.same(under, [0, 2].map(someSha1), why);
    };
    holds('at once');
    await harness.crash();
    holds('after a crash');
    await harness.restart();
    holds('after a stop');
  });

  t.test(`${name}: nodes`, async (t) => {
    const harness = await open(t.testdir());
    const register = (host: string, now: string) =>
      harness.nodes().change(host, (node) => node ?? newStorageNode(host, `https://${host}/`, now));
    await register('b:8081', '2026-01-01T00:00:00.000Z');
    await register('a', '2026-01-02T00:00:00.000Z');
    const told: string[] = [];
    harness.nodes().watch((before, after) => told.push(`${before?.weight} ${after?.weight}`));
    const hosts = () =>
      harness
        .nodes()
        .all()
        .map(({ host }) => host);
    t.same(hosts(), ['b:8081', 'a'], 'in the order of their registration');
    const weigh = (weight: number) =>
      harness.nodes().changeSoon('a', (node) => (node === undefined ? null : { ...node, weight }));
    t.equal(weigh(2)?.weight, 2);
    t.equal(harness.nodes().all()[1]?.weight, 2, 'visible at once');
    await harness.crash();
    t.equal(harness.nodes().get('a')?.weight, 1, 'not durable by itself');
    weigh(3);
    harness.clock().advance(1000);
    await harness.nodes().change('a', () => null);
    await harness.crash();
    t.equal(harness.nodes().get('a')?.weight, 3, 'durable after a second');
    weigh(4);
    await harness.restart();
    t.equal(harness.nodes().get('a')?.weight, 4, 'durable at the end');
    t.same(told, ['1 2']);
    await harness.nodes().remove('b:8081');
    await harness.nodes().remove('absent');
    t.same(hosts(), ['a']);
    await harness.crash();
    t.same(hosts(), ['a']);
    await register('b:8081', '2026-01-03T00:00:00.000Z');
    t.same(hosts(), ['a', 'b:8081'], 'a removed node can come back');
  });
}
