import { randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { DockerEngine } from '../../../node-agent/docker/docker-engine.ts';
import type { FromEngine } from '../../../node-agent/ports.ts';
import { starterFiles } from '../../../node-agent/rules/starter.ts';
import { systemClock } from '../../../services/adapters/system-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { BUSYBOX_IMAGE, ENGINE } from '../../fixtures/docker-engine.ts';
import { running, someContainer } from '../../fixtures/some-container.ts';
import { interleaved } from '../pairs.ts';
import type { Finding, Row } from '../row.ts';
import { duration, median, spread } from '../statistics.ts';

const SERVICE = 'bench';
const WAITING = running('exec sleep 600');
const TOGETHER = 40;
const AT_ONCE = 8;
const FACTOR = 1.15;
const FACTOR_TOGETHER = 1.5;
const SECONDS = 0.1;

/** An agent's container made, given its files and started, beside the bare create and start of the same image. */
export const agentStart: Row = {
  name: 'agent-start',
  table: 'agents',
  needs: [],
  async run(bench): Promise<Finding[]> {
    if (ENGINE === '') {
      bench.say('left out: export GITBUILDER_DOCKER=$(.ci/engine start /tmp/engine)');
      return [];
    }
    const docker = new Docker({ socketPath: ENGINE.replace('unix://', '') });
    const engine = new DockerEngine({
      ...{ host: 'here', service: SERVICE, clock: systemClock, log: new RecordingLog() },
      address: { kind: 'socket', path: ENGINE.replace('unix://', '') },
    });
    const made: string[] = [];
    const bare = async () => {
      const container = await docker.createContainer({
        ...{ Image: BUSYBOX_IMAGE, Entrypoint: [...WAITING] },
        Labels: { 'io.gitbuilder.bench': randomUUID() },
      });
      made.push(container.id);
      await container.start();
    };
    const ours = async () => {
      const spec = someContainer(SERVICE, { command: WAITING });
      const id = await got(engine.create(spec));
      made.push(id);
      const order = { node: spec.identity.node, serviceUrl: 'http://127.0.0.1:9/' };
      const secrets = { setupToken: 'a'.repeat(64), secret: 'b'.repeat(64) };
      await got(engine.handOver(id, starterFiles({ ...order, ...secrets })));
      await got(engine.start(id));
    };
    const timed = (count: number, start: () => Promise<void>) => async () => {
      const seconds = await secondsOf(() => inTurns(count, start));
      const removals = made.splice(0).map((id) => docker.getContainer(id));
      await inTurns(
        removals.length,
        () => removals.pop()?.remove({ force: true }) ?? Promise.resolve(),
      );
      return seconds;
    };
    try {
      const one = await interleaved(bench, { ours: timed(1, ours), bare: timed(1, bare) });
      const many = bench.quick ? AT_ONCE : TOGETHER;
      const together = await interleaved(bench, {
        ours: timed(many, ours),
        bare: timed(many, bare),
      });
      return [
        finding('container of an agent: made, files handed over, started', one, FACTOR, SECONDS),
        finding(`${many} of them, ${AT_ONCE} at once`, together, FACTOR_TOGETHER, 0),
      ];
    } finally {
      engine.close();
    }
  },
};

function finding(
  what: string,
  { ours, bare }: Readonly<Record<'ours' | 'bare', number[]>>,
  factor: number,
  seconds: number,
): Finding {
  const more = seconds === 0 ? '' : ` + ${duration(seconds)}`;
  return {
    what,
    ours: spread(ours, duration),
    beside: `bare create + start: ${spread(bare, duration)}`,
    ratio: `${(median(ours) / median(bare)).toFixed(2)}×`,
    target: `≤ ${factor}×${more}`,
    reached: median(ours) <= median(bare) * factor + seconds,
  };
}

/** Runs it so many times, `AT_ONCE` side by side. */
async function inTurns(count: number, run: () => Promise<void>): Promise<void> {
  let left = count;
  const line = async () => {
    while (left > 0) {
      left -= 1;
      await run();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
}

async function secondsOf(run: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await run();
  return (performance.now() - begun) / 1000;
}

async function got<T>(outcome: FromEngine<T>): Promise<T> {
  const answered = await outcome;
  if (answered.ok) return answered.value;
  throw new Error(answered.failure.reason);
}
