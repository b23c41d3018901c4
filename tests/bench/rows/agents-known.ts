import { setTimeout as wait } from 'node:timers/promises';
import { DockerEngine } from '../../../node-agent/docker/docker-engine.ts';
import { nodeDescription } from '../../../node-agent/rules/node-marker.ts';
import { readTemplates } from '../../../node-agent/templates/read-templates.ts';
import { systemClock } from '../../../services/adapters/system-clock.ts';
import { startAgent } from '../../fakes/jenkins/inbound-agent.ts';
import type { InboundAgent } from '../../fakes/jenkins/inbound-agent.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { ENGINE } from '../../fixtures/docker-engine.ts';
import { someContainer } from '../../fixtures/some-container.ts';
import { templateText } from '../agents/agents-server.ts';
import { AT_ONCE, onSite } from '../agents/agents-site.ts';
import type { AgentsSite } from '../agents/agents-site.ts';
import { told } from '../agents/controller.ts';
import { inTurns } from '../agents/in-turns.ts';
import type { Finding, Row } from '../row.ts';
import { count, duration, megabytes } from '../statistics.ts';

const SERVICE = 'bench-known';
const AGENTS = 500;
/** Items that wait because all of those agents are busy. */
const WAITING = 100;
const WINDOW_MILLISECONDS = 25_000;
const SETTLE_MILLISECONDS = 3000;
const CPU_SECONDS = 0.05;
const BYTES = 250e6;
const HELD = {
  ...({ name: 'bench', label: 'noble', body: { kind: 'hold' }, quietMilliseconds: 0 } as const),
  ...{ concurrent: true, parameters: { number: '0' } },
};

/** What it costs to look after many agents that nothing happens to. */
export const agentsKnown: Row = {
  name: 'agents-known',
  table: 'agents',
  needs: ['engine'],
  run: (bench) =>
    onSite(SERVICE, [HELD], async (site): Promise<Finding[]> => {
      const agents = bench.quick ? AGENTS / 10 : AGENTS;
      const template = ['uses: unlimited', `cap: ${agents}`];
      const leave = await connected(site, agents, template);
      try {
        bench.say(`  ${agents} agents are there`);
        // It knows nothing of them, and takes them for its own: by their labels and nodes.
        const server = await site.serve({ template });
        await server.until(
          (known) => known.length === agents && known.every(({ state }) => state === 'busy'),
        );
        await wait(SETTLE_MILLISECONDS);
        const [cpu, polls] = [server.cpuSeconds(), site.controller.polls()];
        await wait(bench.quick ? WINDOW_MILLISECONDS / 5 : WINDOW_MILLISECONDS);
        const looks = site.controller.polls() - polls;
        const each = (server.cpuSeconds() - cpu) / looks;
        const { now, peak } = server.memory();
        return [
          {
            what: `CPU of one poll, ${agents} known agents, all busy, and ${WAITING} items wait`,
            ours: `${duration(each)} (of ${count(looks)} polls, with all that goes on meanwhile)`,
            ...{ beside: '', ratio: '', target: `≤ ${duration(CPU_SECONDS)}` },
            reached: each <= CPU_SECONDS,
          },
          {
            what: 'memory (RSS) meanwhile',
            ours: `${megabytes(now)}, at most ${megabytes(peak)} since its start`,
            ...{ beside: '', ratio: '', target: `≤ ${megabytes(BYTES)}` },
            reached: peak <= BYTES,
          },
        ];
      } finally {
        leave();
      }
    }),
};

/**
 * Makes so many agents as a former run of the service would have left them: container, node, connection
 * and a build each. Their containers are made and not started, and who connects is in this process:
 * that many that run would be a bench of the machine.
 */
async function connected(
  site: AgentsSite,
  agents: number,
  settings: readonly string[],
): Promise<() => void> {
  const { api, url } = site.controller;
  const engine = new DockerEngine({
    ...{ host: 'here', service: SERVICE, clock: systemClock, log: new RecordingLog() },
    address: { kind: 'socket', path: ENGINE.replace('unix://', '') },
  });
  const hosts = [{ name: 'here', labels: [], allow: [] }];
  const files = [{ name: 'noble.yaml', text: templateText(settings) }];
  const [template] = readTemplates(files, hosts).templates;
  if (template === undefined) throw new TypeError('the template is one');
  const { name, digest: templateDigest, labels, remoteFs } = template;
  const processes: InboundAgent[] = [];
  await inTurns(agents, AT_ONCE, async () => {
    const sample = someContainer(SERVICE);
    const { agent, node } = sample.identity;
    const marker = { service: SERVICE, agent, template: name, host: 'here' };
    const description = nodeDescription(marker);
    await told(api.createNode({ name: node, description, labels, remoteFs }));
    const identity = { ...sample.identity, templateDigest, controller: url };
    await made(engine, { ...sample, identity });
    const secret = await told(api.agentSecret(node));
    processes.push(startAgent({ url, name: node, secret }));
  });
  engine.close();
  await inTurns(agents + WAITING, AT_ONCE, (number) =>
    told(api.startBuild(HELD.name, { number: String(number) })),
  );
  return () => processes.forEach((process) => process.kill());
}

async function made(engine: DockerEngine, spec: ReturnType<typeof someContainer>): Promise<void> {
  const outcome = await engine.create(spec);
  if (!outcome.ok) throw new Error(outcome.failure.reason);
}
