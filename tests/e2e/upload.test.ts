import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../services/adapters/system-clock.ts';
import { HttpClient } from '../../services/cli/upload/http-client.ts';
import { digestFile, findFile } from '../../services/cli/upload/local-file.ts';
import { AHEAD_BYTES } from '../../services/cli/upload/send-ahead.ts';
import { Retries } from '../../services/cli/upload/retries.ts';
import { StorageNode } from '../../services/cli/upload/storage-node.ts';
import { basicAuthorization } from '../../services/platform/auth.ts';
import { HastyClock } from '../fakes/hasty-clock.ts';
import { KEY, startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { startTroubledProxy } from '../fixtures/troubled-proxy.ts';
import { IDENTITY, keyFileOf, placeArguments, SHA1, upload } from '../fixtures/uploader.ts';

const REPO = `ceph/wip%2Ffix/${SHA1}/debian/bookworm`;
const MANUAL = '  projects: { ceph: { automatic: false } }';
const MEGABYTE = 2 ** 20;

/** Digest by name of what a node has. */
async function listing(node: TestNode, sha1 = SHA1): Promise<Record<string, string>> {
  const answer = await node.fetch(`binaries/${REPO.replace(SHA1, sha1)}/x86_64/flavors/default/`);
  if (answer.status === 404) return {};
  // The node's own JSON, whose shape other tests hold it to.
  const binaries = (await answer.json()) as Record<string, { checksum: string }>;
  return Object.fromEntries(
    Object.entries(binaries).map(([name, { checksum }]) => [name, checksum]),
  );
}

const sha512 = (bytes: string | Uint8Array) => createHash('sha512').update(bytes).digest('hex');

t.test('what was named is there, and is not sent twice', async (t) => {
  const folder = testFolder(t);
  const node = await startNode(t, { folder: join(folder, 'node'), chacra: MANUAL });
  const proxy = await startTroubledProxy(t, node.url, () => null);
  const names: string[] = [];
  mkdirSync(join(folder, 'debs'));
  for (let number = 0; number < 250; number += 1) {
    const { name, bytes } = someDeb(`tiny${number}`);
    writeFileSync(join(folder, 'debs', name), bytes);
    names.push(name);
  }
  const big = randomBytes(3 * MEGABYTE);
  writeFileSync(join(folder, 'cephadm[1] +~ü'), big);
  const args = placeArguments(['--chacra', proxy.url], keyFileOf(folder));
  const files = [join(folder, 'debs', 'tiny*.deb'), join(folder, 'cephadm[1] +~ü')];

  const first = await upload([...args, ...files, '--json']);
  t.equal(first.status, 0);
  t.match(first.json(), { ok: true, summary: { uploaded: { files: 251 }, failed: { files: 0 } } });
  const there = await listing(node);
  t.strictSame(Object.keys(there).sort(), [...names, 'cephadm[1] +~ü'].sort());
  t.equal(there['cephadm[1] +~ü'], sha512(big));
  t.ok(proxy.seen.filter(({ method }) => method === 'POST').length <= 3, 'asked in batches');
  t.equal(proxy.seen.length, 251 + proxy.seen.filter(({ method }) => method === 'POST').length);

  proxy.seen.length = 0;
  const again = await upload([...args, ...files]);
  t.match(again, { status: 0, output: /already there +251 files/ });
  const other = await upload(
    [...placeArguments(['--chacra', proxy.url], keyFileOf(folder), 'f'.repeat(40)), '--json'],
    { input: names.map((name) => `${join(folder, 'debs', name)}\n`).join('') },
  );
  t.match(other.json(), { summary: { attached: { files: 250 }, sent_bytes: 0 } });
  t.equal(Object.keys(await listing(node, 'f'.repeat(40))).length, 250);
  const sent = proxy.seen.filter(({ method, bytes }) => method === 'PUT' && bytes > 0);
  t.strictSame(sent, [], 'no byte of a file was sent again');
});

t.test('a large file is sent while its digest is taken', async (t) => {
  const folder = testFolder(t);
  const node = await startNode(t, { folder: join(folder, 'node'), chacra: MANUAL });
  const breaks = { next: false };
  const proxy = await startTroubledProxy(t, node.url, ({ method, path }) => {
    if (!breaks.next || method !== 'PUT' || !path.includes('.iso')) return null;
    breaks.next = false;
    return { kind: 'cut', afterBytes: 30 * MEGABYTE };
  });
  const large = Buffer.alloc(AHEAD_BYTES, randomBytes(1021));
  const file = join(folder, 'large.iso');
  writeFileSync(file, large);
  const run = async (sha1: string) => {
    proxy.seen.length = 0;
    const args = placeArguments(['--chacra', proxy.url], keyFileOf(folder), sha1);
    return (await upload([...args, file, '--json'])).json();
  };
  const bytesPut = () => proxy.seen.filter(({ method }) => method === 'PUT').map((p) => p.bytes);

  t.match(await run(SHA1), { ok: true, summary: { uploaded: { files: 1 } } });
  t.strictSame(bytesPut(), [large.length, 0], 'sent once, then its digest agreed on');
  t.equal((await listing(node))['large.iso'], sha512(large));

  t.match(await run(SHA1), { ok: true, summary: { already_there: { files: 1 } } });
  t.strictSame(bytesPut(), [0], 'not sent again');

  const other = 'e'.repeat(40);
  t.match(await run(other), { ok: true, summary: { attached: { files: 1 } } });
  t.ok((bytesPut()[0] ?? 0) < large.length, 'what the node has is never sent to its end');
  t.equal((await listing(node, other))['large.iso'], sha512(large));

  large[AHEAD_BYTES - 1] = (large[AHEAD_BYTES - 1] ?? 0) ^ 1;
  writeFileSync(file, large);
  t.match(await run(SHA1), {
    ok: false,
    files: [{ error: { message: 'large.iso exists with other bytes' } }],
  });
  t.ok(
    Math.max(...bytesPut()) < large.length,
    'a name that is taken is refused before its body came',
  );

  breaks.next = true;
  const third = 'd'.repeat(40);
  t.match(await run(third), { ok: true, summary: { uploaded: { files: 1 } } });
  t.equal((await listing(node, third))['large.iso'], sha512(large), 'in the ordinary way');
});

t.test('one that fails stops no other', async (t) => {
  const folder = testFolder(t);
  const node = await startNode(t, { folder: join(folder, 'node'), chacra: MANUAL });
  const args = placeArguments(['--chacra', node.url], keyFileOf(folder));
  const write = (path: string, content: string | Uint8Array) => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
    return join(folder, path);
  };
  const notes = write('a/notes.txt', 'first');
  const big = write('a/big.bin', Buffer.alloc(2 * MEGABYTE, 1));
  t.equal((await upload([...args, notes, big])).status, 0);

  write('a/notes.txt', 'second');
  write('a/big.bin', Buffer.alloc(2 * MEGABYTE, 2));
  const fine = write('a/fine.txt', 'fine');
  const broken = write('a/broken.deb', 'no package');
  const copy = write('b/fine.txt', 'fine');
  const rival = write('c/fine.txt', 'not so fine');
  const absent = join(folder, 'absent-*.deb');
  const named = [notes, big, broken, absent, folder, fine, copy, rival];
  const run = await upload([...args, ...named, '--json', '--update']);
  t.equal(run.status, 1);
  const { files, error } = run.json();
  t.strictSame(
    files.map(({ path }) => path),
    named,
    'in the order they were named',
  );
  t.strictSame(
    files.map(({ outcome }) => outcome),
    [...['failed', 'failed', 'failed', 'failed', 'failed', 'uploaded', 'already_there', 'failed']],
  );
  t.match(files, [
    { error: { message: 'notes.txt exists with other bytes', advice: /--force/ } },
    { error: { message: 'big.bin exists with other bytes' } },
    { error: { message: /422: broken.deb is not a readable package/ } },
    { error: { message: 'there is no such file' } },
    { error: { message: 'it is not a file' } },
    {},
    {},
    { error: { message: /another file named fine.txt/ } },
  ]);
  t.match(error, { message: /not published/ });
  t.match(run.screen, /^failed +\S+notes\.txt: notes\.txt exists with other bytes\. Add --force/m);
  t.equal((await listing(node))['notes.txt'], sha512('first'));
  t.equal(
    ((await (await node.fetch(`repos/${REPO}/`)).json()) as { status: string }).status,
    'collecting',
  );

  t.match(await upload([...args, notes, big, '--force']), {
    status: 0,
    output: /uploaded +2 files/,
  });
  t.equal((await listing(node))['notes.txt'], sha512('second'));
  write('a/notes.txt', 'first');
  const forced = await upload([...args, notes, '--force']);
  t.match(
    forced,
    { status: 0, output: /attached +1 files/ },
    'bytes that are there replace others too',
  );
  t.equal((await listing(node))['notes.txt'], sha512('first'));
});

