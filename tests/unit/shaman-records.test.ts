import fc from 'fast-check';
import t from 'tap';
import type { Test } from 'tap';
import { openShamanStore } from '../../services/adapters/shaman-store.ts';
import { buildKey } from '../../services/domain/build.ts';
import type { Build, BuildStatus } from '../../services/domain/build.ts';
import { DISTROS } from '../../services/domain/distros.ts';
import { fitsPattern } from '../../services/domain/name-pattern.ts';
import { ANNOUNCED_STATUSES } from '../../services/domain/repo-status.ts';
import type { ShamanRepo } from '../../services/domain/shaman-repo.ts';
import { checkRepos } from '../../services/shaman/check-repos.ts';
import { markLostBuilds } from '../../services/shaman/mark-lost-builds.ts';
import type { RepoPresence } from '../../services/shaman/ports.ts';
import { applyBuildReport, recordBuild } from '../../services/shaman/record-build.ts';
import type { BuildReport } from '../../services/shaman/record-build.ts';
import { applyRepoEvent } from '../../services/shaman/record-repo-event.ts';
import type { RepoEvent } from '../../services/shaman/record-repo-event.ts';
import { retireRecords } from '../../services/shaman/retire-records.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { someRecord, someUrl } from '../fixtures/some-records.ts';
import { testFolder } from '../fixtures/test-folder.ts';

const DAY = 86_400_000;

async function openStore(t: Test) {
  const clock = new ManualClock();
  const store = await openShamanStore({ root: testFolder(t), clock, log: new RecordingLog() });
  t.teardown(() => store.close());
  return { clock, store, repos: store.repos, builds: store.builds };
}

const moment = (order: number) => ({ at: '2026-01-01T00:00:00.000Z', order });

const event = fc.record({
  project: fc.constant('ceph'),
  chacraUrl: fc.constant('https://c.test/repos/x/'),
  status: fc.constantFrom(...ANNOUNCED_STATUSES),
  ref: fc.constant('main'),
  sha1: fc.constant('abc'),
  distro: fc.constant('ubuntu'),
  distroVersion: fc.constant('noble'),
  flavor: fc.constant('default'),
  url: fc.constant('https://c.test/r/x/'),
  extra: fc.record({ version: fc.nat(9) }),
  archs: fc.subarray(['x86_64', 'arm64', 'noarch']),
  type: fc.constant('deb' as const),
  reason: fc.constantFrom('why', undefined),
  generation: fc.nat(9),
  liveGeneration: fc.nat(9),
});

/** What clients see of a record; a tombstone is nothing to them. */
function seen(record: ShamanRepo | undefined): object | null {
  if (record === undefined || record.status === 'deleted') return null;
  const { status, extra, archs, generation, liveGeneration } = record;
  return { status, extra, archs, generation, liveGeneration };
}

t.test('numbered events in any order, any number of times, end where they should', (t) => {
  fc.assert(
    fc.property(
      fc.array(event, { minLength: 1, maxLength: 8 }).chain((events) => {
        const numbered: RepoEvent[] = events.map((each, sequence) => ({ ...each, sequence }));
        const again = fc.array(fc.constantFrom(...numbered), { maxLength: 8 });
        return again.chain((repeated) => {
          const all = [...numbered, ...repeated];
          return fc.record({
            last: fc.constant(numbered.at(-1)),
            delivered: fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
          });
        });
      }),
      ({ last, delivered }) => {
        let record: ShamanRepo | undefined;
        delivered.forEach((each, order) => {
          record = applyRepoEvent(record, each, moment(order)) ?? record;
        });
        const { status, extra, archs, generation, liveGeneration } = last ?? {};
        const expected =
          status === 'deleted' ? null : { status, extra, archs, generation, liveGeneration };
        t.same(seen(record), expected);
      },
    ),
    { numRuns: 300 },
  );
  t.end();
});

t.test("the original's events count as they come, and only add archs", (t) => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 8 }), (events) => {
      let record: ShamanRepo | undefined;
      let archs: string[] = [];
      for (const [order, each] of events.entries()) {
        const old: RepoEvent = { ...each, sequence: undefined };
        record = applyRepoEvent(record, old, moment(order)) ?? record;
        archs = each.status === 'deleted' ? [] : [...new Set([...archs, ...each.archs])];
      }
      const last = events.at(-1);
      if (last === undefined || last.status === 'deleted') t.equal(seen(record), null);
      else t.match(seen(record), { status: last.status, extra: last.extra, archs });
    }),
  );
  t.end();
});

