import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import t from 'tap';
import { openProjectStore } from '../../services/adapters/project-store.ts';
import { repoDigest } from '../../services/adapters/repo-digest.ts';
import { openRepoStore } from '../../services/adapters/repo-store.ts';
import type { DiskRepoStore } from '../../services/adapters/repo-store.ts';
import { directWriter } from '../../services/platform/file-writer.ts';
import type { FileWriter } from '../../services/platform/file-writer.ts';
import type { Repo, RepoChange } from '../../services/domain/repo.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { someBinary, someIdentity, uploaded } from '../fixtures/some-repo.ts';
import { deleted, repoStoreContract, shown } from './repo-store-contract.ts';
import type { RepoStoreHarness } from './repo-store-contract.ts';

const one = someIdentity(1);

interface DiskHarness extends RepoStoreHarness {
  readonly log: RecordingLog;
  store(): DiskRepoStore;
}

async function openDisk(root: string): Promise<DiskHarness> {
  const log = new RecordingLog();
  let clock = new ManualClock();
  let store = await openRepoStore({ root, clock, log });
  const reopen = async () => {
    clock = new ManualClock();
    store = await openRepoStore({ root, clock, log });
  };
  return {
    log,
    store: () => store,
    clock: () => clock,
    // A store that is left alone writes nothing: its clock never moves again.
    crash: reopen,
    restart: async () => {
      await store.close();
      await reopen();
    },
  };
}

/** The files below a root, by their ending. */
function filesBelow(root: string, ending: string): string[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith(ending)).map((name) => join(root, name));
}

function theFile(root: string, ending: string): string {
  const [file, ...others] = filesBelow(root, ending);
  if (file === undefined || others.length > 0) throw new Error(`not one *${ending} in ${root}`);
  return file;
}

repoStoreContract('disk', openDisk);

t.test('a store does what its model does, whatever happens in whatever order', async (t) => {
  const folder = t.testdir();
  const repo = fc.integer({ min: 0, max: 2 });
  const name = fc.constantFrom('a.deb', 'b.deb', 'c.deb', 'd.deb');
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), repo, name }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), repo, name }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('soon' as const), repo, name }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), repo, name }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const), repo, name }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('stop', 'crash', 'torn', 'stale'),
        repo,
        name,
      } as const),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const root = mkdtempSync(join(folder, 'run-'));
      const harness = await openDisk(root);
      const memory = new Map<number, Repo>();
      let durable = new Map<number, Repo>();
      for (const { do: action, repo: number, name: file } of steps) {
        const identity = someIdentity(number);
        const decide = decisions[action];
        if (decide !== undefined) {
          const after = play(memory.get(number), identity, decide(memory.get(number), file));
          const chosen = (now: Repo | undefined) => decide(now, file);
          if (after !== undefined) memory.set(number, after);
          if (action === 'soon') harness.store().changeSoon(identity, chosen);
          else {
            await harness.store().change(identity, chosen);
            if (after !== undefined) durable.set(number, after);
          }
        } else if (action === 'drop') {
          await harness.store().drop(identity);
          const { status, events } = memory.get(number)?.head ?? {};
          if (status === 'deleted' && events?.length === 0) {
            memory.delete(number);
            durable.delete(number);
          }
        } else {
          await stopSomehow(root, harness, action);
          if (action === 'stop' || action === 'stale') durable = new Map(memory);
          memory.clear();
          for (const [key, value] of durable) memory.set(key, value);
        }
        t.same(shown(harness.store()), shownModel(memory));
      }
      rmSync(root, { recursive: true });
    }),
    { numRuns: 40 },
  );
});

/** What each change decides; a change that would do nothing decides nothing. */
const decisions: Partial<
  Record<string, (repo: Repo | undefined, file: string) => RepoChange | null>
> = {
  put: (repo, file) => uploaded(repo, someBinary(file)),
  remove: (repo, file) => (repo ? { remove: [`x86_64/${file}`] } : null),
  soon: (repo, file) => (repo ? { head: { ...repo.head, extra: { file } } } : null),
  delete: (repo, file) => (repo ? deleted(repo, file < 'c') : null),
};

function play(repo: Repo | undefined, identity: Repo['identity'], change: RepoChange | null) {
  const head = change?.head ?? repo?.head;
  if (change === null || head === undefined) return repo;
  const binaries = new Map(repo?.binaries);
  for (const binary of change.put ?? []) binaries.set(`${binary.arch}/${binary.name}`, binary);
  for (const key of change.remove ?? []) binaries.delete(key);
  return { identity, head, binaries };
}

function shownModel(model: ReadonlyMap<number, Repo>): unknown {
  const all = () => model.values();
  return shown({ all } as unknown as DiskRepoStore); // `shown` asks for nothing else
}

