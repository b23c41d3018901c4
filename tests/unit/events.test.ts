import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { DiskGenerationStore } from '../../services/adapters/generation-store.ts';
import { openRepoStore } from '../../services/adapters/repo-store.ts';
import { repoEventBody } from '../../services/api/repo-json.ts';
import { deletedHead } from '../../services/chacra/delete-repo.ts';
import { EventDelivery } from '../../services/chacra/deliver-events.ts';
import { headForUpload } from '../../services/chacra/mark-repo.ts';
import type { RepoStore } from '../../services/chacra/ports.ts';
import { requestUpdate } from '../../services/chacra/request-update.ts';
import { resumeDeletions } from '../../services/chacra/resume-deletions.ts';
import { setRepoExtra } from '../../services/chacra/set-repo.ts';
import { acknowledge, announce } from '../../services/domain/repo-events.ts';
import { newRepoHead } from '../../services/domain/repo.ts';
import { directWriter } from '../../services/platform/file-writer.ts';
import type { Appended } from '../../services/platform/file-writer.ts';
import { DEFAULT_PROJECT } from '../../services/platform/project-settings.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { RecordingShaman } from '../fakes/recording-shaman.ts';
import { settled } from '../fixtures/settled.ts';
import { someBinary, someIdentity } from '../fixtures/some-repo.ts';
import { testFolder } from '../fixtures/test-folder.ts';

const DAY = 86_400_000;
const MOMENT = 25;
const NOW = new Date('2026-11-22T13:34:54.846Z');
const [one, two, three] = [someIdentity(1), someIdentity(2), someIdentity(3)];

/** A store on disk, and the delivery of what it holds: one life of a node. */
async function start(root: string, shaman: RecordingShaman, files = directWriter) {
  const log = new RecordingLog();
  const clock = new ManualClock();
  const store = await openRepoStore({ root, clock: new ManualClock(), log, files });
  const delivery = new EventDelivery({
    repos: store,
    shaman,
    clock,
    log,
    body: ({ identity, head }, { sequence, status }) => {
      return { sha1: identity.sha1, sequence, status, extra: head.extra };
    },
  });
  delivery.start();
  return { store, delivery, clock, log };
}

/** The same, where the moment that a state before a publish waits is over at once. */
async function startPrompt(root: string, shaman: RecordingShaman) {
  const started = await start(root, shaman);
  started.store.watch(() => started.clock.advance(MOMENT));
  return started;
}

/** An update of a repo that is made by it: two events. */
function update(store: RepoStore, identity = one) {
  return store.change(identity, (repo) => {
    const head = { ...headForUpload(repo, NOW.toISOString()), status: 'ready' as const };
    const ready = { identity, head, binaries: repo?.binaries ?? new Map() };
    const rules = { ...DEFAULT_PROJECT, automatic: false };
    const next = requestUpdate(ready, rules, NOW, 'update') ?? head;
    return { head: next, put: [someBinary('a.deb')] };
  });
}

function remove(store: RepoStore, identity = one) {
  return store.change(identity, (repo) =>
    repo === undefined ? null : { head: deletedHead(repo, NOW), remove: [...repo.binaries.keys()] },
  );
}

/** What shaman took of each repo, in the order in which it came. */
function heard(shaman: RecordingShaman): Record<string, string> {
  const by: Record<string, string> = {};
  for (const body of shaman.taken) {
    const { sha1, status } = { sha1: '', status: '', ...body };
    const name = [one, two, three].findIndex((identity) => identity.sha1 === sha1) + 1;
    by[name] = `${by[name] ?? ''} ${status}`.trim();
  }
  return by;
}

function sequencesGrow(t: Test, shaman: RecordingShaman): void {
  const last = new Map<string, number>();
  for (const body of shaman.taken) {
    const { sha1, sequence } = { sha1: '', sequence: 0, ...body };
    t.ok(sequence > (last.get(sha1) ?? 0), `${sequence} is newer`);
    last.set(sha1, sequence);
  }
}

