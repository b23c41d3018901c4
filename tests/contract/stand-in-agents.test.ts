import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Test } from 'tap';
import { systemClock } from '../../services/adapters/system-clock.ts';
import { agentJar, JAVA_SCRIPT } from '../fakes/jenkins/agent-jar.ts';
import { FakeJenkins } from '../fakes/jenkins/fake-jenkins.ts';
import { startAgent } from '../fakes/jenkins/inbound-agent.ts';
import { OpenBuild } from '../fakes/jenkins/open-build.ts';
import { logOf } from '../fakes/jenkins/run-bodies.ts';
import { tokenOf } from '../fakes/jenkins/users.ts';
import { callsOf } from '../fixtures/jenkins.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { needs } from '../fixtures/tool.ts';

/* The stand-ins of agent.jar, in Java and for a busybox, do what the recorded agent process did. */

interface Kind {
  /** The command up to the jar, and what its environment needs. */
  command(folder: string, jar: string): { readonly argv: string[]; readonly path: string };
}

const APPLETS = 'awk base64 cat mkdir mkfifo mktemp nc printf rm sh sleep tr wc wget'.split(' ');
const JAVA: Kind = {
  command: (_folder, jar) => ({ argv: ['java', '-jar', jar], path: process.env.PATH ?? '' }),
};
const BUSYBOX: Kind = {
  command(folder, jar) {
    const folders = (process.env.PATH ?? '').split(delimiter);
    const busybox = folders.map((each) => join(each, 'busybox')).find((path) => existsSync(path));
    for (const applet of APPLETS) symlinkSync(busybox ?? 'busybox', join(folder, applet));
    return { argv: [join(folder, 'sh'), JAVA_SCRIPT, '-jar', jar], path: folder };
  },
};

async function stage(t: Test) {
  const jenkins = await new FakeJenkins({
    ...{ clock: systemClock, timings: { settle: 20 }, agentPauseMilliseconds: 50 },
    agentJar: await agentJar(),
  }).start();
  t.teardown(() => jenkins.stop());
  jenkins.addNode({ name: 'n1', labelString: 'jammy' });
  return jenkins;
}

