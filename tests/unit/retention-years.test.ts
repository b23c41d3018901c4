import { createHash } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { openPinStore } from '../../services/adapters/pin-store.ts';
import { pinBuild } from '../../services/chacra/pin-build.ts';
import { RepoActivity } from '../../services/chacra/repo-activity.ts';
import { Retention } from '../../services/chacra/run-retention.ts';
import { repoPath } from '../../services/domain/identity.ts';
import type { RepoIdentity } from '../../services/domain/identity.ts';
import { smallDeb, smallNode } from '../fixtures/small-node.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const QUIET = 15 * MINUTE;
/** A byte is missing: what shares all its blobs with others frees none. */
const DELETE_BELOW = 1;
const RULES = [
  { project: 'ceph', ref: 'v*', flavor: '*', keepBuilds: 2, days: 90, minimumBuilds: 1 },
  { project: 'ceph', ref: 'kept', flavor: '*', keepBuilds: 1000, days: 0, minimumBuilds: 1000 },
  { project: 'ceph', ref: '*', flavor: 'default', keepBuilds: 1, days: 14, minimumBuilds: 1 },
];
const REFS = ['v19', 'wip/a', 'kept'];
const SHA1S = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(40));
const FLAVORS = ['default', 'default', 'debug'];
const DISTROS = ['noble', 'jammy'];

/** What a plain reader of the rules remembers of a repo. */
interface Remembered {
  readonly identity: RepoIdentity;
  readonly binaries: Map<string, string>;
  /** What the live generation shows. */
  shown: ReadonlySet<string>;
  published: number | null;
  written: number;
  isDirty: boolean;
}

type Step =
  | { readonly kind: 'upload' | 'update'; readonly repo: RepoIdentity; readonly word: string }
  | { readonly kind: 'pin'; readonly repo: RepoIdentity; readonly days: number | null }
  | { readonly kind: 'unpin'; readonly repo: RepoIdentity }
  | { readonly kind: 'wait'; readonly days: number }
  | { readonly kind: 'retain'; readonly isFull: boolean };

const repo = fc
  .record({
    ref: fc.constantFrom(...REFS),
    sha1: fc.constantFrom(...SHA1S),
    flavor: fc.constantFrom(...FLAVORS),
    distroVersion: fc.constantFrom(...DISTROS),
  })
  .map((fields): RepoIdentity => ({ project: 'ceph', distro: 'ubuntu', ...fields }));
// Few words, so that builds share blobs and a force brings other bytes.
const work = { repo, word: fc.constantFrom('x', 'y', 'z') };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('upload' as const), ...work }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('update' as const), ...work }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('pin' as const),
      repo,
      days: fc.option(fc.integer({ min: 1, max: 200 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unpin' as const), repo }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      days: fc.integer({ min: 0, max: 60 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('retain' as const), isFull: fc.boolean() }),
  },
);

const sha256Of = (word: string): string =>
  createHash('sha256')
    .update(smallDeb('hello', '1.0', word))
    .digest('hex');
const sizes = new Map(
  ['x', 'y', 'z'].map((word) => [sha256Of(word), smallDeb('hello', '1.0', word).length]),
);
const latest = (times: readonly number[]): number => Math.max(...times);
const commitKey = ({ ref, sha1 }: RepoIdentity): string => `${ref} ${sha1}`;
const buildKey = (identity: RepoIdentity): string => `${commitKey(identity)} ${identity.flavor}`;

/** The rules as the documentation tells them, without a thought of speed. */
class Reader {
  readonly repos = new Map<string, Remembered>();
  readonly pins = new Map<string, number>();

  builds(): Map<string, Remembered[]> {
    const builds = new Map<string, Remembered[]>();
    for (const one of this.repos.values()) {
      const key = buildKey(one.identity);
      builds.set(key, [...(builds.get(key) ?? []), one]);
    }
    return builds;
  }

  retain(now: number, missing: number): void {
    const builds = [...this.builds().values()].map((repos) => this.#look(repos, now));
    const over = builds.filter(({ isOver, isHeld }) => isOver && !isHeld);
    for (const { repos } of over) this.#drop(repos);
    let freed = this.#bytes([...builds].flatMap(({ repos }) => repos)) - this.#bytes(this.#all());
    const spendable = builds
      .filter(({ isOver, isHeld, isSpendable }) => !isOver && !isHeld && isSpendable)
      .sort((a, b) => a.moved - b.moved);
    for (const { repos } of spendable) {
      if (freed >= missing) break;
      const before = this.#bytes(this.#all());
      this.#drop(repos);
      freed += before - this.#bytes(this.#all());
    }
    for (const [key, until] of this.pins) if (until <= now) this.pins.delete(key);
  }

  #look(repos: Remembered[], now: number) {
    const [first] = repos;
    if (first === undefined) throw new TypeError('a build has a repo');
    const { ref, flavor, sha1 } = first.identity;
    const rule =
      ref === 'v19'
        ? RULES[0]
        : ref === 'kept'
          ? RULES[1]
          : flavor === 'default'
            ? RULES[2]
            : undefined;
    const published = publishedOf(repos);
    const written = latest(repos.map((one) => one.written));
    const waiting = repos.filter((one) => one.isDirty).map((one) => one.written);
    const moved = published === null ? written : latest([published, ...waiting]);
    const newer = [...this.builds().values()].filter((others) => {
      const other = others[0]?.identity;
      const theirs = publishedOf(others);
      return (
        other?.ref === ref &&
        other.flavor === flavor &&
        theirs !== null &&
        (theirs > (published ?? Infinity) || (theirs === published && other.sha1 < sha1))
      );
    }).length;
    const isYoung = rule === undefined || now - moved < rule.days * DAY;
    const isNewest = rule !== undefined && published !== null && newer < rule.keepBuilds;
    return {
      repos,
      moved,
      isOver: !isYoung && !isNewest,
      isSpendable: rule !== undefined && published !== null && newer >= rule.minimumBuilds,
      isHeld: (this.pins.get(commitKey(first.identity)) ?? 0) > now || now - written < QUIET,
    };
  }

  #all(): Remembered[] {
    return [...this.repos.values()];
  }

  #drop(repos: readonly Remembered[]): void {
    for (const { identity } of repos) this.repos.delete(repoPath(identity));
  }

  #bytes(repos: readonly Remembered[]): number {
    const blobs = new Set(repos.flatMap(({ binaries }) => [...binaries.values()]));
    return [...blobs].reduce((sum, sha256) => sum + (sizes.get(sha256) ?? 0), 0);
  }
}