t.test('each repo in order, several repos at once, one event of a repo at a time', async (t) => {
  const shaman = new RecordingShaman();
  const { store, delivery } = await startPrompt(t.testdir(), shaman);
  shaman.hold();
  const many = Array.from({ length: 12 }, (_, number) => someIdentity(number));
  await Promise.all(many.map((identity) => update(store, identity)));
  t.equal(shaman.held, 8, 'a bounded number at once');
  t.equal(shaman.posts, 8);
  await Promise.all(many.map((identity) => remove(store, identity)));
  t.equal(shaman.posts, 8, 'what comes meanwhile waits for its turn');
  shaman.release();
  await shaman.took(36);
  t.same(heard(shaman)[1], 'requested queued deleted');
  sequencesGrow(t, shaman);
  await delivery.stop();
  t.same([...store.all()], [], 'each tombstone went when its last event was told');
  await store.close();
});

t.test('what leads to a publish is told behind it, or a moment later', async (t) => {
  const shaman = new RecordingShaman();
  const { store, delivery, clock } = await start(t.testdir(), shaman);
  await update(store, one);
  await update(store, two);
  t.equal(shaman.posts, 0, 'nothing stands in the way of the publish');
  await store.change(one, (repo) => {
    if (repo === undefined) return null;
    const head = { ...repo.head, status: 'ready' as const };
    const event = { status: 'ready', generation: 1, archs: [], reason: null } as const;
    return { head: announce(head, event, NOW) };
  });
  await shaman.took(3);
  t.same(heard(shaman), { 1: 'requested queued ready' }, 'at once, and in order');
  clock.advance(MOMENT);
  await shaman.took(5);
  t.same(heard(shaman), { 1: 'requested queued ready', 2: 'requested queued' });
  await update(store, three);
  await delivery.stop();
  t.equal(clock.waiting, 0);
  t.equal(shaman.posts, 5, 'the rest stands in its document');
  await store.close();
});

t.test('shaman is away for a day: one knock at a time, and then everything in order', async (t) => {
  const shaman = new RecordingShaman();
  const { store, delivery, clock, log } = await startPrompt(t.testdir(), shaman);
  shaman.isAway = true;
  await Promise.all([one, two, three].map((identity) => update(store, identity)));
  await settled(() => clock.waiting === 1);
  t.equal(delivery.isAway, true);
  const asked = [shaman.posts];
  const began = clock.now().getTime();
  while (clock.now().getTime() - began < DAY) {
    clock.advance(500);
    if (shaman.posts === asked.at(-1)) continue;
    asked.push(shaman.posts);
    if (asked.length === 100) await remove(store, two);
    await settled(() => clock.waiting === 1);
  }
  const knocks = asked.slice(1).map((posts, index) => posts - (asked[index] ?? 0));
  t.ok(knocks.every((count) => count === 1));
  t.ok(knocks.length > 2870 && knocks.length < 2900, `${knocks.length} knocks in a day`);
  t.equal(log.lines.length, 1, 'said once');
  t.equal(delivery.isAway, true);

  shaman.isAway = false;
  clock.advance(30_000);
  await shaman.took(7);
  const sequence = 'requested queued';
  t.same(heard(shaman), { 1: sequence, 2: `${sequence} deleted`, 3: sequence });
  await delivery.stop();
  t.equal(delivery.isAway, false);
  t.equal(store.get(two), undefined);
  t.equal(clock.waiting, 0);
  await store.close();
});

t.test('the pause doubles, ends at 30 s, and begins anew after an answer', async (t) => {
  const shaman = new RecordingShaman();
  const { store, delivery, clock } = await startPrompt(t.testdir(), shaman);
  const pauses: number[] = [];
  for (const round of [1, 2]) {
    shaman.isAway = true;
    await update(store);
    for (let knock = 0; knock < 8; knock += 1) {
      await settled(() => clock.waiting === 1);
      const from = clock.now().getTime();
      const posts = shaman.posts;
      while (shaman.posts === posts) clock.advance(250);
      pauses.push(clock.now().getTime() - from);
    }
    await settled(() => clock.waiting === 1);
    shaman.isAway = false;
    clock.advance(30_000);
    await shaman.took(2 * round);
    await settled(() => !delivery.isAway);
  }
  const once = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
  t.same(pauses, [...once, ...once]);
  await delivery.stop();
  await store.close();
});

