import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import t from 'tap';
import { openNodeRecords } from '../../services/adapters/shaman-nodes.ts';
import { openShamanStore } from '../../services/adapters/shaman-store.ts';
import type { ShamanStore } from '../../services/adapters/shaman-store.ts';
import { buildKey } from '../../services/domain/build.ts';
import type { Build } from '../../services/domain/build.ts';
import type { ShamanRepo } from '../../services/domain/shaman-repo.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { settled } from '../fixtures/settled.ts';
import { someBuild, someRecord, someSha1, someUrl } from '../fixtures/some-records.ts';
import { shamanStoreContract } from './shaman-store-contract.ts';
import type { ShamanStoreHarness } from './shaman-store-contract.ts';

interface DiskHarness extends ShamanStoreHarness {
  readonly log: RecordingLog;
  /** The folder of this life. */
  root(): string;
  store(): ShamanStore;
}

async function openDisk(folder: string, fullBytes?: number): Promise<DiskHarness> {
  const log = new RecordingLog();
  let clock = new ManualClock();
  let lives = 0;
  let root = folder;
  const options = () => ({ root, clock, log, ...(fullBytes === undefined ? {} : { fullBytes }) });
  let store = await openShamanStore(options());
  let nodes = await openNodeRecords(options());
  const reopen = async () => {
    clock = new ManualClock();
    store = await openShamanStore(options());
    nodes = await openNodeRecords(options());
  };
  return {
    log,
    root: () => root,
    store: () => store,
    nodes: () => nodes,
    clock: () => clock,
    // What the disk holds in this tick, in the middle of whatever was being written.
    async crash() {
      const before = { root, store, nodes };
      lives += 1;
      root = join(folder, `life-${lives}`);
      copyParts(before.root, root);
      await Promise.all([before.store.close(), before.nodes.close()]);
      await reopen();
    },
    async restart() {
      await nodes.close();
      await store.close();
      await reopen();
    },
  };
}

function copyParts(from: string, to: string): void {
  const isWhole = (path: string) => !path.includes('.tmp-');
  // Documents before the journals: a journal is emptied only after its documents are there.
  for (const part of ['nodes', 'commits']) {
    cpSync(join(from, part), join(to, part), {
      recursive: true,
      filter: (path) => isWhole(path) && !path.endsWith('.journal'),
    });
  }
  for (const path of journals(from)) {
    if (existsSync(path)) copyFileSync(path, join(to, 'commits', basename(path)));
  }
}

