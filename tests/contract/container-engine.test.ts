import Docker from 'dockerode';
import { buffer } from 'node:stream/consumers';
import t from 'tap';
import { pack } from 'tar-stream';
import { DockerEngine } from '../../node-agent/docker/docker-engine.ts';
import { systemClock } from '../../services/adapters/system-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { ENGINE, needsEngine } from '../fixtures/docker-engine.ts';
import { running, someContainer } from '../fixtures/some-container.ts';
import { containerEngineContract, got } from './container-engine-contract.ts';

const socketPath = ENGINE.replace('unix://', '');
const docker = new Docker({ socketPath });

const open = (service: string) =>
  new DockerEngine({
    host: 'here',
    service,
    address: { kind: 'socket', path: socketPath },
    clock: systemClock,
    log: new RecordingLog(),
  });

containerEngineContract({
  name: 'docker',
  open,
  inspections: async (id) => {
    const container = docker.getContainer(id);
    const processes: unknown = await container.top({ ps_args: 'auxewww' });
    const logs = (await container.logs({ stdout: true, stderr: true })).toString();
    return JSON.stringify([await container.inspect(), processes, logs]);
  },
  kill: async (id) => {
    await docker.getContainer(id).kill();
  },
  isSwarm: false,
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