function publishedOf(repos: readonly Remembered[]): number | null {
  const times = repos.flatMap(({ published }) => published ?? []);
  return times.length === 0 ? null : latest(times);
}

t.test('over the years what stays is what a plain reading of the rules keeps', async (t) => {
  const root = t.testdir();
  let run = 0;
  const counts = { old: 0, neverReady: 0, full: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 60 }), async (steps) => {
      run += 1;
      const folder = join(root, `${run}`);
      const node = await smallNode(folder);
      const { repos, clock, blobs } = node;
      const pins = await openPinStore({ root: folder });
      let free = 0;
      const retention = new Retention({
        ...node,
        pins,
        activity: new RepoActivity(clock),
        quietMilliseconds: QUIET,
        rules: RULES,
        deleteBelowBytes: DELETE_BELOW,
        freeBytes: () => Promise.resolve(free),
        sweep: () => node.sweep(0),
        pause: () => Promise.resolve(),
        onDeleted: ({ build, why }) => {
          if (why.startsWith('the disk')) counts.full += 1;
          else if (build.published === null) counts.neverReady += 1;
          else counts.old += 1;
        },
      });
      const reader = new Reader();
      const upload = async (identity: RepoIdentity, word: string): Promise<void> => {
        await node.upload(identity, 'hello.deb', smallDeb('hello', '1.0', word));
        const known = reader.repos.get(repoPath(identity));
        if (known?.binaries.get('hello.deb') === sha256Of(word)) return;
        const made = known ?? {
          ...{ identity, binaries: new Map<string, string>(), shown: new Set<string>() },
          ...{ published: null, written: 0, isDirty: true },
        };
        made.binaries.set('hello.deb', sha256Of(word));
        Object.assign(made, { written: clock.now().getTime(), isDirty: true });
        reader.repos.set(repoPath(identity), made);
      };
      const take: { [K in Step['kind']]: (one: Extract<Step, { kind: K }>) => Promise<void> } = {
        upload: ({ repo: identity, word }) => upload(identity, word),
        async update({ repo: identity, word }) {
          if (!reader.repos.has(repoPath(identity))) await upload(identity, word);
          const known = reader.repos.get(repoPath(identity));
          if (known === undefined) return;
          await node.update(identity);
          const now = clock.now().getTime();
          if (known.isDirty) known.published = now;
          Object.assign(known, { written: now, isDirty: false });
          known.shown = new Set(known.binaries.values());
        },
        async pin({ repo: identity, days }) {
          const isThere = [...reader.repos.values()].some(
            (one) => commitKey(one.identity) === commitKey(identity),
          );
          const end = days === null ? Infinity : clock.now().getTime() + days * DAY;
          const until = days === null ? null : new Date(end).toISOString();
          const pinning = pinBuild({ repos, pins, clock }, identity, {
            reason: 'x',
            until,
            by: 'me',
          });
          if (isThere) reader.pins.set(commitKey(identity), end);
          await (isThere ? pinning : pinning.catch(() => undefined));
        },
        async unpin({ repo: identity }) {
          await pins.remove(identity);
          reader.pins.delete(commitKey(identity));
        },
        wait: async ({ days }) => clock.advance(days * DAY),
        async retain({ isFull }) {
          free = isFull ? 0 : DELETE_BELOW;
          const { state, error } = await retention.start('test');
          if (state !== 'done') throw new Error(`${state}: ${error}`);
          reader.retain(clock.now().getTime(), DELETE_BELOW - free);
          await hold();
        },
      };
      const hold = async (): Promise<void> => {
        const alive = [...repos.all()].filter(({ head }) => head.status !== 'deleted');
        const there = alive.map(({ identity }) => repoPath(identity)).sort();
        t.same(there, [...reader.repos.keys()].sort(), 'the repos');
        t.same(
          pins
            .all()
            .map((pin) => `${pin.ref} ${pin.sha1}`)
            .sort(),
          [...reader.pins.keys()].sort(),
        );
        await node.sweep(0);
        const all = [...reader.repos.values()];
        const named = new Set(
          all.flatMap(({ binaries, shown }) => [...binaries.values(), ...shown]),
        );
        for (const sha256 of sizes.keys())
          t.equal(
            await blobs.has(sha256),
            named.has(sha256),
            'the bytes of what is named, and no other',
          );
        for (const { identity, published } of all) {
          if (published === null) continue;
          t.match(
            await node.text(identity, `dists/${identity.distroVersion}/Release`),
            /^Origin: /m,
          );
        }
      };
      for (const one of steps) {
        // Each has its minute, so that no two builds are of one age.
        clock.advance(MINUTE);
        await take[one.kind](one as never);
      }
      await take.retain({ kind: 'retain', isFull: false });
      await repos.close();
    }),
    { numRuns: 8 },
  );
  t.ok(counts.old + counts.neverReady + counts.full > 0, JSON.stringify(counts));
});
