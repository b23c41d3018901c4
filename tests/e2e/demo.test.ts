import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Test } from 'tap';
import { containersOf, docker } from '../fixtures/docker-agents.ts';
import { BUSYBOX_IMAGE, JAVA_IMAGE, needsEngine } from '../fixtures/docker-engine.ts';
import { JAVA } from '../fixtures/java.ts';
import { needs } from '../fixtures/tool.ts';

const COMMAND = fileURLToPath(new URL('../../services/cli/gitbuilder.ts', import.meta.url));
const FLOCK = needs(['flock', 'util-linux']);
const ENGINE = needsEngine();
const BUSYBOX = ENGINE.skip === false ? needs(['busybox', 'busybox-static']) : ENGINE;
const ENGINE_JAVA = ENGINE.skip === false ? needs(['javac', 'default-jdk-headless']) : ENGINE;
const TOOLS = needs(
  ['git', 'git'],
  ['dpkg-deb', 'dpkg'],
  ['rpmbuild', 'rpm'],
  ['apt-get', 'apt'],
  ['dnf', 'dnf'],
  ['zypper', 'zypper'],
);

/** Runs the demo; `until` sees all that it has printed so far and says when to send it a signal. */
async function demo(
  t: Test,
  args: readonly string[],
  options: {
    readonly path?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly until?: RegExp;
  } = {},
): Promise<{ status: number | null; said: string }> {
  const path = options.path === undefined ? {} : { PATH: options.path };
  const env = { ...process.env, ...options.env, ...path };
  const child = spawn(process.execPath, ['--import=tsx', COMMAND, 'demo', ...args], { env });
  t.teardown(() => child.kill('SIGKILL'));
  let said = '';
  let told = false;
  const hear = (chunk: Buffer): void => {
    said += chunk.toString();
    if (told || options.until?.test(said) !== true) return;
    // Once: a second signal would end it at once.
    told = child.kill('SIGTERM');
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  await once(child, 'close');
  return { status: child.exitCode, said };
}

/** A PATH where gitbuilder finds what it needs itself, and of outside tools only these scripts. */
function pathWith(t: Test, scripts: Readonly<Record<string, string>>): string {
  const folder = t.testdir();
  for (const tool of ['flock', 'tail']) {
    const found = execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
    symlinkSync(found, join(folder, tool));
  }
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return folder;
}

const folderOf = (said: string) => /below (\S+),/.exec(said)?.[1] ?? '/';

t.test('the whole story, with every package manager', TOOLS, async (t) => {
  const { status, said } = await demo(t, ['--once', '--nodes', '2']);
  t.equal(status, 0, said);
  t.equal(said.match(/^ {4}chacra http/gm)?.length, 2);
  t.match(said, /by dpkg-deb/);
  t.match(said, /by rpmbuild/);
  t.match(said, /repo debian\/12: building[^]*repo debian\/12: ready/);
  t.match(said, /"Is [0-9a-f]{12} built[^]*built yes/);
  t.match(said, /"What is the latest main[^]*complete yes/);
  t.match(said, /Signed-By:\n +-----BEGIN PGP PUBLIC KEY/);
  t.match(said, /^ +deb \[signed-by=\S+\] http\S+ bookworm main$/m);
  t.match(said, /^ +repo_gpgcheck=1$/m);
  for (const tool of ['apt-get', 'dnf', 'zypper']) {
    t.match(said, new RegExp(`${tool} installs it and it runs\n +hello from gitbuilder`));
  }
  t.notMatch(said, /admin:/, 'no key is printed');
  t.notOk(existsSync(folderOf(said)), 'its folder is gone');
});

t.test('by the Jenkinsfile, to what package managers install', { ...TOOLS, ...JAVA }, async (t) => {
  const { status, said } = await demo(t, ['--once', '--pipeline']);
  t.equal(status, 0, said);
  t.match(said, /gitbuilder: 2 cells: bookworm x86_64 default, centos9 x86_64 default/);
  t.match(said, /: 2 built\n +bookworm x86_64 default {2}built {2}http/);
  for (const tool of ['apt-get', 'dnf', 'zypper']) {
    t.match(said, new RegExp(`${tool} installs what the pipeline made\n +hello from gitbuilder`));
  }
});

/** Ids of the agent service that the demo was, and of what its engine still has of it. */
async function leftOf(said: string) {
  const service = /agent\.service=(demo-[0-9a-f]{8})$/m.exec(said)?.[1] ?? '?';
  const filters = { reference: [`gitbuilder-demo/busybox:${service}`] };
  return {
    service,
    containers: await containersOf(service),
    images: await docker.listImages({ filters }),
  };
}

t.test('agents in Docker: made, used, gone, each phase with its time', BUSYBOX, async (t) => {
  const { status, said } = await demo(t, ['--once', '--agents']);
  t.equal(status, 0, said);
  t.match(said, /a stand-in for one\n +http\S+ answers as a live Jenkins 2\.462\.3 did/);
  t.match(said, /image for agents\n +gitbuilder-demo\/busybox\S+, made of this machine's busybox/);
  const agents = [...new Set(said.match(/\bdemo-[0-9a-f]{12}\b/g))];
  t.equal(agents.length, 3, 'an agent for each build');
  const time = String.raw`\d\d:\d\d:\d\d\.\d{3}`;
  const later = ['pulled', 'created', 'started', 'connected', 'first build', 'removed'];
  for (const agent of agents) {
    t.match(said, new RegExp(`^ {4}${time}  ${agent}  requested +for (job/|an item)`, 'm'));
    for (const phase of later) {
      t.match(said, new RegExp(`^ {4}${time}  ${agent}  ${phase} +\\+\\d+\\.\\d{3} s`, 'm'), phase);
    }
    const row = `^ {4}${agent} +job/\\w+/1/ +${time}( +\\+\\d+\\.\\d{3} s){6}$`;
    t.match(said, new RegExp(row, 'm'), 'its row of the table');
  }
  for (const job of ['demanded', 'queued', 'freestyle']) {
    t.match(said, new RegExp(`${job} #1: hello from \\S+, in a container with Linux`));
  }
  t.match(said, /containers left: 0\n +nodes left: 0/);
  t.match(await leftOf(said), { service: /^demo-/, containers: [], images: [] });
  t.notOk(existsSync(folderOf(said)), 'its folder is gone');
});

t.test('agents from an image with Java; told to stop, none is left', ENGINE_JAVA, async (t) => {
  const options = ['--agents', '--image', JAVA_IMAGE];
  const { status, said } = await demo(t, options, { until: / {2}started {2}/ });
  t.equal(status, 143, said);
  t.match(said, /agents connect with a small jar/);
  t.match(said, /stopped after/);
  t.match(await leftOf(said), { service: /^demo-/, containers: [] });
  t.equal((await docker.listImages({ filters: { reference: [JAVA_IMAGE] } })).length, 1);
  t.notOk(existsSync(folderOf(said)), 'its folder is gone');
});

t.test('an agent that fails ends the demo, with its last words', ENGINE_JAVA, async (t) => {
  const { status, said } = await demo(t, ['--once', '--agents', '--image', BUSYBOX_IMAGE]);
  t.equal(status, 1, said);
  t.match(said, /the agent demo-\w+ failed: [^]*the image has no java/);
  t.match(await leftOf(said), { service: /^demo-/, containers: [] });
});

t.test(
  'where no image can be made, a public one is fetched',
  { ...ENGINE, ...FLOCK },
  async (t) => {
    const until = /busybox is not installed[^]*busybox:stable is fetched/;
    const { status, said } = await demo(t, ['--once', '--agents'], {
      path: pathWith(t, {}),
      until,
    });
    // Whether there is a registry or not, it does not come to its end.
    t.not(status, 0);
    t.match(said, until);
  },
);

t.test('without an engine for agents, what to do is told', async (t) => {
  const socket = `unix://${join(t.testdir(), 'none.sock')}`;
  const env = { GITBUILDER_DOCKER: '', DOCKER_HOST: socket };
  const { status, said } = await demo(t, ['--once', '--agents'], { env });
  t.equal(status, 1, said);
  t.match(said, /there is no Docker engine: [^]*none\.sock[^]*apt-get install docker\.io/);
});

t.test('without any tool it builds by itself, and serves until told to stop', FLOCK, async (t) => {
  const { status, said } = await demo(t, [], { path: pathWith(t, {}), until: /Ctrl-C/ });
  t.equal(status, 0, said);
  t.match(said, /git is not installed: the sha1 is made up/);
  t.equal(said.match(/by gitbuilder's own writer/g)?.length, 2);
  t.match(said, /apt-get is skipped: apt-get and dpkg not installed/);
  t.match(said, /Still serving: http/);
  t.match(said, /the key that signs in \S+signing\.asc/);
  t.notOk(existsSync(folderOf(said)), 'its folder is gone');
});

t.test('a step that fails is told, and the status tells it too', FLOCK, async (t) => {
  const path = pathWith(t, { dpkg: '', 'apt-get': 'echo "no such luck"; exit 3' });
  const { status, said } = await demo(t, ['--once'], { path });
  t.equal(status, 1, said);
  t.match(said, /apt-get installs it and it runs\n +failed after/);
  t.match(said, /apt-get update ended with 3:\nno such luck/);
  t.notOk(existsSync(folderOf(said)), 'its folder is gone');
});

t.test('told to stop in the middle, it stops what it started', FLOCK, async (t) => {
  const path = pathWith(t, { dpkg: '', 'apt-get': 'exec tail -f /dev/null' });
  const { status, said } = await demo(t, ['--once'], { path, until: /apt-get installs/ });
  t.equal(status, 143, said);
  t.match(said, /stopped after/);
  t.notOk(existsSync(folderOf(said)), 'its folder is gone');
});

t.test('flags that cannot be are refused', async (t) => {
  const { status, said } = await demo(t, ['--nodes', '0']);
  t.equal(status, 1);
  t.match(said, /number from 1 to 9/);
});
