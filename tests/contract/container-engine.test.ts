import Docker from 'dockerode';
import { buffer } from 'node:stream/consumers';
import t from 'tap';
import { z } from 'zod';
import { pack } from 'tar-stream';
import type { ContainerEngine } from '../../node-agent/ports.ts';
import { labelName } from '../../node-agent/rules/container.ts';
import { DockerEngine, type EngineParts } from '../../node-agent/docker/docker-engine.ts';
import { jsonStream } from '../../node-agent/docker/json-stream.ts';
import { logLines } from '../../node-agent/docker/log-lines.ts';
import { SwarmEngine } from '../../node-agent/docker/swarm-engine.ts';
import { systemClock } from '../../services/adapters/system-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { ENGINE, needsEngine } from '../fixtures/docker-engine.ts';
import { running, someContainer } from '../fixtures/some-container.ts';
import { tlsEngine } from '../fixtures/tls-engine.ts';
import { containerEngineContract, got } from './container-engine-contract.ts';

// A busy machine takes a second per container.
t.setTimeout(240_000);

const socketPath = ENGINE.replace('unix://', '');
const docker = new Docker({ socketPath });

const parts = (service: string): EngineParts => ({
  host: 'here',
  service,
  address: { kind: 'socket', path: socketPath },
  clock: systemClock,
  log: new RecordingLog(),
});

const open = (service: string) => new DockerEngine(parts(service));

const BOTH = { stdout: true, stderr: true } as const;

async function saidIn(logs: NodeJS.ReadableStream, word: string): Promise<readonly string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of logs) {
    chunks.push(Buffer.from(chunk));
    const lines = logLines(Buffer.concat(chunks), 100);
    if (lines.includes(word)) return lines;
  }
  throw new Error(`it ended without a word of ${word}: ${Buffer.concat(chunks).toString()}`);
}

/** All that can be read of a container from outside. */
async function inspectionsOf(container: Docker.Container): Promise<string> {
  const processes: unknown = await container.top({ ps_args: 'auxewww' });
  const logs = (await container.logs({ stdout: true, stderr: true })).toString();
  return JSON.stringify([await container.inspect(), processes, logs]);
}

containerEngineContract({
  name: 'docker',
  open,
  inspections: (id) => inspectionsOf(docker.getContainer(id)),
  kill: async (id) => {
    await docker.getContainer(id).kill();
  },
  said: async (id, word) =>
    saidIn(await docker.getContainer(id).logs({ ...BOTH, follow: true }), word),
  cleared: () => Promise.resolve(),
  isSwarm: false,
});

/** Tells of an event of a Swarm service's container, also of one that has happened already. */
async function firstEvent(event: string, service: string): Promise<string> {
  const since = Math.floor(Date.now() / 1000) - 600;
  const label = [`com.docker.swarm.service.id=${service}`];
  const filters = { type: ['container' as const], event: [event], label };
  for await (const told of jsonStream(await docker.getEvents({ since, filters })))
    return z.object({ id: z.string() }).parse(told).id;
  throw new Error('the engine closed its stream of events');
}

/** The container of a service's task, once it runs. */
async function containerOf(service: string): Promise<Docker.Container> {
  return docker.getContainer(await firstEvent('start', service));
}

containerEngineContract({
  name: 'swarm',
  open: (service) => new SwarmEngine(parts(service)),
  inspections: async (id) => {
    const service: unknown = await docker.getService(id).inspect();
    const tasks: unknown = await docker.listTasks({ filters: JSON.stringify({ service: [id] }) });
    const secrets: unknown = await docker.listSecrets();
    const container = await containerOf(id);
    return JSON.stringify([service, tasks, secrets, await inspectionsOf(container)]);
  },
  kill: async (id) => {
    await (await containerOf(id)).kill();
  },
  said: async (id, word) => {
    const logs: unknown = await docker.getService(id).logs({ ...BOTH, follow: true });
    // Its types know it as one of whole answers only.
    return saidIn(logs as NodeJS.ReadableStream, word);
  },
  cleared: async (ids) => {
    await Promise.all(ids.map((id) => firstEvent('destroy', id)));
  },
  isSwarm: true,
});

