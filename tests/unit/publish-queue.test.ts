import t from 'tap';
import { openRepoStore } from '../../services/adapters/repo-store.ts';
import { PublishWaiters } from '../../services/chacra/await-publish.ts';
import { deletedHead } from '../../services/chacra/delete-repo.ts';
import { afterBinaryChange, headForUpload } from '../../services/chacra/mark-repo.ts';
import { PublishQueue } from '../../services/chacra/publish-queue.ts';
import { begin, succeed } from '../../services/chacra/publish-steps.ts';
import { acceptUpdate } from '../../services/chacra/request-update.ts';
import type { RepoIdentity } from '../../services/domain/identity.ts';
import { newRepoHead } from '../../services/domain/repo.ts';
import type { LiveGeneration, Repo, RepoHead } from '../../services/domain/repo.ts';
import { DEFAULT_PROJECT } from '../../services/platform/project-settings.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { someBinary, someIdentity } from '../fixtures/some-repo.ts';

const QUIET = 2000;
const WAIT = 60_000;
const WHEN = '2026-01-01T00:00:00.000Z';
const [zero, one, two] = [someIdentity(0), someIdentity(1), someIdentity(2)];
const all = [zero, one, two];
const RULES = DEFAULT_PROJECT;
const EVENT = {
  status: 'deleted',
  sequence: 1,
  generation: 1,
  archs: [],
  reason: null,
  at: WHEN,
} as const;

function liveOf({ generation, revision }: RepoHead): LiveGeneration {
  return {
    number: generation,
    files: generation,
    published: '2026-01-01T00:00:00.000Z',
    revision,
    archs: ['x86_64'],
    packages: 1,
    signedBy: null,
    shadowed: [],
    superseded: [],
    incomplete: [],
    sources: [],
  };
}

/** A node without HTTP, whose publishes take until they are told to end. */
async function node(root: string, parallel = 2, rules = RULES) {
  const log = new RecordingLog();
  const clock = new ManualClock();
  const store = await openRepoStore({ root, clock: new ManualClock(), log });
  const began: RepoIdentity[] = [];
  const ends = new Map<string, (outcome: 'ready' | 'broken') => void>();
  const change = (identity: RepoIdentity, next: (repo: Repo) => RepoHead) =>
    store.changeSoon(identity, (repo) => (repo === undefined ? null : { head: next(repo) }));
  const publish = async (identity: RepoIdentity): Promise<void> => {
    const before = store.get(identity)?.head;
    const building = change(identity, (repo) => begin(repo, clock.now()))?.head;
    began.push(identity);
    const outcome = await new Promise<string>((resolve) => ends.set(identity.sha1, resolve));
    ends.delete(identity.sha1);
    if (building === undefined || before === undefined) throw new Error('no such repo');
    change(identity, (repo) => {
      // As a store whose write failed: memory is again what the disk holds.
      if (outcome === 'broken') return before;
      const { head } = repo;
      return head.status === 'building' ? succeed(repo, liveOf(building), clock.now()) : head;
    });
    if (outcome === 'broken') throw new Error('no space left');
  };
  const queue = new PublishQueue({
    repos: store,
    rulesOf: () => rules,
    clock,
    log,
    publish,
    quietMilliseconds: QUIET,
    parallel,
  });
  const start = (identity: RepoIdentity) => queue.start(identity);
  const waiters = new PublishWaiters({ repos: store, clock });
  return {
    store,
    clock,
    log,
    queue,
    /** Tells once it is over; may be given up. */
    wait: (identity: RepoIdentity, generation: number, { over = new AbortController() } = {}) => {
      let isOver = false;
      const waited = waiters.wait(identity, generation, WAIT, over.signal).then(() => {
        isOver = true;
      });
      return { waited, isOver: () => isOver };
    },
    /** By number, in the order in which publishes began. */
    began: () => began.map(({ sha1 }) => all.findIndex((identity) => identity.sha1 === sha1)),
    status: (identity: RepoIdentity) => store.get(identity)?.head.status,
    /** An upload to an automatic project. */
    upload: async (identity: RepoIdentity, name = 'a.deb') => {
      await store.change(identity, (repo) => {
        const head = headForUpload(repo, clock.now().toISOString());
        const grown = { ...head, revision: head.revision + 1 };
        return { head: afterBinaryChange(grown, rules), put: [someBinary(name)] };
      });
      queue.startWhenQuiet(identity);
    },
    update: (identity: RepoIdentity) =>
      acceptUpdate({ repos: store, clock, rulesOf: () => rules, start }, identity, 'update'),
    /** Lets a publish end, and the queue take that up. */
    end: async (identity: RepoIdentity, outcome: 'ready' | 'broken' = 'ready') => {
      ends.get(identity.sha1)?.(outcome);
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    },
    close: async () => {
      await queue.stop();
      await store.close();
    },
  };
}

