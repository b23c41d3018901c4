import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { DockerEngine, type EngineParts } from '../../node-agent/docker/docker-engine.ts';
import { registryLogins } from '../../node-agent/docker/registry-logins.ts';
import { SwarmEngine } from '../../node-agent/docker/swarm-engine.ts';
import { systemClock } from '../../services/adapters/system-clock.ts';
import { JAVA_SCRIPT } from '../fakes/jenkins/agent-jar.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { containersOf, docker, inSwarm, removeAll } from '../fixtures/docker-agents.ts';
import { startDockerAgents, startDockerJenkins } from '../fixtures/docker-agents.ts';
import { ENGINE, needsEngine } from '../fixtures/docker-engine.ts';
import { heldRegistry } from '../fixtures/held-registry.ts';
import { needsRegistry, PULLER, startRegistry } from '../fixtures/image-registry.ts';
import { someContainer } from '../fixtures/some-container.ts';
import { shortFolder } from '../fixtures/test-folder.ts';
import { needs } from '../fixtures/tool.ts';

t.setTimeout(240_000);

/* Images that have to be pulled, from a real registry. */

const needed = () => {
  const engine = needsEngine();
  if (engine.skip !== false) return engine;
  const registry = needsRegistry();
  return registry.skip === false ? needs(['javac', 'default-jdk-headless']) : registry;
};

function passwordFile(t: Test, password = PULLER.password): string {
  const path = join(shortFolder(t), 'password');
  writeFileSync(path, `${password}\n`);
  return path;
}

function parts(registry: string, file: string): EngineParts {
  const one = { host: registry, user: PULLER.user, passwordFile: file };
  return {
    ...{ host: 'here', service: 'e2e-pull-engine', clock: systemClock, log: new RecordingLog() },
    address: { kind: 'socket', path: ENGINE.replace('unix://', '') },
    logins: registryLogins([one]),
  };
}

t.test('an agent’s image is pulled from a private registry', needed(), async (t) => {
  const registry = await startRegistry(t);
  const pushed = await registry.push('agents/small:1');
  const held = await heldRegistry(t, registry.host);
  const image = pushed.replace(registry.host, held.host);
  t.teardown(() => docker.getImage(image).remove({ force: true }));
  const jenkins = await startDockerJenkins(t);
  const java = JSON.stringify(readFileSync(JAVA_SCRIPT, 'utf8'));
  const service = await startDockerAgents(t, jenkins, {
    service: 'e2e-pull',
    others: `small: { image: '${image}', labels: [small], java: /opt/java, stopSeconds: 0, remoteFs: /tmp/agent, provision: { files: [{ path: /opt/java, mode: "0755", content: ${java} }] } }`,
    // Else the image would be there before the agent.
    settings: `imageSeconds: 0\nregistries: [{ host: '${held.host}', user: ${PULLER.user}, passwordFile: '${passwordFile(t)}' }]`,
  });
  const ordered = await service.post('api/v1/agents', { template: 'small' });
  t.match(await ordered.json(), { made: [{}] });
  const pulling = await service.until(async () =>
    (await service.agents()).find(({ cause }) =>
      / is pulled: 0 of 1 layers, 0\.\d of 2\.0 MB$/.test(cause),
    ),
  );
  t.match(pulling, { state: 'creating', phases: { pulled: undefined } });
  held.letGo();
  const idle = await service.until(async () =>
    (await service.agents()).find(({ state }) => state === 'idle'),
  );
  t.match(idle.phases, { requested: /Z$/, pulled: /Z$/, created: /Z$/, connected: /Z$/ });
  const [container] = await containersOf('e2e-pull');
  t.equal(container?.Image, image);
  const stored = readdirSync(service.folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(service.folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'utf8'));
  const told = ['agents', `agents/${idle.id}`, `agents/${idle.id}/logs`, 'templates', 'hosts'];
  const seen = [
    ...(await Promise.all(told.map((path) => service.text(`api/v1/${path}`)))),
    ...stored,
    JSON.stringify(await docker.getContainer(container?.Id ?? '').inspect()),
    JSON.stringify(service.log.lines),
  ];
  const coded = Buffer.from(PULLER.password).toString('base64').slice(0, 20);
  for (const text of seen) {
    t.notMatch(text, PULLER.password);
    t.notMatch(text, coded);
  }
});

t.test('a pull that fails says why and what to do', needed(), async (t) => {
  const registry = await startRegistry(t);
  const image = await registry.push('agents/small:1');
  t.teardown(() => docker.getImage(image).remove({ force: true }));
  const failing = async (engine: DockerEngine, name: string) => {
    const order = { image: name, policy: 'always', timeoutMilliseconds: 30_000 } as const;
    const outcome = await engine.fetchImage(order);
    return outcome.ok ? 'pulled' : `${outcome.failure.kind}: ${outcome.failure.reason}`;
  };
  const file = passwordFile(t);
  const engine = new DockerEngine(parts(registry.host, file));
  const nobody = new DockerEngine(parts('elsewhere.example.org', file));
  t.teardown(() => [engine, nobody].forEach((one) => one.close()));
  t.equal(await failing(engine, image), 'pulled');
  t.match(
    await failing(nobody, image),
    new RegExp(`^pull-failed: .*; if it is private, name a user of ${registry.host} in agents`),
  );
  t.match(
    await failing(engine, `${registry.host}/agents/small:2`),
    /^no-image: .*manifest.*; check name and tag in the template/,
  );
  t.match(
    await failing(engine, `${registry.host}/agents/absent:1`),
    /^no-image: .*; check name and tag in the template/,
  );
  writeFileSync(file, 'another\n');
  t.match(
    await failing(engine, image),
    /^pull-failed: .*; check that puller \(agents\.registries\) may pull it/,
  );
  writeFileSync(file, '');
  t.match(await failing(engine, image), /^pull-failed: no password .*its first line is empty/);
  writeFileSync(file, `${PULLER.password}\n`);
  t.equal(await failing(engine, image), 'pulled', 'the password is read anew');
  await registry.stop();
  t.match(
    await failing(engine, image),
    new RegExp(`^pull-failed: .*refused; check that ${registry.host} runs`),
  );
});

t.test('the machines of a Swarm pull by themselves', needed(), async (t) => {
  const service = 'e2e-pull-engine';
  const registry = await startRegistry(t);
  const image = await registry.push('agents/small:1');
  t.teardown(() => docker.getImage(image).remove({ force: true }));
  const engine = new SwarmEngine(parts(registry.host, passwordFile(t)));
  t.teardown(() => engine.close());
  t.teardown(() => removeAll(service));
  const died = new Promise<string>((resolve) => {
    engine.watch({ died: (_, agent) => resolve(agent), missed: () => undefined });
  });
  const spec = someContainer(service, { image, user: '0:0', command: ['/bin/true'] });
  const made = await engine.create(spec);
  t.match(await engine.start(made.ok ? made.value : ''), { ok: true });
  t.equal(await died, spec.identity.agent, 'nobody has pulled it before its task');
  t.match(await docker.getImage(image).inspect(), { RepoDigests: [/agents\/small@sha256:/] });
  const [container] = await containersOf(service);
  const inspected = [
    await inSwarm(service),
    await docker.getContainer(container?.Id ?? '').inspect(),
  ];
  t.notMatch(JSON.stringify(inspected), PULLER.password);
});
