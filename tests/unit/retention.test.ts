import { createHash } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { judgeBuilds } from '../../services/chacra/judge-builds.ts';
import type { BuildFacts, RetentionRule } from '../../services/chacra/judge-builds.ts';
import { DiskGenerationStore } from '../../services/adapters/generation-store.ts';
import { openPinStore } from '../../services/adapters/pin-store.ts';
import { buildFacts, reposOf } from '../../services/chacra/builds-on-node.ts';
import { deleteBuild } from '../../services/chacra/delete-build.ts';
import { RepoActivity } from '../../services/chacra/repo-activity.ts';
import { requireRepo } from '../../services/chacra/require-repo.ts';
import { sweepStorage } from '../../services/chacra/sweep-storage.ts';
import type { RepoIdentity } from '../../services/domain/identity.ts';
import type { Pin, PinnedCommit } from '../../services/domain/pin.ts';
import { smallDeb, smallNode } from '../fixtures/small-node.ts';
import { someIdentity } from '../fixtures/some-repo.ts';

const DAY = 86_400_000;
const NOW = new Date('2026-06-01T00:00:00.000Z');

const ago = (days: number): number => NOW.getTime() - days * DAY;

function rule(fields: Partial<RetentionRule> = {}): RetentionRule {
  const any = { project: '*', ref: '*', flavor: '*' };
  return { ...any, keepBuilds: 0, days: 14, minimumBuilds: 1, ...fields };
}

function build(sha1: string, days: number, fields: Partial<BuildFacts> = {}): BuildFacts {
  return {
    project: 'ceph',
    ref: 'main',
    flavor: 'default',
    sha1,
    published: ago(days),
    written: ago(days),
    unpublished: null,
    use: null,
    repos: 1,
    binaries: 1,
    blobs: [],
    ...fields,
  };
}

const neverReady = (sha1: string, days: number) => build(sha1, days, { published: null });

function pinned(sha1: string): Pin {
  const commit = { project: 'ceph', ref: 'main', sha1 };
  return { ...commit, reason: 'v19 came of it', until: null, by: 'root', since: NOW.toISOString() };
}

function judge(
  builds: readonly BuildFacts[],
  rules: readonly RetentionRule[],
  pins: readonly Pin[] = [],
) {
  const pinOf = ({ sha1 }: PinnedCommit) => pins.find((pin) => pin.sha1 === sha1) ?? null;
  return judgeBuilds(builds, rules, { now: NOW, pinOf });
}

const names = (verdicts: readonly { readonly build: BuildFacts }[]): string =>
  verdicts.map(({ build: { sha1 } }) => sha1).join(' ');

t.test('a build stays while it is young or among the newest', (t) => {
  const builds = [build('a', 1), build('b', 20), build('c', 30), build('d', 13.9), build('e', 14)];
  const doomed = (...rules: RetentionRule[]) => names(judge(builds, rules).doomed);
  t.equal(doomed(), '', 'without rules nothing goes');
  t.equal(doomed(rule()), 'c b e');
  t.equal(doomed(rule({ keepBuilds: 3 })), 'c b');
  t.equal(doomed(rule({ days: 0, keepBuilds: 3 })), 'c b');
  t.equal(doomed(rule({ days: 0 })), 'c b e d a');
  t.equal(doomed(rule({ keepBuilds: 5, days: 0 })), '');
  t.equal(doomed(rule({ ref: 'mai' })), '', 'of no other ref');
  t.equal(doomed(rule({ flavor: 'debug' }), rule({ days: 25 })), 'c', 'nor flavor');
  t.equal(doomed(rule({ ref: 'm*', days: 1000 }), rule({ days: 0 })), '', 'the first that fits');
  t.end();
});

t.test('what was never ready takes no place and goes by its last write', (t) => {
  const builds = [build('a', 20), build('b', 30), neverReady('n', 2), neverReady('o', 15)];
  t.equal(names(judge(builds, [rule({ keepBuilds: 2 })]).doomed), 'o');
  t.equal(names(judge(builds, [rule({ keepBuilds: 1 })]).doomed), 'b o');
  const written = [{ ...build('w', 40), written: ago(3), unpublished: ago(3) }];
  t.equal(names(judge(written, [rule()]).doomed), '', 'what waits to be published is young');
  const told = [{ ...build('w', 40), written: ago(3) }];
  t.equal(names(judge(told, [rule()]).doomed), 'w', 'a write that changed no package is not');
  t.end();
});

t.test('builds of other refs and flavors compete for other places', (t) => {
  const builds = [
    build('a', 20),
    build('a', 30, { flavor: 'debug' }),
    build('b', 40, { ref: 'wip/x' }),
    build('c', 50, { project: 'other' }),
  ];
  t.equal(names(judge(builds, [rule({ keepBuilds: 1 })]).doomed), '');
  t.equal(names(judge(builds, [rule({ keepBuilds: 1, ref: 'wip/*' }), rule()]).doomed), 'c a a');
  t.end();
});