t.test('one publish of a repo at a time, a bounded number over all', async (t) => {
  const { queue, began, update, upload, end, status, store, close } = await node(t.testdir());
  for (const identity of all) await upload(identity);
  t.match(await update(zero), { status: 'queued', generation: 1 });
  await update(one);
  await update(two);
  t.same(began(), [0, 1]);
  t.same(queue.depth, { waiting: 1, running: 2 });
  t.same(all.map(status), ['building', 'building', 'queued']);

  t.match(await update(zero), { status: 'building', generation: 2 }, 'what will cover it');
  t.match(await update(zero), { status: 'building', generation: 2 });
  t.same(began(), [0, 1], 'not beside the one that runs');
  await end(one);
  t.same(began(), [0, 1, 2], 'a free place is taken');
  await end(zero);
  t.same(began(), [0, 1, 2, 0]);
  t.same(all.map(status), ['building', 'ready', 'building']);
  await end(zero);
  await end(two);
  t.equal(began().length, 4, 'two updates during one publish are one more publish');
  t.same(all.map(status), ['ready', 'ready', 'ready']);
  t.same(queue.depth, { waiting: 0, running: 0 });
  t.equal(store.get(zero)?.head.live?.number, 2);
  await close();
});

t.test('uploads to automatic projects wait for quiet, but not for ever', async (t) => {
  const { clock, queue, began, upload, update, end, status, store, close } = await node(
    t.testdir(),
  );
  await upload(zero);
  t.equal(status(zero), 'requested');
  t.equal(store.get(zero)?.head.events.length, 0, 'not said yet');
  clock.advance(QUIET - 1);
  await upload(zero, 'b.deb');
  clock.advance(QUIET - 1);
  t.same(began(), [], 'the second one began the wait anew');
  t.same(queue.depth, { waiting: 1, running: 0 });
  clock.advance(1);
  t.same(began(), [0]);
  t.same(
    store.get(zero)?.head.events.map((event) => event.status),
    ['queued', 'building'],
  );

  await upload(zero, 'c.deb');
  clock.advance(10 * QUIET);
  t.same(began(), [0], 'nothing beside a publish');
  t.equal(store.get(zero)?.head.again, 'quiet');
  await end(zero);
  t.equal(status(zero), 'requested', 'its quiet time begins with the end');
  clock.advance(QUIET);
  t.same(began(), [0, 0]);
  await end(zero);

  await upload(one);
  const from = clock.now().getTime();
  for (let count = 0; began().length < 3 && count < 50; count += 1) {
    clock.advance(QUIET / 2);
    await upload(one, `${clock.now().getTime()}.deb`);
  }
  t.equal(clock.now().getTime() - from, 10 * QUIET, 'steady uploads');
  await end(one);
  t.equal(status(one), 'requested', 'what came with the last is still owed');

  await upload(two);
  await update(two);
  await update(two);
  t.same(began(), [0, 0, 1, 2], 'an update waits for nothing but its own repo');
  await end(two);
  await end(two);
  clock.advance(QUIET);
  await end(one);
  t.same(began(), [0, 0, 1, 2, 2, 1]);
  t.equal(clock.waiting, 0);
  await close();
});

t.test('a start takes up what a former process owed, and nothing else', async (t) => {
  const root = t.testdir();
  const first = await node(root, 1);
  const states = ['requested', 'queued', 'building', 'collecting', 'ready', 'failed'] as const;
  for (const [number, status] of states.entries()) {
    const head = { ...newRepoHead(WHEN), status, generation: 1 };
    await first.store.change(someIdentity(number), () => ({ head, put: [someBinary('a.deb')] }));
  }
  await first.store.change(someIdentity(9), () => ({
    head: { ...newRepoHead(WHEN), status: 'deleted', events: [EVENT] },
  }));
  await first.close();

  const second = await node(root, 10, { ...RULES, automatic: false });
  second.queue.resume();
  t.same(second.began().sort(), [0, 1, 2]);
  t.same([...second.store.all()].filter(({ head }) => head.generation === 2).length, 3);
  for (const identity of all) await second.end(identity);
  t.same(all.map(second.status), ['ready', 'ready', 'ready']);
  await second.close();
});