t.test('a line that breaks costs time and nothing else', async (t) => {
  const folder = testFolder(t);
  const node = await startNode(t, { folder: join(folder, 'node'), chacra: MANUAL });
  const keyFile = keyFileOf(folder);
  const big = join(folder, 'big.bin');
  writeFileSync(big, randomBytes(6 * MEGABYTE));
  const small = ['one', 'two', 'three'].map((name) => {
    writeFileSync(join(folder, name), name);
    return join(folder, name);
  });

  t.test('in the middle of a body, twice, and with answers that pass', async (t) => {
    const clock = new HastyClock();
    const proxy = await startTroubledProxy(t, node.url, ({ method }, nth) => {
      if (method === 'POST') return nth === 0 ? { kind: 'answer', status: 503 } : null;
      if (nth === 0) return { kind: 'cut', afterBytes: 2 * MEGABYTE };
      // Each attempt after the first asks whether the bytes arrived: PUTs 1 and 3.
      if (nth === 2) return { kind: 'cut', afterBytes: 4 * MEGABYTE };
      if (nth === 4) return { kind: 'answer', status: 429, headers: { 'Retry-After': '7' } };
      return null;
    });
    const args = placeArguments(['--chacra', proxy.url], keyFile);
    const run = await upload([...args, big], { clock });
    t.match(run, { status: 0, output: /uploaded +1 files +6\.3 MB/ });
    t.equal(proxy.seen.at(-1)?.bytes, 6 * MEGABYTE);
    // Pauses of 1 s, among them the second after a cut, are also how long a large body waits to be wanted.
    t.strictSame(
      clock.pauses.filter((pause) => pause !== 1000),
      [500, 500, 7000],
    );
    t.match(run.screen, /answered 503: again in 0\.5 s/);
  });

  t.test('after the body: what arrived is not sent again', async (t) => {
    const proxy = await startTroubledProxy(t, node.url, ({ method }, nth) =>
      method === 'PUT' && nth < 3 ? { kind: 'lose-answer' } : null,
    );
    const args = placeArguments(['--chacra', proxy.url], keyFile, 'a'.repeat(40));
    const run = await upload([...args, ...small], { clock: new HastyClock() });
    t.match(run, { status: 0, output: /uploaded +3 files/ });
    const bodies = proxy.seen.filter(({ method, bytes }) => method === 'PUT' && bytes > 0);
    t.equal(bodies.length, 3);
    t.equal(Object.keys(await listing(node, 'a'.repeat(40))).length, 3);
  });

  t.test('for good: every file is tried, and the end is near', async (t) => {
    const clock = new HastyClock();
    const proxy = await startTroubledProxy(t, node.url, ({ method }) =>
      method === 'PUT' ? { kind: 'cut', afterBytes: 0 } : null,
    );
    const args = placeArguments(
      ['--chacra', proxy.url, '--parallel', '1'],
      keyFile,
      'b'.repeat(40),
    );
    const bodies = small.map((path, index) => (writeFileSync(path, `other ${index}`), path));
    const run = await upload([...args, ...bodies, '--json'], { clock });
    t.equal(run.status, 1);
    t.match(run.json().summary, { failed: { files: 3 } });
    t.equal(clock.pauses.length, 6, 'only the first of them is tried again and again');
    t.strictSame(await listing(node, 'b'.repeat(40)), {});
    await node.stop();
    const gone = await upload([...placeArguments(['--chacra', node.url], keyFile), big], { clock });
    t.match(gone, { status: 1, screen: /ECONNREFUSED/ });
  });
});

