import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { z } from 'zod';
import { AgentDetailJson } from '../../services/api/agent-schemas.ts';
import { agentsAnswer } from '../../services/cli/agents/tables.ts';
import { EMPTY_JAR, JAVA_SCRIPT } from '../fakes/jenkins/agent-jar.ts';
import type { FakeJenkins } from '../fakes/jenkins/fake-jenkins.ts';
import { tokenOf } from '../fakes/jenkins/users.ts';
import {
  agentConfiguration,
  callsOfAgents,
  containersOf,
  docker,
  removeAll,
  startDockerJenkins,
} from '../fixtures/docker-agents.ts';
import { BUSYBOX_IMAGE, needsEngine } from '../fixtures/docker-engine.ts';
import { engineProxy } from '../fixtures/engine-proxy.ts';
import { LookAgain } from '../fixtures/look-again.ts';
import { startProcess } from '../fixtures/service-process.ts';
import { shortFolder } from '../fixtures/test-folder.ts';

/** The stand-in agent in a busybox. */
const TEMPLATES = `noble:
  image: ${BUSYBOX_IMAGE}
  pull: never
  labels: [noble, x86_64]
  stopSeconds: 0
  java: /opt/java
  remoteFs: /tmp/agent
  provision: { files: [{ path: /opt/java, mode: "0755", content: ${JSON.stringify(readFileSync(JAVA_SCRIPT, 'utf8'))} }] }
`;

const ask = (url: string, path: string, init: RequestInit = {}) =>
  callsOfAgents(url).ask(path, init);

async function agentsOf(url: string, query = '') {
  const answer = await ask(url, `api/v1/agents?${query}`);
  return agentsAnswer.parse(await answer.json()).agents;
}

/** Containers of a service, by their names. */
async function namesOf(service: string): Promise<string[]> {
  return (await containersOf(service)).map(({ Names }) => Names[0]?.slice(1) ?? '').sort();
}

/** Nodes of a service on a controller, by their names. */
function nodesOf(jenkins: FakeJenkins, service: string): string[] {
  return [...jenkins.world.nodes.values()]
    .filter(({ description }) => description.includes(`gitbuilder agents ${service}:`))
    .map(({ name }) => name)
    .sort();
}

async function stage(t: Test, service: string, more: { readonly engine?: string } = {}) {
  const jenkins = await startDockerJenkins(t, EMPTY_JAR);
  const looking = new LookAgain(t, jenkins);
  const folder = shortFolder(t);
  const config = join(folder, 'gitbuilder.yaml');
  const options = { ...more, service, templates: TEMPLATES };
  const text = await agentConfiguration(folder, jenkins, options);
  writeFileSync(config, `logLevel: warn\n${text}`);
  t.teardown(() => removeAll(service));
  const start = async () => {
    const process = await startProcess(t, 'agents', { config });
    await looking.follow(process.url);
    return process;
  };
  return { jenkins, start, looking, service: await start() };
}