/** Starts agents on one controller, as a container would: agent.jar fetched, the secret in a file. */
function starter(t: Test, kind: Kind, jenkins: FakeJenkins) {
  const folder = testFolder(t);
  const [jar, secretFile, bin] = ['agent.jar', 'secret', 'bin'].map((name) => join(folder, name));
  if (jar === undefined || secretFile === undefined || bin === undefined) throw new Error(folder);
  mkdirSync(bin);
  const { argv, path } = kind.command(bin, jar);
  return async (secret: string, ...more: string[]) => {
    const got = await callsOf(jenkins, null).ask('jnlpJars/agent.jar');
    writeFileSync(jar, Buffer.from(await got.arrayBuffer()));
    writeFileSync(secretFile, secret, { mode: 0o600 });
    const name = more.includes('-name') ? [] : ['-name', 'n1'];
    const all = [...argv, '-url', jenkins.url, '-secret', `@${secretFile}`, ...name, '-webSocket'];
    const [command = '', ...rest] = [...all, '-workDir', join(folder, 'work'), ...more];
    const child = spawn(command, rest, {
      ...{ env: { PATH: path }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    // The script has children of its own.
    t.teardown(() => end(child.pid));
    let said = '';
    child.stderr.on('data', (data) => (said += String(data)));
    const ended = once(child, 'exit').then(([code]) => code as number | null);
    return { ended, said: () => said };
  };
}

function end(group: number | undefined): void {
  try {
    if (group !== undefined) process.kill(-group, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

const connected = (jenkins: FakeJenkins) =>
  (jenkins.world.computers.get('n1')?.link ?? null) !== null;

for (const [what, kind, tools] of [
  ['in Java', JAVA, needs(['javac', 'default-jdk-headless'])],
  ['for a busybox', BUSYBOX, needs(['busybox', 'busybox'], ['javac', 'default-jdk-headless'])],
] as const) {
  t.test(`an agent ${what} connects, works, comes back and ends`, tools, async (t) => {
    const jenkins = await stage(t);
    const start = starter(t, kind, jenkins);
    const agent = await start(`${jenkins.secretOf('n1')}\n`);
    await jenkins.until(() => connected(jenkins));
    const text = 'echo "hello from $((40 + 2))"; printf "%0200d\\n" 7; pwd; exit 3';
    jenkins.enqueue({ name: 'fs', label: 'jammy', body: { kind: 'script', text } });
    await jenkins.until(() => jenkins.lastBuild('fs')?.building === false);
    const build = jenkins.lastBuild('fs');
    t.equal(build?.result, 'FAILURE', 'its exit code');
    const log = build === undefined ? '' : logOf(build);
    t.match(log, 'hello from 42\n');
    t.match(log, `${'0'.repeat(199)}7\n`, 'a longer line');
    t.match(log, /\/work\n/);
    t.match(agent.said(), /Setting up agent: n1[^]*WebSocket connection open[^]*Connected/);

    await callsOf(jenkins).post('computer/n1/doDisconnect');
    await jenkins.until(() => connected(jenkins));
    await jenkins.stop();
    await jenkins.listen();
    jenkins.finishStarting();
    await jenkins.until(() => connected(jenkins));
    t.pass('it outlives a restart of the controller');
    await callsOf(jenkins).post('computer/n1/doDelete');
    t.equal(await agent.ended, 255, 'its node is deleted');
  });

  t.test(`an agent ${what} that is refused ends`, tools, async (t) => {
    const jenkins = await stage(t);
    const start = starter(t, kind, jenkins);
    const ends = async (secret: string, ...more: string[]) => (await start(secret, ...more)).ended;
    const right = jenkins.secretOf('n1');
    t.equal(await ends('0'.repeat(64)), 255, 'wrong secret');
    t.equal(await ends(right, '-name', 'none'), 255, 'unknown node');
    t.equal(await ends(`${right}\n\nmore`), 0, 'a secret file of several lines: usage');
    const once = await start(`${right} `, '-noReconnect');
    await jenkins.until(() => connected(jenkins));
    t.equal(await ends(right), 255, 'already connected');
    await jenkins.stop();
    t.equal(await once.ended, 0, '-noReconnect');
  });
}

t.test('the controller as a process: jobs from a file, a token in another', async (t) => {
  const folder = testFolder(t);
  const [jobs, token] = [join(folder, 'jobs.json'), join(folder, 'token')];
  const asked = join(folder, 'asked');
  writeFileSync(jobs, JSON.stringify([{ name: 'pl', blocks: [{ label: 'jammy' }] }]));
  const child = spawn(
    process.execPath,
    [
      ...['--import=tsx', fileURLToPath(new URL('../fakes/jenkins/process.ts', import.meta.url))],
      ...['--jobs', jobs, '--token-file', token, '--agent', 'script', '--anchor', 'anchor'],
      ...['--asked', asked],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const url = /^jenkins ready (\S+)$/m.exec(line.toString())?.[1] ?? '';
  const login = Buffer.from(`operator:${readFileSync(token, 'utf8').trim()}`).toString('base64');
  const headers = { authorization: `Basic ${login}` };
  const started = await fetch(`${url}job/pl/build?delay=0sec`, { method: 'POST', headers });
  t.equal(started.status, 201);
  t.match(await (await fetch(`${url}queue/api/json`, { headers })).json(), {
    items: [{ why: 'There are no nodes with the label ‘jammy’' }],
  });
  t.equal(readFileSync(asked, 'utf8'), 'POST /job/pl/build?delay=0sec\nGET /queue/api/json\n');
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  t.same(await ended, [0, null]);
});

t.test(
  'a build whose program runs elsewhere: its blocks wait, run and end as it says',
  async (t) => {
    const jenkins = await new FakeJenkins({ clock: systemClock, timings: { settle: 0 } }).start();
    t.teardown(() => jenkins.stop());
    jenkins.addNode({ name: 'anchor' });
    const build = new OpenBuild(jenkins, 'pl');
    const entered = build.enter('7', 'jammy && x86_64');
    const queue = await callsOf(jenkins).ask('queue/api/json?tree=items[task[url],why]');
    t.match(await queue.json(), { items: [{ task: { url: /job\/pl\/1\/$/ }, why: /jammy/ }] });
    jenkins.addNode({ name: 'n1', labelString: 'jammy x86_64' });
    const agent = startAgent({ url: jenkins.url, name: 'n1', secret: jenkins.secretOf('n1') });
    t.teardown(() => agent.kill());
    t.equal(await entered, 'n1');
    const isBusy = () => jenkins.world.computers.get('n1')?.executors[0]?.running !== null;
    t.equal(isBusy(), true);
    build.leave('7');
    t.equal(isBusy(), false);
    t.equal(jenkins.lastBuild('pl')?.building, true, 'its program goes on');
    build.end('UNSTABLE');
    t.match(jenkins.lastBuild('pl'), { building: false, result: 'UNSTABLE' });
  },
);

t.test(
  'the controller as a process takes such a build from its input, and ends with it',
  async (t) => {
    const program = fileURLToPath(new URL('../fakes/jenkins/process.ts', import.meta.url));
    const options = ['--agent', 'script', '--anchor', 'anchor', '--until-eof'];
    const child = spawn(process.execPath, ['--import=tsx', program, ...options], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const url = /^jenkins ready (\S+)$/m.exec(line.toString())?.[1] ?? '';
    child.stdin.write('{"do":"open","job":"pl"}\n{"do":"enter","id":"1","label":"jammy"}\n');
    const login = Buffer.from(`operator:${tokenOf('operator')}`).toString('base64');
    const headers = { authorization: `Basic ${login}` };
    const isWaiting = async () =>
      (await (await fetch(`${url}queue/api/json`, { headers })).text()).includes('jammy');
    while (!(await isWaiting()));
    const ended = once(child, 'exit');
    child.stdin.end();
    t.same(await ended, [0, null]);
  },
);