t.test('a pin and use hold what would go, and the plan says so', (t) => {
  const builds = [build('a', 20), build('b', 30, { use: 'is being read' }), build('c', 40)];
  const { doomed, spared } = judge(builds, [rule()], [pinned('c')]);
  t.match(doomed, [
    {
      build: { sha1: 'a' },
      rule: 1,
      why: /^last published 20 days ago, and 0 are newer; kept for 14 days/,
    },
  ]);
  t.match(spared, [
    { build: { sha1: 'c' }, heldBy: 'pinned by root: v19 came of it' },
    { build: { sha1: 'b' }, heldBy: 'is being read' },
  ]);
  const [never] = judge([neverReady('n', 30)], [rule()]).doomed;
  t.equal(never?.why, 'never ready, last written 30 days ago; kept for 14 days');
  t.end();
});

t.test('a full disk may take the oldest that a rule keeps, above its minimum', (t) => {
  const builds = [
    build('a', 1),
    build('b', 2),
    build('c', 3, { use: 'is being written' }),
    build('d', 4),
    build('e', 5),
    build('f', 9, { ref: 'other' }),
    neverReady('n', 6),
  ];
  const spendable = (one: RetentionRule, pins: readonly Pin[] = []) =>
    names(judge(builds, [one], pins).spendable);
  t.equal(spendable(rule({ ref: 'main', minimumBuilds: 1 })), 'e d b');
  t.equal(spendable(rule({ ref: 'main', minimumBuilds: 4 })), 'e');
  t.equal(spendable(rule({ ref: 'main' }), [pinned('d')]), 'e b');
  t.equal(spendable(rule({ minimumBuilds: 0 })), 'f e d b a', 'the oldest of all refs first');
  t.equal(spendable(rule({ ref: 'nothing' })), '', 'nothing without a rule');
  const { doomed, spendable: rest } = judge(builds, [rule({ days: 3.5 })]);
  t.equal(`${names(doomed)}; ${names(rest)}`, 'f n e d; b', 'what goes anyway is not listed twice');
  t.end();
});

t.test('whatever there is, the verdict is that of a plain reading of the rules', (t) => {
  const word = (...words: string[]) => fc.constantFrom(...words);
  const facts = fc.record({
    project: word('ceph', 'other'),
    ref: word('main', 'wip/a', 'wip/b'),
    flavor: word('default', 'debug'),
    sha1: fc.integer({ min: 0, max: 99 }),
    published: fc.option(fc.integer({ min: 0, max: 40 })),
    written: fc.integer({ min: 0, max: 40 }),
    use: fc.constantFrom(null, null, null, 'is being read' as const, 'is being written' as const),
    isPinned: fc.boolean(),
  });
  const someRule = fc.record({
    project: word('*', 'ceph', 'c*h'),
    ref: word('*', 'main', 'wip/*'),
    flavor: word('*', 'default'),
    keepBuilds: fc.integer({ min: 0, max: 4 }),
    days: fc.integer({ min: 0, max: 40 }),
    minimumBuilds: fc.integer({ min: 0, max: 3 }),
  });
  const matches = (pattern: string, name: string) =>
    new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);
  const keyOf = ({ project, ref, flavor, sha1 }: BuildFacts) =>
    [project, ref, flavor, sha1].join(' ');
  fc.assert(
    fc.property(
      fc.uniqueArray(facts, {
        maxLength: 40,
        selector: ({ project, ref, flavor, sha1 }) => [project, ref, flavor, sha1].join(' '),
      }),
      fc.array(someRule, { maxLength: 3 }),
      (all, rules) => {
        const pins = new Set<string>();
        const builds = all.map((one): BuildFacts => {
          const sha1 = createHash('sha1').update(`${one.sha1}`).digest('hex');
          if (one.isPinned) pins.add([one.project, one.ref, sha1].join(' '));
          return {
            ...build(sha1, 0),
            ...{ project: one.project, ref: one.ref, flavor: one.flavor },
            published: one.published === null ? null : ago(one.published),
            written: ago(one.written),
            use: one.use,
          };
        });
        const isPinned = ({ project, ref, sha1 }: PinnedCommit) =>
          pins.has([project, ref, sha1].join(' '));
        const isBefore = (a: BuildFacts, b: BuildFacts) =>
          (a.published ?? 0) > (b.published ?? 0) ||
          (a.published === b.published && a.sha1 < b.sha1);
        const rulesOf = (one: BuildFacts) =>
          rules.find(
            (each) =>
              matches(each.project, one.project) &&
              matches(each.ref, one.ref) &&
              matches(each.flavor, one.flavor),
          );
        const rank = (one: BuildFacts) =>
          builds.filter(
            (other) =>
              other.project === one.project &&
              other.ref === one.ref &&
              other.flavor === one.flavor &&
              other.published !== null &&
              isBefore(other, one),
          ).length;
        const goes = (one: BuildFacts) => {
          const fitting = rulesOf(one);
          if (fitting === undefined) return false;
          const since = one.published ?? one.written;
          if (NOW.getTime() - since < fitting.days * DAY) return false;
          return one.published === null || rank(one) >= fitting.keepBuilds;
        };
        const isHeld = (one: BuildFacts) => one.use !== null || isPinned(one);
        const expected = (wanted: (one: BuildFacts) => boolean) =>
          builds.filter(wanted).map(keyOf).sort().join('\n');
        const actual = (verdicts: readonly { readonly build: BuildFacts }[]) =>
          verdicts
            .map((verdict) => keyOf(verdict.build))
            .sort()
            .join('\n');
        const pinOf = (commit: PinnedCommit) => (isPinned(commit) ? pinned(commit.sha1) : null);
        const { doomed, spared, spendable } = judgeBuilds(builds, rules, { now: NOW, pinOf });
        return (
          actual(doomed) === expected((one) => goes(one) && !isHeld(one)) &&
          actual(spared) === expected((one) => goes(one) && isHeld(one)) &&
          actual(spendable) ===
            expected((one) => {
              const minimum = rulesOf(one)?.minimumBuilds;
              if (minimum === undefined || one.published === null) return false;
              return !goes(one) && !isHeld(one) && rank(one) >= minimum;
            })
        );
      },
    ),
    { numRuns: 500 },
  );
  t.end();
});

