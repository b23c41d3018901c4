import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { HastyClock } from '../fakes/hasty-clock.ts';
import { KEY, startNode } from '../fixtures/chacra.ts';
import { GITBUILDER } from '../fixtures/gitbuilder.ts';
import { startTestShaman } from '../fixtures/shaman.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { startTroubledProxy } from '../fixtures/troubled-proxy.ts';
import { keyFileOf, placeArguments, upload } from '../fixtures/uploader.ts';

const MANUAL = '  projects: { ceph: { automatic: false } }';

/** Runs the command in a process of its own: what a shell gets of it. */
async function shell(args: readonly string[], input: string, env: NodeJS.ProcessEnv = {}) {
  const argv = [...GITBUILDER, 'upload', ...args];
  const child = spawn(process.execPath, argv, { env: { PATH: process.env.PATH, ...env } });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [output, screen] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { status: child.exitCode, output, screen };
}

function someFile(folder: string) {
  const { name, bytes } = someDeb();
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

t.test('in a shell: names from standard input, status, one document, no key', async (t) => {
  const folder = testFolder(t);
  const node = await startNode(t, { folder: join(folder, 'node'), chacra: MANUAL });
  const keyFile = keyFileOf(folder);
  const deb = someFile(folder);
  const args = placeArguments(['--chacra', node.url], keyFile);
  const fine = await shell([...args, '--json', '--update', '--wait', '30'], `\n${deb}\r\n${deb}\n`);
  t.equal(fine.status, 0);
  t.match(JSON.parse(fine.output), {
    ok: true,
    summary: { uploaded: { files: 1 }, failed: { files: 0 } },
    files: [{ path: deb, outcome: 'uploaded', error: null }],
    repo: { status: 'ready', generation: 1, live_generation: 1, url: /\/r\/ceph\/wip%2Ffix\// },
  });
  t.match(fine.screen, /^uploaded +\S+\.deb \(\d+ B\)\n$/);

  const withoutKeyFile = args.slice(0, args.indexOf('--key-file'));
  const key = join(folder, 'wrong.key');
  writeFileSync(key, 'builder:wrong-and-secret\n');
  const failed = await shell([...withoutKeyFile, `${folder}/*.deb`], '', {
    GITBUILDER_KEY_FILE: key,
  });
  t.match(failed, { status: 1, screen: /answered 401/, output: /failed +1 files/ });
  const secrets = [KEY, 'wrong-and-secret', btoa(`builder:${KEY}`)];
  for (const said of [fine.output, fine.screen, failed.output, failed.screen])
    t.notOk(secrets.some((secret) => said.includes(secret)));

  const misused = await shell([...args, '--parallel', '0', deb], '');
  t.match(misused, { status: 2, output: '', screen: /a number from 1 to 32/ });
});

t.test('misuse is told before anything is sent', async (t) => {
  const folder = testFolder(t);
  const deb = someFile(folder);
  const keyFile = keyFileOf(folder);
  const server = ['--chacra', 'http://127.0.0.1:1/'];
  const keyless = placeArguments(server, keyFile).slice(0, -2);
  writeFileSync(join(folder, 'colonless'), 'secret\n');
  const place = (...more: string[]) => [...placeArguments(server, keyFile), ...more];
  const cases: [args: string[], input: string | null, said: RegExp][] = [
    [place(), null, /name files, or send their names/],
    [place(), '\n\n', /standard input named none/],
    [place('--shaman', 'http://127.0.0.1:1/', deb), '', /either --chacra URL or --shaman URL/],
    [[...keyless, deb], '', /--key-file FILE, or GITBUILDER_KEY_FILE/],
    [
      [...keyless, '--key-file', join(folder, 'none'), deb],
      '',
      /there is no file .*none; it must hold/,
    ],
    [[...keyless, '--key-file', join(folder, 'colonless'), deb], '', /one line, user:key/],
    [[...keyless, '--key-file', folder, deb], '', new RegExp(`${folder}: .* must hold`)],
    [place('--arch', 'x86/64', deb), '', /invalid arch/],
    [place('--chacra', 'http://me:secret@127.0.0.1:1/', deb), '', /holds a user or password/],
  ];
  for (const [args, input, said] of cases) {
    const run = await upload(args, { input, clock: new HastyClock() });
    t.match(run, { status: 2, output: '', screen: said }, said.source);
    t.notMatch(run.screen, /secret/);
  }
});

t.test('shaman says where to', async (t) => {
  const folder = testFolder(t);
  const node = await startNode(t, { folder: join(folder, 'node'), chacra: MANUAL });
  const shaman = await startTestShaman(t, { folder: join(folder, 'shaman') });
  const args = placeArguments(['--shaman', shaman.url], keyFileOf(folder, 'root'));
  const none = await upload([...args, someFile(folder), '--json'], { clock: new HastyClock() });
  t.match(none, { status: 1, screen: /no healthy chacra nodes/ });
  t.match(none.json(), { ok: false, error: { message: /no healthy chacra nodes/ } });
  const { host } = new URL(node.url);
  await shaman.post(`/api/nodes/${host}/`, { url: node.url, free_bytes: 1e12 });
  const run = await upload([...args, someFile(folder), '--json']);
  t.match(run.json(), { ok: true, node: node.url, summary: { uploaded: { files: 1 } } });
});

t.test('publishing', async (t) => {
  const folder = testFolder(t);
  const chacra = '  projects: { ceph: { automatic: false }, off: { disabled: true } }';
  const node = await startNode(t, { folder: join(folder, 'node'), chacra });
  const args = placeArguments(['--chacra', node.url], keyFileOf(folder));
  const deb = someFile(folder);
  const clock = new HastyClock();
  const unasked = await upload([...args, deb, '--wait', '5'], { clock });
  t.match(unasked, { status: 1, output: /not published by itself\nAdd --update/ });
  t.match(await upload([...args, deb, '--update']), {
    status: 0,
    output: /flavors\/default\/: \w+/,
  });
  const proxy = await startTroubledProxy(t, node.url, ({ path }) =>
    path.includes('/update?wait=') ? { kind: 'answer', status: 200 } : null,
  );
  const stuck = placeArguments(['--chacra', proxy.url], keyFileOf(folder), 'e'.repeat(40));
  const off = await upload([...args, '--project', 'off', deb, '--update']);
  t.match(off, { status: 1, output: /does not publish this project/ });
  const late = await upload([...stuck, deb, '--update', '--wait', '5'], { clock });
  t.match(late, { status: 1, output: /not published within 5 s/ });
});

t.test('a full node, and one that is none', async (t) => {
  const folder = testFolder(t);
  const full = await startNode(t, {
    folder: join(folder, 'node'),
    chacra: '  reserveBytes: 900 TiB',
  });
  const run = await upload([
    ...placeArguments(['--chacra', full.url], keyFileOf(folder)),
    someFile(folder),
  ]);
  t.match(run, { status: 1, screen: /answered 507: .* Ask for another node \(--shaman/ });
  const none = await startTroubledProxy(t, full.url, () => ({ kind: 'answer', status: 404 }));
  const wrong = await upload([
    ...placeArguments(['--chacra', none.url], keyFileOf(folder)),
    someFile(folder),
  ]);
  t.match(wrong, { status: 1, screen: /is no storage node of gitbuilder/ });
  const moved = await startTroubledProxy(t, full.url, () => ({
    kind: 'answer',
    status: 301,
    headers: { location: 'http://elsewhere.test/' },
  }));
  const away = await upload([
    ...placeArguments(['--chacra', moved.url], keyFileOf(folder)),
    someFile(folder),
  ]);
  t.match(away, { status: 1, screen: /answered 301: go to http:\/\/elsewhere.test\// });
});

t.test('a terminal sees one line that moves', async (t) => {
  const folder = testFolder(t);
  const node = await startNode(t, { folder: join(folder, 'node'), chacra: MANUAL });
  const args = placeArguments(['--chacra', node.url], keyFileOf(folder));
  const absent = join(folder, 'ab\u001b[2Jsent');
  const run = await upload([...args, someFile(folder), absent], { isTerminal: true });
  const moving = run.screen.split('\r\u001b[2K');
  t.match(moving.join('\n'), /\[[#.]{20}\] \d of 2 files, [\d.]+ k?B sent, [\d.]+ k?B\/s/);
  t.ok(moving.every((line) => line.length < 300 && !line.includes('uploaded')));
  t.match(run.screen, /failed +\S*ab\\u001b\[2Jsent: invalid file name/);
  t.notMatch(run.screen, '\u001b[2J');
  t.ok(run.screen.endsWith('\r\u001b[2K'), 'and it is gone at the end');
});
