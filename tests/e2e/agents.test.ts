import t from 'tap';
import type { Test } from 'tap';
import { z } from 'zod';
import { AgentDetailJson } from '../../services/api/agent-schemas.ts';
import { agentsAnswer } from '../../services/cli/agents/tables.ts';
import {
  agentsConfiguration,
  ask,
  containersOf,
  docker,
  eventually,
  nodesOf,
  reachableJenkins,
} from '../fixtures/agents-on-engine.ts';
import { tokenOf } from '../fakes/jenkins/users.ts';
import { needsEngine } from '../fixtures/docker-engine.ts';
import { startProcess } from '../fixtures/service-process.ts';

async function agentsOf(url: string, query = '') {
  const answer = await ask(url, `api/v1/agents?${query}`);
  return agentsAnswer.parse(await answer.json()).agents;
}

async function stage(
  t: Test,
  service: string,
  more: { readonly template?: string; readonly agents?: string } = {},
) {
  const jenkins = await reachableJenkins(t);
  const config = await agentsConfiguration(t, jenkins, { ...more, service });
  const start = () => startProcess(t, 'agents', { config });
  return { jenkins, start, service: await start() };
}

t.test('a demand becomes a container that runs its build and is gone', needsEngine(), async (t) => {
  const { jenkins, service } = await stage(t, 'e2e-life');
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
  await eventually('the build runs', async () => (await agentsOf(url))[0]?.state === 'draining');
  const [container = '', ...others] = await containersOf('e2e-life');
  t.strictSame(others, [], 'one agent for the demand and the item');
  t.strictSame(nodesOf(jenkins, 'e2e-life'), [container]);

  const secret = jenkins.secretOf(container);
  const inspected = await docker('inspect', container);
  const processes = await docker('top', container, '-eo', 'pid,args');
  const logs = await docker('logs', container);
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
  await eventually('nothing is left', async () => (await containersOf('e2e-life')).length === 0);
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

t.test('a killed container, and a killed service, leave nothing', needsEngine(), async (t) => {
  const { jenkins, service, start } = await stage(t, 'e2e-kill', { template: '  minIdle: 2\n' });
  let { url } = service;
  const idle = async () => (await agentsOf(url, 'state=idle')).map(({ node }) => node).sort();
  await eventually('two are idle', async () => (await idle()).length === 2);
  const [first = ''] = await idle();
  await docker('kill', first);
  await eventually(
    'its node is deleted',
    async () => !nodesOf(jenkins, 'e2e-kill').includes(first),
  );
  await eventually('another is made', async () => (await idle()).length === 2);
  // In the middle of making others, at a moment that differs each time.
  let running = service;
  for (let round = 0; round < 2; round += 1) {
    for (const node of await idle()) await docker('kill', node);
    await new Promise((resolve) => setTimeout(resolve, 150 + round * 400));
    await running.end('SIGKILL');
    running = await start();
    ({ url } = running);
    await eventually('two are idle again', async () => (await idle()).length === 2);
  }
  await eventually('containers, nodes and records are one', async () => {
    const containers = JSON.stringify(await containersOf('e2e-kill'));
    return (
      containers === JSON.stringify(nodesOf(jenkins, 'e2e-kill')) &&
      containers === JSON.stringify(await idle())
    );
  });
});

t.test('two services on one engine and one controller', needsEngine(), async (t) => {
  const jenkins = await reachableJenkins(t);
  const names = ['e2e-a', 'e2e-b'];
  const template = '  minIdle: 1\n';
  for (const service of names) {
    const config = await agentsConfiguration(t, jenkins, { service, template });
    await startProcess(t, 'agents', { config });
  }
  for (const service of names) {
    await eventually(`${service} has one`, async () => (await containersOf(service)).length === 1);
  }
  const before = await Promise.all(names.map(containersOf));
  // Long enough for each to have compared everything several times.
  await new Promise((resolve) => setTimeout(resolve, 5000));
  t.strictSame(await Promise.all(names.map(containersOf)), before);
});