t.test(
  'a build that goes while the sweep looks at it keeps no other from being swept',
  async (t) => {
    const node = await smallNode(t.testdir());
    const [gone, left] = [someIdentity(1), someIdentity(2)];
    for (const identity of [gone, left]) {
      await node.upload(identity, 'hello.deb', smallDeb('hello', '1.0', identity.sha1));
      await node.update(identity);
    }
    const sha256Of = (identity: RepoIdentity) =>
      [...(node.repos.get(identity)?.binaries.values() ?? [])][0]?.blob?.sha256 ?? '';
    const [old, kept] = [sha256Of(gone), sha256Of(left)];
    const generations = {
      remove: (identity: RepoIdentity, number: number) => node.generations.remove(identity, number),
      read: async (identity: RepoIdentity, number: number) => {
        if (identity.sha1 === gone.sha1) await node.removeRepo(gone);
        return node.generations.read(identity, number);
      },
    };
    const pause = () => Promise.resolve();
    await sweepStorage({ ...node, generations, keepMilliseconds: 0, pause });
    t.equal(await node.blobs.has(kept), true);
    await node.sweep(0);
    t.equal(await node.blobs.has(old), false);
    const elsewhere = join(node.documents, 'nowhere');
    const lost = { ...node, generations: new DiskGenerationStore({ root: elsewhere }) };
    await t.rejects(sweepStorage({ ...lost, keepMilliseconds: 0, pause }), { code: 'NOT_FOUND' });
    t.equal(await node.blobs.has(kept), true, 'but what is only lost costs nobody his bytes');
    await node.repos.close();
  },
);

t.test('a repo that is made again while its build goes keeps what it publishes', async (t) => {
  const root = t.testdir();
  const node = await smallNode(root);
  const [one, again] = ['jammy', 'noble'].map((distroVersion) => ({
    ...someIdentity(),
    distroVersion,
  })) as [RepoIdentity, RepoIdentity];
  const publish = async (identity: RepoIdentity, version: string) => {
    await node.upload(identity, 'hello.deb', smallDeb('hello', version, identity.distroVersion));
    await node.update(identity);
  };
  for (const identity of [one, again]) await publish(identity, '1.0');
  const makeAgain = async () => {
    // Shaman knows of the deletion, so nothing is remembered of it.
    await node.repos.change(again, (repo) =>
      repo === undefined ? null : { head: { ...repo.head, events: [] } },
    );
    await node.repos.drop(again);
    await publish(again, '2.0');
  };
  const generations = {
    removeUpTo: async (identity: RepoIdentity, number: number) => {
      if (identity.distroVersion === one.distroVersion) await makeAgain();
      await node.generations.removeUpTo(identity, number);
    },
  };
  const use = { activity: new RepoActivity(node.clock), quietMilliseconds: 0 };
  const [first, ...others] = reposOf(node.repos, someIdentity());
  const repos = [first ?? requireRepo(node.repos, one), ...others] as const;
  const doomed = { build: buildFacts(repos, use, node.clock.now()), rule: 1, why: 'it is old' };
  const pins = await openPinStore({ root });
  const told: unknown[] = [];
  const onDeleted = (one: unknown) => told.push(one);
  t.equal(await deleteBuild({ ...node, ...use, generations, pins, onDeleted }, doomed), true);
  t.strictSame(told, [doomed]);
  t.equal(node.head(one)?.status, 'deleted');
  t.equal(node.head(again)?.live?.number, 1);
  t.match(await node.text(again, 'dists/noble/Release'), /^Codename: noble$/m);
  await publish(again, '3.0');
  t.equal(node.head(again)?.status, 'ready');
  await node.repos.close();
});
