import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { SwarmEngine } from '../../node-agent/docker/swarm-engine.ts';
import { systemClock } from '../../services/adapters/system-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { containersOf, docker, inSwarm, removeAll } from '../fixtures/docker-agents.ts';
import { startDockerAgents, startDockerJenkins } from '../fixtures/docker-agents.ts';
import type { ToldAgent } from '../fixtures/docker-agents.ts';
import { ENGINE, needsEngine } from '../fixtures/docker-engine.ts';
import { someContainer } from '../fixtures/some-container.ts';
import { needs } from '../fixtures/tool.ts';

t.setTimeout(240_000);

/* The whole agent service on a real engine: containers that run java, which connects to the stand-in controller. */

const needed = () => {
  const engine = needsEngine();
  return engine.skip === false ? needs(['javac', 'default-jdk-headless']) : engine;
};

type Service = Awaited<ReturnType<typeof startDockerAgents>>;

/** The one agent that there is, once it has come to a state. */
function agentIn(service: Service, state: string): Promise<ToldAgent> {
  return service.until(async () => (await service.agents()).find((agent) => agent.state === state));
}

function isGone(service: Service, { id }: ToldAgent): Promise<true> {
  return service.until(async () => {
    const agent = (await service.agents()).find((one) => one.id === id);
    return (agent === undefined || agent.state === 'gone') && true;
  });
}

async function demand(service: Service, build: string): Promise<void> {
  await service.post('api/v1/demands', { label: 'noble', build_url: build, block: '1' });
}

t.test(
  'a demand becomes a container, its build runs there, and nothing of it stays',
  needed(),
  async (t) => {
    const jenkins = await startDockerJenkins(t);
    const service = await startDockerAgents(t, jenkins, { service: 'e2e-docker' });
    const job = jenkins.define({ name: 'hello', label: 'noble', body: { kind: 'hold' } });
    jenkins.enqueue(job);
    // It is used once: closed for other builds as soon as this one is seen on it.
    const busy = await agentIn(service, 'draining');
    t.match(busy.phases, {
      ...{ requested: /Z$/, pulled: /Z$/, created: /Z$/, started: /Z$/, connected: /Z$/ },
    });
    const container = docker.getContainer(busy.container ?? '');
    await secretStaysInside(t, jenkins.secretOf(busy.node), busy, service, container);
    t.ok(jenkins.world.nodes.has(busy.node));
    const build = jenkins.lastBuild('hello');
    if (build === undefined) throw new Error('no build');
    jenkins.finish(build);
    await isGone(service, busy);
    t.equal(build.result, 'SUCCESS');
    t.notOk(jenkins.world.nodes.has(busy.node));
    t.same(await containersOf('e2e-docker'), []);
  },
);

/** It opens the controller to whoever knows it: looked for wherever somebody else may look. */
async function secretStaysInside(
  t: Test,
  secret: string,
  agent: ToldAgent,
  service: Service,
  container: ReturnType<typeof docker.getContainer>,
): Promise<void> {
  const [inspected, processes, logs] = await inspectionsOf(container.id);
  const answers = await Promise.all(
    [`agents/${agent.id}`, `agents/${agent.id}/logs`, 'agents', 'queue', 'templates'].map((path) =>
      service.text(`api/v1/${path}`),
    ),
  );
  const filesOf = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile());
  const stored = filesOf(service.folder).map((path) => readFileSync(path, 'utf8'));
  const seen = [inspected, processes, logs, answers, stored, service.log.lines];
  for (const [at, what] of seen.entries()) t.notMatch(JSON.stringify(what), secret, `place ${at}`);
  t.match(JSON.stringify(inspected), agent.node, 'it is the container of this agent');
  t.match(JSON.stringify(processes), '@/dev/fd/3', 'java reads it from a file');
  const exec = await container.exec({ Cmd: ['ls', '-A', '/opt/gitbuilder'], AttachStdout: true });
  const left: Buffer[] = [];
  for await (const chunk of await exec.start({})) left.push(chunk as Buffer);
  t.equal(Buffer.concat(left).toString().trim(), '', 'and the file is gone');
}