t.test('an answer that comes late ends the absence that another one saw', async (t) => {
  const shaman = new RecordingShaman();
  const { store, delivery, clock } = await startPrompt(t.testdir(), shaman);
  shaman.hold();
  await update(store, one);
  await update(store, two);
  shaman.isAway = true;
  shaman.releaseOne();
  await settled(() => delivery.isAway);
  shaman.isAway = false;
  shaman.release();
  await shaman.took(4);
  t.same(heard(shaman), { 1: 'requested queued', 2: 'requested queued' });
  await settled(() => !delivery.isAway);
  clock.advance(60_000);
  t.equal(delivery.isAway, false, 'and stays ended');
  await delivery.stop();
  await store.close();
});

t.test('a refused event holds up its own repo only, and is offered again', async (t) => {
  const shaman = new RecordingShaman();
  const { store, delivery, clock, log } = await startPrompt(t.testdir(), shaman);
  shaman.refuses = (body) => (JSON.stringify(body).includes(one.sha1) ? 'no such key' : null);
  await update(store, one);
  await settled(() => clock.waiting === 1);
  t.match(log.lines, [{ level: 'warn', fields: { status: 'requested', reason: 'no such key' } }]);
  await update(store, two);
  await shaman.took(2);
  await remove(store, one);
  t.same(heard(shaman), { 2: 'requested queued' });
  t.equal(shaman.posts, 3, 'the refused one waits');
  t.equal(store.get(one)?.head.events.length, 3, 'and is not lost');
  t.equal(delivery.isAway, false, 'shaman is there');
  shaman.refuses = () => null;
  clock.advance(60_000);
  await shaman.took(5);
  t.equal(heard(shaman)[1], 'requested queued deleted');
  await delivery.stop();
  t.equal(store.get(one), undefined);
  await store.close();
});

t.test('what was not told survives a stop and a crash', async (t) => {
  const root = t.testdir();
  const away = new RecordingShaman();
  away.isAway = true;
  const first = await startPrompt(root, away);
  await update(first.store, one);
  await update(first.store, two);
  await remove(first.store, two);
  await update(first.store, three);
  await remove(first.store, three);
  await update(first.store, three);
  await first.delivery.stop();
  // Not closed: as a crash leaves it.
  const shaman = new RecordingShaman();
  const second = await startPrompt(root, shaman);
  await shaman.took(10);
  t.same(heard(shaman), {
    1: 'requested queued',
    2: 'requested queued deleted',
    3: 'requested queued deleted requested queued',
  });
  sequencesGrow(t, shaman);
  await second.delivery.stop();
  t.equal(second.store.get(two), undefined);
  t.equal(second.store.get(three)?.head.status, 'queued', 'made again, so it stays');
  await second.store.close();
  const third = await startPrompt(root, shaman);
  t.same([...third.store.all()].length, 2);
  t.equal(shaman.posts, 10, 'nothing is told twice after a stop');
  await setRepoExtra({ repos: third.store, clock: third.clock }, one, { version: '1' });
  t.equal(shaman.posts, 10, 'extra of a repo that is not published yet');
  await third.store.change(one, (repo) =>
    repo ? { head: { ...repo.head, status: 'ready' } } : null,
  );
  await setRepoExtra({ repos: third.store, clock: third.clock }, one, { version: '2' });
  await shaman.took(11);
  t.match(shaman.taken.at(-1), { status: 'ready', extra: { version: '2' } });
  await third.delivery.stop();
  await third.store.close();
});