function documents(root: string): string[] {
  const names = readdirSync(join(root, 'commits'), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.json')).map((name) => join(root, 'commits', name));
}

function journals(root: string): string[] {
  return ['changes-a.journal', 'changes-b.journal'].map((name) => join(root, 'commits', name));
}

/** All that a store says, to compare. */
function shown({ repos, builds, commits }: ShamanStore): unknown {
  const all = [...commits.projects()].flatMap((project) =>
    [...(commits.refs(project) ?? [])].sort().map((ref) => ({
      ref,
      under: [...commits.under(project, ref)].map(({ sha1, seen }) => ({ sha1, seen: [...seen] })),
      repos: repos.find({ project, ref }),
      builds: builds.find({ project, ref }),
    })),
  );
  const byUrl = (a: ShamanRepo, b: ShamanRepo) => (a.chacraUrl < b.chacraUrl ? -1 : 1);
  return { all, repos: repos.find({}), tombstones: [...repos.all()].sort(byUrl) };
}

shamanStoreContract('disk', (folder) => openDisk(folder));

t.test('a store does what its model does, whatever happens in whatever order', async (t) => {
  const folder = t.testdir();
  const number = fc.integer({ min: 0, max: 8 });
  const step = fc.record({
    do: fc.constantFrom('put', 'put', 'put', 'delete', 'forget', 'build', 'drop', 'stop', 'crash'),
    number,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const root = mkdtempSync(join(folder, 'run-'));
      // So short that documents are written after every few changes.
      const harness = await openDisk(root, 2000);
      const repos = new Map<string, ShamanRepo>();
      const builds = new Map<string, Build>();
      for (const { do: action, number: chosen } of steps) {
        const store = harness.store();
        const url = someUrl(chosen);
        const commit = { project: 'ceph', sha1: someSha1(Math.floor(chosen / 3)) };
        if (action === 'stop') await harness.restart();
        else if (action === 'crash') await harness.crash();
        else if (action === 'forget') {
          const record = store.repos.get(url);
          if (record !== undefined) await store.repos.forget(record);
          repos.delete(url);
        } else if (action === 'build' || action === 'drop') {
          await store.builds.change(commit, (_, moment) => {
            const build = someBuild(chosen, moment);
            if (action === 'drop') builds.delete(buildKey(build));
            else builds.set(buildKey(build), build);
            return action === 'drop' ? { remove: [buildKey(build)] } : { put: [build] };
          });
        } else {
          const status = action === 'delete' ? 'deleted' : 'ready';
          const after = await store.repos.change(url, (_, moment) =>
            someRecord(chosen, moment, { status }),
          );
          if (after !== undefined) repos.set(url, after);
        }
        const newest = <T extends ShamanRepo | Build>(records: Iterable<T>) =>
          [...records].sort((a, b) => b.modified.order - a.modified.order);
        const living = [...repos.values()].filter(({ status }) => status !== 'deleted');
        t.same(harness.store().repos.find({ project: 'ceph' }), newest(living));
        t.same(harness.store().builds.find({ project: 'ceph' }), newest(builds.values()));
        t.equal([...harness.store().repos.all()].length, repos.size);
      }
      const before = shown(harness.store());
      await harness.crash();
      t.same(shown(harness.store()), before);
      await harness.restart();
      t.same(shown(harness.store()), before);
      t.same(
        journals(harness.root()).map(
          (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0,
        ),
        [0, 0],
        'a stop leaves documents only',
      );
      t.same(harness.log.lines, []);
      rmSync(root, { recursive: true });
    }),
    { numRuns: 20 },
  );
});

t.test('a write that fails is taken back and refused, and the next one goes on', async (t) => {
  const root = t.testdir();
  const harness = await openDisk(root);
  const put = (number: number, fields = {}) =>
    harness
      .store()
      .repos.change(someUrl(number), (_, moment) => someRecord(number, moment, fields));
  await put(0);
  await put(1, { status: 'building' });
  await put(4, { status: 'deleted' });
  await put(8);
  const [journal = ''] = journals(root);
  copyFileSync(journal, `${journal}.kept`);
  rmSync(journal);
  // Even root cannot write into a folder as if it were a file.
  mkdirSync(journal);
  const alone = harness.store().repos.get(someUrl(8));
  if (alone === undefined) throw new Error('it was put');
  const before = shown(harness.store());
  const told: string[] = [];
  harness.store().repos.watch(({ after }) => told.push(after?.chacraUrl ?? ''));
  const forgetting = harness.store().repos.forget(alone);
  const writing: Promise<unknown>[] = [
    forgetting,
    put(1),
    put(2),
    put(0, { status: 'deleted' }),
    put(4),
  ];
  await Promise.resolve();
  await Promise.resolve();
  const later = put(9);
  t.equal(harness.store().repos.find({}).length, 4);
  for (const each of [...writing, later]) await t.rejects(each, { code: 'EISDIR' });
  t.same(shown(harness.store()), before, 'the state is what the disk holds');
  t.same(told, []);
  t.equal(harness.store().isWritable, false);

  rmdirSync(journal);
  copyFileSync(`${journal}.kept`, journal);
  await put(2);
  t.equal(harness.store().isWritable, true);
  const after = shown(harness.store());
  await harness.crash();
  t.same(shown(harness.store()), after);
  await harness.store().close();
  await t.rejects(put(3), { code: 'STOPPING' });
});

t.test('documents that cannot be written hold nothing up, and are written later', async (t) => {
  const root = t.testdir();
  const harness = await openDisk(root, 4000);
  const put = (number: number) =>
    harness.store().repos.change(someUrl(number), (_, moment) => someRecord(number, moment));
  await put(0);
  await harness.restart();
  const [document = ''] = documents(root);
  rmSync(document);
  mkdirSync(join(document, 'in the way'), { recursive: true });
  for (let i = 0; i < 30; i += 1) await put(i % 3);
  // The stop waits for what is under way.
  await harness.store().close();
  t.match(harness.log.lines, [{ level: 'error', fields: { err: { code: 'EISDIR' } } }]);
  rmSync(document, { recursive: true });
  const again = await openDisk(root, 4000);
  t.equal(again.store().repos.find({}).length, 3, 'the journals had everything');
  const before = shown(again.store());
  await again.restart();
  t.same(shown(again.store()), before);
  t.equal(documents(root).length, 1);
});

t.test('what was forgotten stays so through two crashes, whichever file has it', async (t) => {
  for (const older of [0, 1]) {
    const folder = t.testdir();
    const written = await openDisk(join(folder, 'written'));
    const record = await written
      .store()
      .repos.change(someUrl(0), (_, moment) => someRecord(0, moment));
    if (record === undefined) throw new Error('it was put');
    const [journal = ''] = journals(written.root());
    const length = statSync(journal).size;
    await written.store().repos.forget(record);
    const bytes = readFileSync(journal);
    // As a crash leaves it right after the first file was full.
    const root = join(folder, 'found');
    mkdirSync(join(root, 'commits'), { recursive: true });
    const files = journals(root);
    const [puts = '', forgets = ''] = older === 0 ? files : [...files].reverse();
    writeFileSync(puts, bytes.subarray(0, length));
    writeFileSync(forgets, bytes.subarray(length));
    const harness = await openDisk(root);
    t.same([...harness.store().repos.all()], []);
    await settled(() => journals(root).some((path) => statSync(path).size === 0));
    await harness.crash();
    t.same([...harness.store().repos.all()], [], 'nothing comes back');
    await harness.restart();
    await written.store().close();
  }
});

t.test('what cannot be read stops the start and is named', async (t) => {
  const root = t.testdir();
  const harness = await openDisk(root);
  const put = (number: number) =>
    harness.store().repos.change(someUrl(number), (_, moment) => someRecord(number, moment));
  await put(0);
  await harness.restart();
  await put(1);
  await put(2);
  const [document = ''] = documents(root);
  const [journal = ''] = journals(root).filter(
    (path) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0,
  );
  const [whole, lines] = [readFileSync(document, 'utf8'), readFileSync(journal, 'utf8')];
  const damages: Array<[damaged: string, file: string, content: string, reason: RegExp]> = [
    ['torn', document, whole.slice(0, -9), /JSON/],
    ['no status', document, whole.replace('"ready"', '"fine"'), /status/],
    ['of another sha1', document, whole.replace('"ceph"', '"cephalopod"'), /another sha1/],
    ['noise', journal, lines.replace('[', '?'), /line 1 is damaged/],
    ['no order', journal, lines.replace('"order"', '"border"'), /order/],
  ];
  for (const [damaged, file, content, reason] of damages) {
    const before = readFileSync(file);
    writeFileSync(file, content);
    await t.rejects(openDisk(root), { code: 'DATA_DAMAGED', message: reason }, damaged);
    writeFileSync(file, before);
  }
  // A crash in the middle of writing a document, and of the journal.
  const torn = join(document, '..', '.tmp-0123');
  writeFileSync(torn, '{');
  writeFileSync(journal, `${lines}[{"order":`);
  const again = await openDisk(root);
  t.equal(again.store().repos.find({}).length, 3);
  t.equal(existsSync(torn), false);
});

t.test('what was acknowledged is there after kill -9', async (t) => {
  const root = t.testdir();
  const writer = fileURLToPath(new URL('../fixtures/write-records.ts', import.meta.url));
  const acknowledged = new Map<number, number>();
  let count = 0;
  for (let round = 0; round < 3; round += 1) {
    const child = spawn(process.execPath, ['--import=tsx', writer, root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const enough = 2000 + Math.floor(Math.random() * 40_000);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > enough) child.kill('SIGKILL');
    });
    await once(child, 'close');
    for (const line of output.split('\n').slice(0, -1)) {
      const [number = 0, sequence = 0] = line.split(' ').map(Number);
      acknowledged.set(number, Math.max(sequence, acknowledged.get(number) ?? 0));
      count += 1;
    }
    const harness = await openDisk(root, 20_000);
    const lost = [...acknowledged].filter(([number, sequence]) => {
      const record = harness.store().repos.get(someUrl(number));
      // Eight writers: at most so many changes were under way.
      const known = record?.sequence ?? 0;
      return known < sequence || known > sequence + 8;
    });
    t.same(lost, [], `round ${round}: ${count} changes acknowledged`);
    if (round % 2 === 0) await harness.store().close();
  }
  t.ok(count > 500);
  t.ok(documents(root).length > 10, 'documents were written meanwhile');
});