/** Everything that an operator of the host could read of a container. */
async function inspectionsOf(id: string) {
  const container = docker.getContainer(id);
  const processes: unknown = await container.top({ ps_args: 'auxewww' });
  const logs = (await container.logs({ stdout: true, stderr: true })).toString();
  return [await container.inspect(), processes, logs] as const;
}

t.test(
  'a container that dies takes its node with it, idle or busy, and a build waits for no ghost',
  needed(),
  async (t) => {
    const jenkins = await startDockerJenkins(t);
    const service = await startDockerAgents(t, jenkins, {
      service: 'e2e-die',
      template: 'minIdle: 1, uses: unlimited',
    });
    const idle = await agentIn(service, 'idle');
    await docker.getContainer(idle.container ?? '').kill();
    await jenkins.until(() => !jenkins.world.nodes.has(idle.node));
    const next = await agentIn(service, 'idle');
    t.not(next.node, idle.node, 'another takes its place, under another name');
    jenkins.enqueue({ name: 'hello', label: 'noble', body: { kind: 'hold' } });
    const busy = await agentIn(service, 'busy');
    await docker.getContainer(busy.container ?? '').kill();
    await isGone(service, busy);
    t.notOk(jenkins.world.nodes.has(busy.node));
  },
);

t.test(
  'two services on one engine and one controller leave each other alone',
  needed(),
  async (t) => {
    const jenkins = await startDockerJenkins(t);
    const one = await startDockerAgents(t, jenkins, { service: 'e2e-one' });
    await demand(one, 'job/a/1/');
    const agent = await agentIn(one, 'idle');
    const two = await startDockerAgents(t, jenkins, { service: 'e2e-two' });
    await demand(two, 'job/b/1/');
    const other = await agentIn(two, 'idle');
    // Each compares everything each two seconds: both have looked at both by then.
    const looked = jenkins.asked.length;
    await jenkins.until(() => jenkins.asked.length > looked + 20);
    t.equal((await agentIn(one, 'idle')).id, agent.id);
    t.equal((await agentIn(two, 'idle')).id, other.id);
    t.equal((await containersOf('e2e-one')).length, 1);
    t.equal((await containersOf('e2e-two')).length, 1);
    await two.stop();
    t.equal((await containersOf('e2e-two')).length, 1, 'agents outlive a service that stops');
  },
);

t.test('an image that is not there is told before a build waits for it', needed(), async (t) => {
  const jenkins = await startDockerJenkins(t);
  const service = await startDockerAgents(t, jenkins, {
    service: 'e2e-image',
    others: "jammy: { image: 'gitbuilder-test/absent:1', pull: never, labels: [jammy] }",
  });
  const ill = await service.until(async () => {
    const text = await service.text('health/');
    // Before Jenkins is read, health tells of that.
    return text.includes('gitbuilder-test/absent') && text;
  });
  t.match(ill, /image gitbuilder-test\/absent:1 on host here: .*no such image/i);
  t.same(await service.agents(), []);
  const { templates } = JSON.parse(await service.text('api/v1/templates')) as {
    templates: unknown;
  };
  t.match(templates, [{ image_digests: { here: /^sha256:/ } }, { image_digests: {} }]);
});

t.test('on a Swarm, an agent is a task with secrets; nothing of it stays', needed(), async (t) => {
  const name = 'e2e-swarm';
  const jenkins = await startDockerJenkins(t);
  const service = await startDockerAgents(t, jenkins, { service: name, host: 'kind: swarm' });
  jenkins.enqueue({ name: 'hello', label: 'noble', body: { kind: 'hold' } });
  const busy = await agentIn(service, 'draining');
  const task = docker.getService(busy.container ?? '');
  t.match(await task.inspect(), {
    Spec: {
      Name: busy.node,
      Mode: { Replicated: { Replicas: 1 } },
      TaskTemplate: { ContainerSpec: { Secrets: [{}, {}, {}] } },
    },
  });
  const [container] = await containersOf(name);
  const seen = [
    await task.inspect(),
    await docker.listTasks({ filters: JSON.stringify({ service: [busy.container] }) }),
    await inSwarm(name),
    await inspectionsOf(container?.Id ?? ''),
    await service.text(`api/v1/agents/${busy.id}`),
    await service.text(`api/v1/agents/${busy.id}/logs`),
    service.log.lines,
  ];
  const secret = jenkins.secretOf(busy.node);
  for (const [at, what] of seen.entries()) t.notMatch(JSON.stringify(what), secret, `place ${at}`);
  const build = jenkins.lastBuild('hello');
  if (build === undefined) throw new Error('no build');
  jenkins.finish(build);
  await isGone(service, busy);
  t.equal(build.result, 'SUCCESS');
  t.notOk(jenkins.world.nodes.has(busy.node));
  t.same(await inSwarm(name), { services: [], secrets: [] });

  await demand(service, 'job/b/1/');
  const idle = await agentIn(service, 'idle');
  const [other] = await service.until(async () => {
    const running = (await containersOf(name)).filter(({ State }) => State === 'running');
    return running.length > 0 && running;
  });
  await docker.getContainer(other?.Id ?? '').kill();
  await isGone(service, idle);
  t.notOk(jenkins.world.nodes.has(idle.node), 'a task that dies takes its node with it');
});

