import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { folderOf, leftOf, pathWith, runDemo } from '../fixtures/demo-command.ts';
import { docker } from '../fixtures/docker-agents.ts';
import { BUSYBOX_IMAGE, JAVA_IMAGE, needsEngine } from '../fixtures/docker-engine.ts';
import { JAVA } from '../fixtures/java.ts';
import { needs } from '../fixtures/tool.ts';

const FLOCK = needs(['flock', 'util-linux']);
const ENGINE = needsEngine();
const BUSYBOX = ENGINE.skip === false ? needs(['busybox', 'busybox-static']) : ENGINE;
const ENGINE_JAVA = ENGINE.skip === false ? needs(['javac', 'default-jdk-headless']) : ENGINE;

t.test('agents in Docker: made, used, gone, each phase with its time', BUSYBOX, async (t) => {
  const { status, said } = await runDemo(t, ['--once', '--agents']);
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
  t.strictSame(await leftOf(said), []);
  t.notOk(existsSync(folderOf(said)), 'its folder is gone');
});

t.test('agents from an image with Java; told to stop, none is left', ENGINE_JAVA, async (t) => {
  const options = ['--agents', '--image', JAVA_IMAGE];
  const { status, said } = await runDemo(t, options, { until: / {2}started {2}/ });
  t.equal(status, 143, said);
  t.match(said, /agents connect with a small jar/);
  t.match(said, /stopped after/);
  t.strictSame(await leftOf(said), []);
  t.equal((await docker.listImages({ filters: { reference: [JAVA_IMAGE] } })).length, 1);
  t.notOk(existsSync(folderOf(said)), 'its folder is gone');
});

t.test('an agent that fails ends the demo, with its last words', ENGINE_JAVA, async (t) => {
  const { status, said } = await runDemo(t, ['--once', '--agents', '--image', BUSYBOX_IMAGE]);
  t.equal(status, 1, said);
  t.match(said, /the agent demo-\w+ failed: [^]*the image has no java/);
  t.strictSame(await leftOf(said), []);
});

t.test(
  'where no image can be made, a public one is fetched',
  ENGINE.skip === false ? FLOCK : ENGINE,
  async (t) => {
    const until = /busybox is not installed[^]*busybox:stable is fetched/;
    const { status, said } = await runDemo(t, ['--once', '--agents'], {
      path: pathWith(t, {}),
      until,
    });
    // Whether there is a registry or not, it does not come to its end.
    t.not(status, 0);
    t.match(said, until);
  },
);

t.test('without an engine, agents of the pipeline are folders', JAVA, async (t) => {
  const env = { GITBUILDER_DOCKER: '', DOCKER_HOST: `unix://${join(t.testdir(), 'none.sock')}` };
  const until =
    /not used, and agents are folders of this machine: there is no Docker engine: .*none/;
  const { status, said } = await runDemo(t, ['--once', '--pipeline'], { env, until });
  t.equal(status, 143, said);
  t.match(said, until);
});

t.test('without an engine for agents, what to do is told', async (t) => {
  // A short one: a path below the checkout may be longer than a socket's address can be.
  const socket = 'unix:///nowhere/none.sock';
  const env = { GITBUILDER_DOCKER: '', DOCKER_HOST: socket };
  const { status, said } = await runDemo(t, ['--once', '--agents'], { env });
  t.equal(status, 1, said);
  t.match(said, /there is no Docker engine: [^]*none\.sock[^]*apt-get install docker\.io/);
});