t.test('a file that is written to meanwhile is not kept', async (t) => {
  const folder = testFolder(t);
  const node = await startNode(t, { folder: join(folder, 'node'), chacra: MANUAL });
  const place = { identity: IDENTITY, arch: 'x86_64' };
  const authorization = basicAuthorization('builder', KEY);
  const client = new HttpClient({ authorization, connections: 2, clock: systemClock });
  t.teardown(() => client.close());
  const told: string[] = [];
  const retries = new Retries(systemClock, (reason) => told.push(reason));
  const chacra = new StorageNode(node.url, place, client, retries);
  const names = ['is-replaced', 'grows', 'shrinks', 'hides-it'] as const;
  const path = (name: string) => join(folder, name);
  for (const name of names) {
    writeFileSync(path(name), randomBytes(8 * MEGABYTE));
    utimesSync(path(name), 1, 1);
  }
  const said: Readonly<Record<string, RegExp>> = {
    grows: /changed while it was read/,
    shrinks: /changed while it was read/,
    'hides-it': /422: X-Checksum-Sha256 says/,
  };
  const harm: Readonly<Record<string, () => void>> = {
    grows: () => appendFileSync(path('grows'), 'more'),
    shrinks: () => truncateSync(path('shrinks'), 3 * MEGABYTE),
    // Whoever has it open reads on in the file that was digested.
    'is-replaced': () => {
      writeFileSync(path('new'), randomBytes(8 * MEGABYTE));
      renameSync(path('new'), path('is-replaced'));
    },
    'hides-it': () => {
      const { atime, mtime } = statSync(path('hides-it'));
      writeFileSync(path('hides-it'), randomBytes(8 * MEGABYTE));
      utimesSync(path('hides-it'), atime, mtime);
    },
  };
  for (const name of names) {
    const file = await digestFile(await findFile(path(name)));
    let isHarmed = false;
    const sent = () => {
      if (!isHarmed) harm[name]?.();
      isHarmed = true;
    };
    const sending = chacra.send(file, { force: false, sent });
    if (name === 'is-replaced') t.equal(await sending, 'uploaded');
    else await t.rejects(sending, { name: 'Problem', message: said[name] }, name);
  }
  t.strictSame(Object.keys(await listing(node)), ['is-replaced']);
  t.strictSame(told, [], 'trying again would not help');
  harm['grows']?.();
  const before = await findFile(path('grows'));
  harm['grows']?.();
  await t.rejects(digestFile(before), { message: /changed while it was read/ });
});