async function stopSomehow(root: string, harness: RepoStoreHarness, how: string): Promise<void> {
  const journals = filesBelow(root, '.journal');
  if (how === 'torn') {
    // A group that was never acknowledged: its end did not reach the disk.
    for (const journal of journals) appendFileSync(journal, '[{"n":99999,"remove":["x86_64/');
  }
  if (how === 'stop') await harness.restart();
  else if (how === 'stale') {
    // The crash came between the document and the emptying of its journal.
    const contents = journals.map((path) => ({ path, bytes: readFileSync(path) }));
    await harness.restart();
    for (const { path, bytes } of contents) writeFileSync(path, bytes);
    await harness.crash();
  } else await harness.crash();
}

t.test('a journal does not grow for ever', async (t) => {
  const root = t.testdir();
  const harness = await openDisk(root);
  const lines: number[] = [];
  for (let i = 0; i < 600; i += 1) {
    await harness.store().change(one, (repo) => uploaded(repo, someBinary(`${i % 5}.deb`)));
    const journal = filesBelow(root, '.journal')[0];
    lines.push(journal === undefined ? 0 : readFileSync(journal, 'utf8').split('\n').length - 1);
  }
  t.ok(Math.max(...lines) > 200, 'most changes are one line in the journal');
  t.ok(Math.max(...lines) <= 257, 'and it is emptied when the document is written');
  const before = shown(harness.store());
  await harness.crash();
  t.same(shown(harness.store()), before);
  await harness.restart();
  t.same(filesBelow(root, '.journal'), [], 'a stop leaves documents only');
});

t.test('a write that fails is taken back and refused, and the next one goes on', async (t) => {
  const root = t.testdir();
  const harness = await openDisk(root);
  const put = (name: string) =>
    harness.store().change(one, (repo) => uploaded(repo, someBinary(name)));

  await put('first.deb');
  const document = theFile(root, '.json');
  const told: number[] = [];
  harness.store().watch((repo) => told.push(repo.head.revision));

  const journal = document.replace('.json', '.journal');
  // Even root cannot write into a folder as if it were a file.
  mkdirSync(journal);
  const before = shown(harness.store());
  const soon = harness.store().changeSoon(one, (repo) => uploaded(repo, someBinary('soon.deb')));
  t.equal(soon?.head.revision, 2);
  const writing = [put('b.deb'), put('c.deb'), put('first.deb')];
  await Promise.resolve();
  await Promise.resolve();
  const later = put('decided-while-that-is-written.deb');
  t.equal(harness.store().get(one)?.head.revision, 6);
  for (const each of [...writing, later]) await t.rejects(each, { code: 'EISDIR' });
  t.same(shown(harness.store()), before, 'the state is what the disk holds');
  t.same([...new Set(told)], [2, 1], 'the soon one was told, and that it is taken back');

  await put('d.deb');
  t.equal(harness.store().get(one)?.head.revision, 2, 'goes on, with the document alone');
  rmdirSync(journal);
  await put('e.deb');
  await put('f.deb');
  const after = shown(harness.store());
  await harness.crash();
  t.same(shown(harness.store()), after);

  mkdirSync(join(root, 'repos'), { recursive: true });
  const folder = join(root, 'repos', repoDigest(someIdentity(2)).slice(0, 2));
  writeFileSync(folder, '');
  const first = () =>
    harness.store().change(someIdentity(2), (repo) => uploaded(repo, someBinary('a.deb')));
  await t.rejects(first(), 'the first change of a repo');
  t.equal(harness.store().get(someIdentity(2)), undefined);
  t.same(shown(harness.store()), after);
  t.equal(harness.store().tree().get('ceph')?.has(someIdentity(2).ref), false);
  rmSync(folder);
  await first();

  rmSync(journal);
  mkdirSync(journal);
  harness.store().changeSoon(one, (repo) => uploaded(repo, someBinary('lost.deb')));
  harness.clock().advance(5000);
  await t.rejects(harness.store().change(one, () => null));
  t.match(harness.log.lines, [{ level: 'error', fields: { err: { code: 'EISDIR' } } }]);
  t.notOk(harness.store().get(one)?.binaries.has('x86_64/lost.deb'));
  await harness.store().close();
  t.ok(harness.store().get(someIdentity(2)));
});

t.test(
  'the first document of a repo is of one moment, whatever comes while it is written',
  async (t) => {
    const root = t.testdir();
    const [clock, log] = [new ManualClock(), new RecordingLog()];
    const never = new Promise<never>(() => undefined);
    const files = { ...directWriter, append: () => never };
    const store = await openRepoStore({ root, clock, log, files });
    const put = (name: string) => store.change(one, (repo) => uploaded(repo, someBinary(name)));
    const first = put('a.deb');
    await new Promise(setImmediate);
    void put('b.deb');
    await first;
    const { head, binaries } = (await openRepoStore({ root, clock, log })).get(one) ?? {};
    t.equal(binaries?.size, head?.revision, 'who has seen a revision knows what is in it');
  },
);

