import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { startAgents } from '../../../node-agent/main.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { AgentDetailJson } from '../../api/agent-schemas.ts';
import { parseConfiguration } from '../../platform/configuration.ts';
import { makeLogger } from '../../platform/logging.ts';
import { checkoutFolder } from '../checkout-folder.ts';
import type { DemoServices } from '../demo/demo-services.ts';
import { NodeClient } from '../keep/node-client.ts';
import { ownVersion } from '../version.ts';
import type { AgentImage } from './agent-image.ts';
import type { FoundEngine } from './find-engine.ts';
import { StandInJenkins } from './stand-in-jenkins.ts';

/** The node that every agent service keeps in its controller. */
export const ANCHOR = 'demo-anchor';
const JAVA_SCRIPT = 'tests/fakes/jenkins/agent/java';
const JAVA = '/opt/gitbuilder-demo/java';

/** The agent service of the demo. */
export interface DemoAgents {
  readonly url: string;
  /** What `gitbuilder serve agents --config` would read. */
  readonly configuration: string;
  /** As `onAgent` does, before its build waits. */
  demand(label: string, buildUrl: string): Promise<void>;
  detail(agent: string): Promise<z.infer<typeof AgentDetailJson>>;
  stop(): Promise<void>;
}

/** Starts it on the gateway of the engine's network, as `gitbuilder serve` would from the same file. */
export async function startDemoAgents(
  folder: string,
  { engine, gateway }: FoundEngine,
  jenkins: StandInJenkins,
  { users, authorization }: DemoServices,
  templates: Readonly<Record<string, object>>,
  allow: readonly string[] = [],
): Promise<DemoAgents> {
  // JSON is YAML too.
  await writeFile(join(folder, 'templates.yaml'), JSON.stringify(templates, null, 2));
  const settings = {
    data: './data',
    agents: {
      listen: `${gateway}:0`,
      service: engine.service,
      jenkins: { url: jenkins.url, user: StandInJenkins.user, tokenFile: jenkins.tokenFile },
      engines: [{ name: 'docker', url: engine.url, allow }],
      templates: './templates.yaml',
      anchor: ANCHOR,
      reconcileSeconds: 2,
    },
  };
  const file = join(folder, 'gitbuilder.yaml');
  const text = JSON.stringify(settings, null, 2);
  await writeFile(file, text);
  const running = await startAgents({
    configuration: parseConfiguration(text, file),
    users,
    clock: systemClock,
    log: makeLogger('error'),
    version: ownVersion(),
  });
  const client = new NodeClient(running.url, authorization);
  return {
    url: running.url,
    configuration: file,
    async demand(label, buildUrl) {
      const body = { label, build_url: buildUrl, block: '1' };
      await client.send('POST', 'api/v1/demands', body);
    },
    detail: (agent) => client.ask('GET', `api/v1/agents/${agent}`, AgentDetailJson),
    stop: () => running.stop(),
  };
}

/** A template of agents that are used once, from an image. */
export async function agentTemplate(
  { name: image, runs }: AgentImage,
  labels: readonly string[],
): Promise<object> {
  const usual = { image, pull: 'never', labels, stopSeconds: 0, connectSeconds: 60 };
  const standIn = { ...usual, noReconnectAfterSeconds: 60 };
  if (runs === 'jar') return standIn;
  const content = await readFile(join(checkoutFolder(), JAVA_SCRIPT), 'utf8');
  const files = [{ path: JAVA, mode: '0755', content }];
  return { ...standIn, remoteFs: '/tmp/agent', java: JAVA, provision: { files } };
}