t.test('an engine over TCP proves who it is, and so do we', needsEngine(), async (t) => {
  const address = await tlsEngine(t, socketPath);
  const other = await tlsEngine(t, socketPath);
  const over = (differs: Partial<typeof address>) => {
    const engine = new DockerEngine({ ...parts('tls'), address: { ...address, ...differs } });
    t.teardown(() => engine.close());
    return engine;
  };
  const engine = over({});
  t.ok((await engine.facts()).ok);
  const id = await got(engine.create(someContainer('tls')));
  await got(engine.handOver(id, [{ path: '/opt/x/secret', content: 'x', mode: 0o400 }]));
  await got(engine.remove(id, 0));
  const { cert, key, ca } = other;
  t.match(await over({ cert, key }).list(), { failure: { kind: 'unreachable' } }, 'a stranger');
  t.match(await over({ ca }).list(), { failure: { kind: 'unreachable', reason: /certificate/ } });
});

t.test('a secret that a crash left in a Swarm is found and removed', needsEngine(), async (t) => {
  const engine: ContainerEngine = new SwarmEngine(parts('left-secrets'));
  t.teardown(() => engine.close());
  const secrets = async () => {
    const label = [`${labelName('service')}=left-secrets`];
    const list: unknown = await docker.listSecrets({ filters: JSON.stringify({ label }) });
    return (list as unknown[]).length;
  };
  const [file] = [{ path: '/opt/x/secret', content: 'x', mode: 0o400 }];
  const spec = someContainer('left-secrets');
  const whole = await got(engine.create(spec));
  await got(engine.handOver(whole, [file]));
  await got(engine.remove(whole, 0));
  t.equal(await secrets(), 0, 'goes with its service');
  const broken = await got(engine.create(spec));
  await got(engine.handOver(broken, [file]));
  await docker.getService(broken).remove();
  const [left] = await got(engine.list());
  t.match(left, { state: 'ended', identity: spec.identity, reason: /secret/ });
  await got(engine.remove(left?.id ?? '', 0));
  t.equal(await secrets(), 0);
  const named = await got(engine.create(someContainer('left-secrets', { user: 'jenkins' })));
  t.match(await engine.handOver(named, [file]), { failure: { reason: /must be a number/ } });
  await got(engine.remove(named, 0));
  const privileged = someContainer('left-secrets', { privileges: ['privileged'] });
  t.match(await engine.create(privileged), { failure: { kind: 'refused', reason: /privileged/ } });
});

t.test(
  'files belong to the user that an image names, and what it declares as volumes goes with it',
  needsEngine(),
  async (t) => {
    const archive = pack();
    archive.entry({ name: 'etc/passwd' }, 'root:x:0:0::/:/bin/sh\nbuilder:x:4321:55::/:/bin/sh\n');
    archive.finalize();
    const image = 'gitbuilder-test/with-user';
    const base = await docker.createContainer({ Image: 'gitbuilder-test/busybox', Cmd: ['true'] });
    await base.putArchive(await buffer(archive), { path: '/' });
    await base.commit({ repo: image, changes: ['USER builder', 'VOLUME /data'] });
    await base.remove();
    t.teardown(() => docker.getImage(image).remove());
    const engine = open('with-user');
    t.teardown(() => engine.close());
    const spec = someContainer('with-user', { image, command: running('sleep 600') });
    const id = await got(engine.create(spec));
    t.teardown(() => engine.remove(id, 0));
    await got(engine.handOver(id, [{ path: '/opt/x/secret', content: 'x', mode: 0o400 }]));
    await got(engine.start(id));
    const exec = await docker.getContainer(id).exec({
      Cmd: ['stat', '-c', '%u %g %a', '/opt/x/secret', '/opt/x'],
      AttachStdout: true,
    });
    const said = await buffer(await exec.start({}));
    t.match(said.toString(), /4321 55 400[^]*4321 55 755/);
    const [mount] = (await docker.getContainer(id).inspect()).Mounts;
    t.equal(mount?.Destination, '/data');
    await got(engine.remove(id, 0));
    await t.rejects(docker.getVolume(mount?.Name ?? '').inspect(), { message: /no such volume/ });
  },
);