t.test('a full disk is told as one, so that a client goes to another node', async (t) => {
  const full = () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
  let files: FileWriter = { append: full, put: full, finish: full };
  const store = await openRepoStore({
    root: t.testdir(),
    clock: new ManualClock(),
    log: new RecordingLog(),
    files: {
      append: (end) => files.append(end),
      put: (file) => files.put(file),
      finish: (written) => files.finish(written),
    },
  });
  const upload = () => store.change(one, (repo) => uploaded(repo, someBinary('a.deb')));
  await t.rejects(upload(), { code: 'DISK_FULL' });
  files = directWriter;
  t.ok(await upload(), 'and there may be room again');
  await store.close();
});

t.test('what cannot be read stops the start and is named', async (t) => {
  const root = t.testdir();
  const harness = await openDisk(root);
  for (const name of ['a.deb', 'b.deb', 'c.deb'])
    await harness.store().change(one, (repo) => uploaded(repo, someBinary(name)));
  const document = theFile(root, '.json');
  const journal = theFile(root, '.journal');
  const [whole, lines] = [readFileSync(document, 'utf8'), readFileSync(journal, 'utf8')];
  const damages: Array<[damaged: string, file: string, content: string, reason: RegExp]> = [
    ['torn', document, whole.slice(0, -9), /JSON/],
    ['no head', document, whole.replace('"head"', '"tail"'), /head/],
    ['no status', document, whole.replace('"collecting"', '"fine"'), /status/],
    ['no blob', document, whole.replace('"sha256"', '"md5"'), /blob is incomplete/],
    ['no name', document, whole.replace('"name"', '"title"'), /binary is incomplete/],
    ['of another repo', document, whole.replace('"ceph"', '"cephalopod"'), /another repo/],
    ['a gap', journal, lines.split('\n').slice(1).join('\n'), /change 2 is missing/],
    ['noise', journal, lines.replace('[', '?'), /line 1 is damaged/],
    ['no number', journal, lines.replace('"n"', '"m"'), /expected number|expected int/],
  ];
  for (const [damaged, file, content, reason] of damages) {
    const before = readFileSync(file);
    writeFileSync(file, content);
    await t.rejects(
      openDisk(root),
      { code: 'DATA_DAMAGED', fields: { file, reason }, message: reason },
      damaged,
    );
    writeFileSync(file, before);
  }
  await harness.crash();
  t.equal(harness.store().get(one)?.binaries.size, 3);

  // A crash in the middle of a drop, and one in the middle of writing a document.
  rmSync(document);
  writeFileSync(join(document, '..', '.tmp-0123'), '{');
  await harness.crash();
  t.equal(harness.store().get(one), undefined);
  t.same(filesBelow(root, '.journal'), [], 'a journal without its document is a leftover');
  t.same(filesBelow(root, '.tmp-0123'), []);
});

t.test('a closed store takes nothing more', async (t) => {
  const harness = await openDisk(t.testdir());
  await harness.store().close();
  await t.rejects(
    harness.store().change(one, () => null),
    { code: 'STOPPING' },
  );
  t.throws(() => harness.store().changeSoon(one, () => null), { code: 'STOPPING' });
});

t.test('what was acknowledged is there after kill -9', async (t) => {
  const root = t.testdir();
  const writer = fileURLToPath(new URL('../fixtures/write-repos.ts', import.meta.url));
  const acknowledged: string[] = [];
  for (let round = 0; round < 5; round += 1) {
    const child = spawn(process.execPath, ['--import=tsx', writer, root, `${round}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const enough = 200 + Math.floor(Math.random() * 2000);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > enough * 15) child.kill('SIGKILL');
    });
    await once(child, 'close');
    acknowledged.push(...output.split('\n').slice(0, -1));

    const harness = await openDisk(root);
    const lost = acknowledged.filter((line) => {
      const [number, name = ''] = line.split(' ');
      return !harness
        .store()
        .get(someIdentity(Number(number)))
        ?.binaries.has(`x86_64/${name}`);
    });
    t.same(lost, [], `round ${round}: ${acknowledged.length} changes acknowledged`);
    for (const repo of harness.store().all())
      t.equal(repo.binaries.size, repo.head.revision, 'each change is there whole');
    if (round % 2 === 0) await harness.store().close();
  }
  t.ok(acknowledged.length > 500);
});

t.test('projects', async (t) => {
  const root = t.testdir();
  let store = await openProjectStore({ root });
  const odd = ['.tmp-odd', '..odd', 'ß'.repeat(120), 'a+b:c'];
  await Promise.all(['ceph', 'ceph', ...odd].map((name) => store.create(name)));
  t.same(store.names(), ['ceph', ...odd].sort());
  await store.create('ceph');
  store = await openProjectStore({ root });
  t.same(store.names(), ['ceph', ...odd].sort());

  await Promise.all([store.remove('ceph'), store.remove('absent'), store.remove('a+b:c')]);
  t.notOk(store.has('ceph'));
  await Promise.all([store.create('a+b:c'), store.remove('a+b:c'), store.create('a+b:c')]);
  store = await openProjectStore({ root });
  t.same(store.names(), [...odd].sort());

  const [file = ''] = filesBelow(root, '.json');
  writeFileSync(file, '{}');
  await t.rejects(openProjectStore({ root }), { code: 'DATA_DAMAGED', fields: { file } });
});