t.test('a tombstone that cannot be removed is tried again at the next start', async (t) => {
  const root = t.testdir();
  const shaman = new RecordingShaman();
  const first = await startPrompt(root, shaman);
  await update(first.store);
  await shaman.took(2);
  const repos = join(root, 'repos');
  const name = readdirSync(repos, { recursive: true, encoding: 'utf8' }).find((path) =>
    path.endsWith('.json'),
  );
  const document = join(repos, name ?? '');
  // Even root cannot unlink a folder.
  rmSync(document);
  mkdirSync(document);
  await remove(first.store);
  await shaman.took(3);
  await first.delivery.stop();
  t.match(first.log.lines, [{ level: 'error', message: /forget/ }]);
  t.equal(first.store.get(one)?.head.status, 'deleted');
  rmSync(document, { recursive: true });
  await first.store.change(one, (repo) => (repo ? { head: { ...repo.head } } : null));
  await first.store.close();
  const second = await startPrompt(root, shaman);
  const generations = new DiskGenerationStore({ root });
  await resumeDeletions(second.store, generations);
  await second.delivery.stop();
  t.same([...second.store.all()], []);
  t.equal(shaman.posts, 3);
  await second.store.close();
});

t.test('what the disk may still refuse is not told', async (t) => {
  const shaman = new RecordingShaman();
  let isSlow = false;
  let refuse: ((cause: Error) => void) | null = null;
  const append = (end: Appended) =>
    isSlow ? new Promise<void>((_, reject) => (refuse = reject)) : directWriter.append(end);
  const files = { ...directWriter, append };
  const { store, delivery, clock } = await start(testFolder(t), shaman, files);
  const event = { status: 'ready', generation: 1, archs: [], reason: null } as const;
  const publish = () =>
    store.change(one, (repo) =>
      repo === undefined ? null : { head: announce({ ...repo.head, status: 'ready' }, event, NOW) },
    );
  shaman.hold();
  await update(store);
  clock.advance(MOMENT);
  await shaman.asked(1);
  isSlow = true;
  const refused = t.rejects(publish(), /full/);
  await settled(() => refuse !== null);
  shaman.release();
  await settled(() => shaman.taken.length === 3);
  t.notMatch(heard(shaman)['1'], /ready/, 'a crash now, and it never was');
  isSlow = false;
  (refuse as ((cause: Error) => void) | null)?.(new Error('full'));
  await refused;
  await publish();
  await delivery.stop();
  t.notMatch(heard(shaman)['1'], /ready.*ready/);
  await store.close();
});

t.test('events that wait', (t) => {
  let head = newRepoHead(NOW.toISOString());
  const event = { status: 'queued', generation: 1, archs: [], reason: null } as const;
  for (let i = 0; i < 1000; i += 1) head = announce(head, event, NOW);
  t.equal(head.events.length, 1000);
  t.equal(head.sequence, NOW.getTime() + 999, 'grows within one millisecond');
  t.equal(acknowledge(head, NOW.getTime()).events.length, 999);
  const latest = announce(head, { ...event, status: 'building' }, NOW);
  t.same(
    latest.events.map(({ status }) => status),
    ['building'],
    'too many: the latest state',
  );
  t.equal(acknowledge(latest, NOW.getTime()).events.length, 1, 'an older receipt is not for it');
  const back = announce(latest, event, new Date(0));
  t.equal(back.sequence, latest.sequence + 1, 'a clock that goes back');
  const later = announce(back, event, new Date(NOW.getTime() + 86_400_000));
  t.equal(
    later.sequence,
    NOW.getTime() + 86_400_000,
    'follows the clock, so lost data cannot repeat it',
  );
  t.end();
});

t.test('what is told late names the archs of the publish that it calls live', async (t) => {
  const empty = { shadowed: [], superseded: [], incomplete: [], sources: [] };
  const archs = ['arm64', 'x86_64'];
  const published = new Date(0).toISOString();
  const live = { number: 3, files: 3, published, revision: 2, archs, packages: 2, signedBy: null };
  const head = { ...newRepoHead(published), generation: 3, live: { ...live, ...empty } };
  const repo = { identity: someIdentity(), head, binaries: new Map() };
  // Announced while the one before was live; who waits for generation 3 would read that it has failed.
  const building = { status: 'building', generation: 3, archs: ['x86_64'], reason: null } as const;
  const event = { ...building, sequence: 1, at: published };
  const body = repoEventBody(repo, event, 'https://1.chacra.example/');
  t.match(body, { status: 'building', live_generation: 3, archs });
});