t.test('what nobody knows in a Swarm goes, and what is not ours stays', needed(), async (t) => {
  const name = 'e2e-swarm-left';
  const jenkins = await startDockerJenkins(t);
  const open = (service: string) => {
    const address = { kind: 'socket', path: ENGINE.replace('unix://', '') } as const;
    const parts = { host: 'here', service, address, clock: systemClock, log: new RecordingLog() };
    const engine = new SwarmEngine(parts);
    t.teardown(() => engine.close());
    return engine;
  };
  const file = { path: '/opt/x/secret', content: 'x', mode: 0o400 };
  const make = async (service: string) => {
    const engine = open(service);
    const made = await engine.create(someContainer(service));
    const id = made.ok ? made.value : '';
    t.match(await engine.handOver(id, [file]), { ok: true });
    t.match(await engine.start(id), { ok: true });
    return id;
  };
  t.teardown(() => removeAll('e2e-stranger'));
  await make('e2e-stranger');
  await make(name);
  const broken = await make(name);
  await docker.getService(broken).remove();
  t.match(
    await inSwarm(name),
    { services: [{}], secrets: [{}, {}] },
    'a secret without its task too',
  );
  const service = await startDockerAgents(t, jenkins, { service: name, host: 'kind: swarm' });
  await service.until(async () => {
    const { services, secrets } = await inSwarm(name);
    return services.length + secrets.length === 0;
  });
  t.match(await inSwarm('e2e-stranger'), { services: [{}], secrets: [{}] });
  t.equal(await service.text('health/'), '');
});

t.test('caches are pruned when no agent has them, and nothing else is', needed(), async (t) => {
  const jenkins = await startDockerJenkins(t);
  const service = await startDockerAgents(t, jenkins, {
    service: 'e2e-cache',
    template:
      'uses: unlimited, caches: { ccache: /cache }, provision: { script: "date >/cache/f" }',
    host: 'cacheBytes: 1',
  });
  const strange = 'gitbuilder-e2e-cache-strange';
  await docker.createVolume({ Name: strange });
  t.teardown(() => docker.getVolume(strange).remove());
  // Right after its start: the order waits until the host has said how much it can take.
  const ordered = await service.post('api/v1/agents', { template: 'noble' });
  t.match(await ordered.json(), { made: [{}], refused: [] });
  const agent = await agentIn(service, 'idle');
  const caches = async () => JSON.parse(await service.text('api/v1/caches')) as unknown;
  const prune = async () => (await service.post('api/v1/caches/prune', {})).json();
  const ccache = { host: 'here', name: 'ccache', volume: 'gitbuilder-e2e-cache-ccache' };
  t.match(await caches(), { caches: [{ ...ccache, in_use: true }], silent: [] });
  t.same(await prune(), { pruned: [] }, 'an agent has it');
  await service.post(`api/v1/agents/${agent.id}/drain`, {});
  await isGone(service, agent);
  t.match(await caches(), { caches: [{ ...ccache, in_use: false, bytes: 29 }] });
  t.match(await prune(), { pruned: [{ host: 'here', name: 'ccache', left: null }] });
  t.same(await caches(), { caches: [], silent: [] });
  t.match(await docker.getVolume(strange).inspect(), { Name: strange }, 'not ours');
});