t.test('a demand becomes a container that runs its build and is gone', needsEngine(), async (t) => {
  const { jenkins, looking, service } = await stage(t, 'e2e-life');
  const { url } = service;
  jenkins.define({ name: 'pl', blocks: [{ label: 'noble && x86_64' }] });
  const body = JSON.stringify({
    label: 'noble&&x86_64',
    build_url: `${jenkins.url}job/pl/1/`,
    block: 'one',
  });
  for (let time = 0; time < 2; time += 1) {
    const posted = await ask(url, 'api/v1/demands', { method: 'POST', body });
    t.equal(posted.status, 200);
  }
  await fetch(`${jenkins.url}job/pl/build?delay=0sec`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`operator:${tokenOf('operator')}`).toString('base64')}`,
    },
  });
  await looking.until(async () => (await agentsOf(url))[0]?.state === 'draining');
  const [container = '', ...others] = await namesOf('e2e-life');
  t.strictSame(others, [], 'one agent for the demand and the item');
  t.strictSame(nodesOf(jenkins, 'e2e-life'), [container]);

  const secret = jenkins.secretOf(container);
  const held = docker.getContainer(container);
  const inspected = JSON.stringify(await held.inspect());
  const processes = JSON.stringify(await held.top({ ps_args: '-eo pid,args' }));
  const logs = (await held.logs({ stdout: true, stderr: true })).toString();
  const [agent] = await agentsOf(url);
  const detail = await (await ask(url, `api/v1/agents/${container}`)).text();
  const ownLogs = await (await ask(url, `api/v1/agents/${container}/logs`)).text();
  for (const [what, text] of Object.entries({ inspected, processes, logs, detail, ownLogs })) {
    t.notOk(text.includes(secret), `no secret in ${what}`);
  }
  t.match(agent, { build: 'job/pl/1/', uses: 1, closed: true, host: 'here' });
  const script = await ask(url, `setup/${container}/`);
  t.equal(script.status, 401, 'its token is used up');

  const build = jenkins.lastBuild('pl');
  if (build !== undefined) jenkins.finish(build);
  await looking.until(async () => (await agentsOf(url)).length === 0);
  t.strictSame(await namesOf('e2e-life'), []);
  t.strictSame(nodesOf(jenkins, 'e2e-life'), []);
  t.equal(build?.result, 'SUCCESS');
  const story = AgentDetailJson.parse(await (await ask(url, `api/v1/agents/${container}`)).json());
  t.equal(story.state, 'gone');
  const phases = ['requested', 'pulled', 'created', 'started', 'connected', 'first_build', 'ended'];
  const times = phases.map((phase) => Date.parse(story.phases[phase] ?? ''));
  t.strictSame(
    times,
    [...times].sort((a, b) => a - b),
    'every phase has its time, in their order',
  );
  const demands = z.object({ demands: z.array(z.unknown()) });
  t.strictSame(demands.parse(await (await ask(url, 'api/v1/demands')).json()).demands, []);
  t.equal((await ask(url, 'health/')).status, 204);
  t.match(
    await (await ask(url, 'metrics')).text(),
    /gitbuilder_agents_phase_seconds_count\{template="noble",phase="connected"\} 1/,
  );
});

/** The steps of making an agent, each by the call that takes it. */
const STEPS = [
  // Its container runs already, and asks for what it needs with tokens that end with the process; the
  // jar is then kept, so this comes first.
  ['jenkins', /^GET \/jnlpJars\/agent\.jar/, 'before'],
  ['engine', /^GET .*\/images\//, 'before'],
  ['jenkins', /^POST \/computer\/doCreateItem/, 'before'],
  ['jenkins', /^GET \/computer\/.*jenkins-agent\.jnlp/, 'before'],
  ['engine', /^POST .*\/containers\/create/, 'before'],
  ['engine', /^PUT .*\/archive/, 'before'],
  ['engine', /^POST .*\/start/, 'before'],
  ['engine', /^POST .*\/start/, 'after'],
] as const;

t.test(
  'a service that is killed at any step of making an agent leaves nothing, and every build runs',
  needsEngine(),
  async (t) => {
    const name = 'e2e-kill';
    const engine = await engineProxy(t);
    const { jenkins, start, looking, service } = await stage(t, name, { engine: engine.url });
    const caughtByJenkins = (wanted: RegExp) =>
      new Promise<void>((resolve) => {
        jenkins.fault = ({ method, url }) => {
          if (!wanted.test(`${method} ${url}`)) return null;
          resolve();
          return { kind: 'hang' };
        };
      });
    let running = service;
    const jobs: string[] = [];
    for (const [whose, wanted, when] of STEPS) {
      const what = `${when} ${whose} ${wanted.source}`;
      const caught = whose === 'engine' ? engine.catch(wanted, when) : caughtByJenkins(wanted);
      const job = `job-${jobs.length}`;
      jobs.push(job);
      jenkins.enqueue({ name: job, label: 'noble', body: { kind: 'hold' } });
      await caught;
      await running.end('SIGKILL');
      jenkins.fault = () => null;
      running = await start();
      const { url } = running;
      await looking.until(async () => jenkins.lastBuild(job)?.building === true);
      await looking.until(async () => {
        const agents = await agentsOf(url);
        return agents.length === jobs.length && agents.every(({ state }) => state === 'draining');
      });
      const nodes = nodesOf(jenkins, name);
      t.equal(nodes.length, jobs.length, what);
      t.strictSame(await namesOf(name), nodes, `${what}: containers are nodes`);
    }
    for (const job of jobs) {
      const build = jenkins.lastBuild(job);
      if (build !== undefined) jenkins.finish(build);
    }
    await looking.until(async () => (await agentsOf(running.url)).length === 0);
    t.strictSame([await namesOf(name), nodesOf(jenkins, name)], [[], []]);
    t.ok(
      jobs.every((job) => jenkins.lastBuild(job)?.result === 'SUCCESS'),
      'and no build was lost',
    );
  },
);