const report = fc
  .record({
    url: fc.constantFrom('https://j/1/', 'https://j/2/', 'https://j/3/'),
    status: fc.constantFrom<BuildStatus>('queued', 'started', 'completed', 'failed', 'aborted'),
    cell: fc.constantFrom(null, ['jammy', 'x86_64'], ['22.04', 'x86_64'], ['jammy', 'arm64']),
  })
  .map(({ url, status, cell }): BuildReport => ({
    identity: {
      project: 'ceph',
      ref: 'main',
      sha1: 'abc',
      flavor: 'default',
      distro: cell === null ? null : 'ubuntu',
      distroVersion: cell?.[0] ?? null,
      distroArch: cell?.[1] ?? null,
    },
    url,
    status,
    logUrl: undefined,
    buildId: undefined,
    extra: undefined,
  }));

t.test('there is one record for each build of each cell, whatever is reported', (t) => {
  const nameOf = ({ identity, url }: Pick<Build, 'identity' | 'url'>) =>
    `${identity.distro} ${identity.distroArch} ${url}`;
  fc.assert(
    fc.property(fc.array(report, { maxLength: 12 }), (reports) => {
      const builds = new Map<string, Build>();
      for (const [order, each] of reports.entries()) {
        const before = new Map([...builds.values()].map((build) => [nameOf(build), build]));
        const change = applyBuildReport(builds, each, moment(order), DISTROS);
        for (const key of change.remove ?? []) {
          const removed = builds.get(key);
          t.ok(removed?.status === 'queued' || (removed && nameOf(removed) === nameOf(each)));
          builds.delete(key);
        }
        for (const build of change.put ?? []) builds.set(buildKey(build), build);
        const names = [...builds.values()].map(nameOf);
        t.equal(new Set(names).size, names.length, 'no two of one cell and URL');
        const after = [...builds.values()].find((build) => nameOf(build) === nameOf(each));
        t.equal(after?.status, each.status);
        t.equal(after?.history.at(-1)?.status, each.status);
        // Whatever was not queued stays on record, but for what this report is about.
        for (const [name, build] of before) {
          if (build.status === 'queued' || name === nameOf(each)) continue;
          t.ok([...builds.values()].includes(build), 'history is kept');
        }
      }
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test('a silent build is lost, and a late report revives it', async (t) => {
  const { clock, builds } = await openStore(t);
  const [sample] = fc.sample(report, 1);
  if (sample === undefined) throw new Error('no report');
  const post = (status: BuildStatus, url: string) =>
    recordBuild({ builds, distros: DISTROS }, { ...sample, status, url });
  await post('completed', 'https://j/1/');
  await post('started', 'https://j/2/');
  clock.advance(DAY / 2);
  await post('started', 'https://j/3/');
  t.equal(await markLostBuilds({ builds, clock }, DAY), 0);
  clock.advance(DAY / 2);
  t.equal(await markLostBuilds({ builds, clock }, DAY), 1);
  const statuses = () => builds.find({}).map(({ url, status }) => `${url} ${status}`);
  t.same(statuses(), ['https://j/2/ lost', 'https://j/3/ started', 'https://j/1/ completed']);
  t.equal(await markLostBuilds({ builds, clock }, DAY), 0, 'once');
  await post('completed', 'https://j/2/');
  const [revived] = builds.find({});
  t.same(
    revived?.history.map(({ status }) => status),
    ['started', 'lost', 'completed'],
  );
  t.equal(revived?.started, '2026-01-01T00:00:00.000Z');
  t.equal(revived?.ended, '2026-01-02T00:00:00.000Z');
});

t.test('what a node has not any more is marked, and what is back is as it was', async (t) => {
  const { store, repos } = await openStore(t);
  const put = (number: number, fields = {}) =>
    repos.change(someUrl(number), (_, now) => someRecord(number, now, fields));
  for (const number of [0, 1, 2, 3, 4, 5, 6, 7, 8]) await put(number);
  await put(3, { status: 'building' });
  const answers = new Map<string, RepoPresence>([
    [someUrl(0), 'gone'],
    [someUrl(3), 'gone'],
    [someUrl(6), 'gone'],
    // All of one node, which is silent.
    ...[1, 4, 7].map((number) => [someUrl(number), 'unknown'] as const),
  ]);
  const pauses: number[] = [];
  const clock = {
    now: () => new Date(0),
    after(milliseconds: number, callback: () => void) {
      pauses.push(milliseconds);
      queueMicrotask(callback);
      return () => undefined;
    },
  };
  const asked: string[] = [];
  const truth = {
    async ask(url: string): Promise<RepoPresence> {
      asked.push(url);
      // An event that comes while the question is on its way.
      if (url === someUrl(6)) await put(6, { archs: ['arm64'] });
      return answers.get(url) ?? 'there';
    },
  };
  const check = (isStopped = () => false) =>
    checkRepos({ repos, truth, clock }, { perSecond: 2, isStopped });
  t.same(await check(), { gone: 1, back: 0 });
  t.notOk(asked.includes(someUrl(3)), 'one that is being built is not asked for');
  t.equal(asked.length, 8);
  t.same(pauses, [1000, 1000, 1000, 1000], 'slowly');
  const gone = repos.get(someUrl(0));
  t.match(gone, { status: 'failed', reason: /does not have it/, gone: { was: 'ready' } });
  t.match(repos.get(someUrl(6)), { status: 'ready', archs: ['arm64'] }, 'an event is newer');
  t.equal(repos.get(someUrl(1))?.status, 'ready', 'no answer says nothing');
  answers.delete(someUrl(6));
  t.same(await check(), { gone: 0, back: 0 }, 'once');
  answers.delete(someUrl(0));
  t.same(await check(), { gone: 0, back: 1 });
  t.match(repos.get(someUrl(0)), { status: 'ready', reason: null, gone: null });

  for (const number of [10, 13, 16]) await put(number);
  for (const number of [10, 13, 16]) answers.set(someUrl(number), 'unknown');
  asked.length = 0;
  await check();
  const ofSilent = asked.filter((url) => url.startsWith('https://1.chacra.test/'));
  t.equal(ofSilent.length, 3, 'a node that does not answer is left alone');
  asked.length = 0;
  await check(() => true);
  t.same(asked, []);
  t.ok(store.isWritable);
});

t.test('records retire by policy, and tombstones after a day', async (t) => {
  const { clock, repos, builds } = await openStore(t);
  const put = (number: number, fields = {}) =>
    repos.change(someUrl(number), (_, now) => someRecord(number, now, fields));
  await put(0);
  await put(1, { status: 'deleted' });
  await put(3);
  const [sample] = fc.sample(report, 1);
  if (sample !== undefined) await recordBuild({ builds, distros: DISTROS }, sample);
  const retire = (rules: Parameters<typeof retireRecords>[1]) =>
    retireRecords({ repos, builds, clock }, rules);
  clock.advance(DAY - 1);
  t.same(await retire([]), { repos: 0, builds: 0 });
  clock.advance(1);
  t.same(await retire([]), { repos: 1, builds: 0 }, 'the tombstone');
  clock.advance(9 * DAY);
  t.same(await retire([]), { repos: 0, builds: 0 }, 'without rules nothing is forgotten');
  const keep = { project: 'ceph', ref: 'wip/branch-1', repoDays: null, buildDays: 100 };
  const rules = [keep, { project: '*', ref: '*', repoDays: 10, buildDays: 11 }];
  t.same(await retire(rules), { repos: 1, builds: 0 }, 'the first rule that fits');
  t.same(repos.find({}).length, 1);
  clock.advance(DAY);
  t.same(await retire(rules), { repos: 0, builds: 1 });
});

t.test('patterns are as regular expressions of them would be', (t) => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.'), maxLength: 6 });
  fc.assert(
    fc.property(pattern, text, (pattern, text) => {
      const expression = pattern.replaceAll('.', '\\.').replaceAll('*', '.*');
      t.equal(fitsPattern(pattern, text), new RegExp(`^${expression}$`).test(text));
    }),
    { numRuns: 500 },
  );
  t.end();
});
