import Docker from 'dockerode';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { labelName } from '../../../node-agent/rules/container.ts';
import type { JobDefinition } from '../../fakes/jenkins/define-job.ts';
import { ENGINE } from '../../fixtures/docker-engine.ts';
import { diskFolder } from '../disk-folder.ts';
import { startAgentsServer } from './agents-server.ts';
import type { AgentsServer, AgentsSettings } from './agents-server.ts';
import { BareContainers } from './bare-containers.ts';
import { startController } from './controller.ts';
import type { Controller } from './controller.ts';
import { EngineEvents } from './engine-events.ts';
import { inTurns } from './in-turns.ts';

/** Agents that a service makes at once on one host where nothing else is said (`agents.parallelPerHost`). */
export const AT_ONCE = 8;

/** Everything that one row needs: engine, controller and agent service, each in processes of their own. */
export interface AgentsSite {
  readonly docker: Docker;
  readonly controller: Controller;
  /** What the engine says of the service's containers. */
  readonly events: EngineEvents;
  readonly bare: BareContainers;
  /** Address of this machine in the network of containers. */
  readonly host: string;
  serve(settings?: Pick<AgentsSettings, 'template' | 'agents'>): Promise<AgentsServer>;
}

/** Sets up a site, does the work on it, and leaves nothing of it. */
export async function onSite<T>(
  service: string,
  jobs: readonly JobDefinition[],
  work: (site: AgentsSite) => Promise<T>,
): Promise<T> {
  const docker = new Docker({ socketPath: ENGINE.replace('unix://', '') });
  const folder = diskFolder();
  const endings: (() => unknown)[] = [() => folder.remove()];
  const own = `${labelName('service')}=${service}`;
  try {
    await removeContainers(docker, own);
    endings.push(() => removeContainers(docker, own));
    const network = await docker.getNetwork('bridge').inspect();
    const host = network.IPAM?.Config?.[0]?.['Gateway'] ?? '';
    const [jenkins, agents] = ['jenkins', 'agents'].map((name) => join(folder.path, name));
    if (jenkins === undefined || agents === undefined) throw new TypeError('two names are given');
    mkdirSync(jenkins);
    const controller = await startController(jenkins, host, jobs);
    endings.push(() => controller.stop());
    const events = await EngineEvents.open(docker, own);
    endings.push(() => events.close());
    const bare = await BareContainers.open(docker);
    endings.push(() => bare.close());
    return await work({
      ...{ docker, controller, events, bare, host },
      async serve(settings = {}) {
        const controllerUrl = controller.url;
        const server = await startAgentsServer(agents, {
          ...{ service, controllerUrl, host },
          ...settings,
        });
        endings.push(() => server.kill());
        return server;
      },
    });
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

async function removeContainers(docker: Docker, label: string): Promise<void> {
  const left = await docker.listContainers({ all: true, filters: { label: [label] } });
  await inTurns(left.length, AT_ONCE, () => {
    const container = docker.getContainer(left.pop()?.Id ?? '');
    return container.remove({ force: true, v: true });
  });
}