t.test('a stop waits for what runs and leaves the rest owed', async (t) => {
  const root = t.testdir();
  const { queue, clock, began, upload, update, end, status, close } = await node(root, 1);
  for (const identity of all) await upload(identity);
  await update(zero);
  await update(one);
  await update(zero);
  let isStopped = false;
  const stopped = queue.stop().then(() => (isStopped = true));
  clock.advance(10 * QUIET);
  await upload(two, 'b.deb');
  t.equal(isStopped, false, 'a publish is finished');
  await end(zero);
  await stopped;
  t.same(began(), [0]);
  t.same(all.map(status), ['queued', 'queued', 'requested']);
  t.equal(clock.waiting, 0);
  await close();

  const next = await node(root, 3);
  next.queue.resume();
  t.same(next.began().sort(), [0, 1, 2]);
  for (const identity of all) await next.end(identity);
  await next.close();
});

t.test('a start publishes what the rules of now want published, and nothing else', async (t) => {
  const root = t.testdir();
  const byHand = await node(root, 3, { ...RULES, automatic: false });
  for (const identity of [zero, one]) await byHand.upload(identity);
  await byHand.update(one);
  await byHand.end(one);
  await byHand.close();
  const automatic = await node(root, 3);
  automatic.queue.resume();
  t.same(automatic.began(), [0], 'what was uploaded while nothing was automatic');
  await automatic.end(zero);
  for (const identity of all) await automatic.upload(identity, 'b.deb');
  t.same(all.map(automatic.status), ['requested', 'requested', 'requested']);
  await automatic.close();

  const disabled = await node(root, 3, { ...RULES, disabled: true });
  disabled.queue.resume();
  t.same(disabled.began(), []);
  t.same(all.map(disabled.status), ['ready', 'ready', 'collecting']);
  await disabled.close();
  const enabled = await node(root, 3);
  enabled.queue.resume();
  t.same(
    enabled.began(),
    [2],
    'what was never published; for the rest an earlier one may be meant',
  );
  await enabled.end(two);
  await enabled.close();
});

t.test('a publish whose end cannot be recorded is tried again after a pause', async (t) => {
  const { clock, log, queue, began, upload, update, end, status, close } = await node(
    t.testdir(),
    1,
  );
  await upload(zero);
  await upload(one);
  await update(zero);
  await update(one);
  await end(zero, 'broken');
  t.match(log.lines, [{ level: 'error', fields: { err: { message: 'no space left' } } }]);
  t.same(began(), [0, 1], 'others go on');
  await end(one);
  t.same(began(), [0, 1], 'the disk is not asked again and again');
  t.equal(status(zero), 'queued', 'and the truth is told meanwhile');
  t.same(queue.depth, { waiting: 1, running: 0 });
  clock.advance(10_000);
  t.same(began(), [0, 1, 0]);
  await end(zero, 'broken');
  await update(zero);
  t.same(began(), [0, 1, 0, 0], 'an update does not wait for the pause');
  await end(zero);
  t.equal(status(zero), 'ready');
  t.equal(clock.waiting, 0);

  await update(zero);
  await end(zero, 'broken');
  await close();
  t.equal(clock.waiting, 0, 'a stop ends the pause');
});

t.test('a repo that is deleted while it waits is not published', async (t) => {
  const { store, clock, began, upload, close } = await node(t.testdir());
  await upload(zero);
  await store.change(zero, (repo) => (repo ? { head: deletedHead(repo, clock.now()) } : null));
  clock.advance(QUIET);
  t.same(began(), []);
  t.equal(clock.waiting, 0);
  await close();
});

t.test('who waits for a publish hears of its end, and of no other', async (t) => {
  const { clock, store, upload, update, end, wait, close } = await node(t.testdir());
  for (const identity of all) await upload(identity);
  const first = wait(zero, (await update(zero)).generation);
  await upload(zero, 'b.deb');
  const covering = await update(zero);
  t.equal(covering.generation, 2);
  const second = wait(zero, covering.generation);
  const other = wait(one, (await update(one)).generation);
  await end(zero);
  t.same([first.isOver(), second.isOver(), other.isOver()], [true, false, false]);
  await end(zero);
  await second.waited;
  await wait(zero, 1).waited;
  t.notOk(other.isOver(), 'what is there already is not waited for');
  const [timers, over] = [clock.waiting, new AbortController()];
  const gone = wait(one, 1, { over });
  over.abort();
  await gone.waited;
  await wait(one, 1, { over }).waited;
  t.equal(clock.waiting, timers, 'nothing stays of those who have gone');
  clock.advance(WAIT);
  await other.waited;
  t.equal(store.get(one)?.head.status, 'building', 'the time is up');
  const deleted = wait(one, 1);
  await store.change(one, (repo) =>
    repo === undefined ? null : { head: deletedHead(repo, clock.now()) },
  );
  await deleted.waited;
  await wait(someIdentity(7), 1).waited;
  await end(one);
  await end(two);
  await close();
});
