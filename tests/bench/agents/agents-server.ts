import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { basicAuthorization } from '../../../services/platform/auth.ts';
import { hashKey, makeKey } from '../../../services/platform/keys.ts';
import { JAVA_SCRIPT } from '../../fakes/jenkins/agent-jar.ts';
import { tokenOf } from '../../fakes/jenkins/users.ts';
import { BUSYBOX_IMAGE, ENGINE } from '../../fixtures/docker-engine.ts';
import { runService } from '../server.ts';
import type { RunningService } from '../server.ts';
import { USER } from './controller.ts';

const PATIENCE_MILLISECONDS = 120_000;
const LOOK_MILLISECONDS = 50;

/** How an agent service is set up; what is not said is as an operator has it who says nothing. */
export interface AgentsSettings {
  readonly service: string;
  readonly controllerUrl: string;
  /** Address of this machine that containers reach. */
  readonly host: string;
  /** More lines of the template `noble`. */
  readonly template?: readonly string[];
  /** More lines of the configuration, below `agents:`. */
  readonly agents?: readonly string[];
  readonly nodeOptions?: readonly string[];
}

/** As the service tells of an agent. */
export interface ToldAgent {
  readonly id: string;
  readonly node: string;
  readonly state: string;
  readonly container: string | null;
}

/** An agent service in a process of its own, and what operators and steps ask of it. */
export interface AgentsServer extends RunningService {
  /** Posts a demand for an agent and answers its id. */
  demand(build: string): Promise<string>;
  /** Makes so many agents, though no build waits. */
  order(count: number): Promise<void>;
  endDemand(id: string): Promise<void>;
  agents(): Promise<readonly ToldAgent[]>;
  /** Resolves with the agents as soon as they are as wanted. */
  until(isSo: (agents: readonly ToldAgent[]) => boolean): Promise<readonly ToldAgent[]>;
  /** Deletes every agent, whatever it does, and waits until nothing of them is left. */
  removeAll(): Promise<void>;
}

/** Starts an agent service whose one template runs the stand-in agent in a busybox. */
export async function startAgentsServer(
  folder: string,
  settings: AgentsSettings,
): Promise<AgentsServer> {
  const key = makeKey();
  writeSettings(folder, settings, key);
  const { host, nodeOptions = [] } = settings;
  const server = await runService('agents', { folder, nodeOptions, host });
  const headers = {
    authorization: basicAuthorization('bench', key),
    'content-type': 'application/json',
  };
  const ask = async (method: string, path: string, body?: object): Promise<string> => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${server.url}api/v1/${path}`, { method, headers, ...sent });
    const text = await answer.text();
    // An agent may have gone by itself.
    if (answer.ok || (method === 'DELETE' && answer.status === 404)) return text;
    throw new Error(`${method} ${path} was answered ${answer.status}: ${text}`);
  };
  const agents = async () =>
    (JSON.parse(await ask('GET', 'agents')) as { agents: ToldAgent[] }).agents;
  const until: AgentsServer['until'] = async (isSo) => {
    for (const end = Date.now() + PATIENCE_MILLISECONDS; ; await wait(LOOK_MILLISECONDS)) {
      const now = await agents();
      if (isSo(now)) return now;
      const states = now.map(({ state }) => state).join(', ');
      if (Date.now() > end) throw new Error(`the agents never came to that: ${states}`);
    }
  };
  return {
    ...server,
    demand: async (build) => {
      const order = { label: 'noble', build_url: build, block: '1' };
      return (JSON.parse(await ask('POST', 'demands', order)) as { id: string }).id;
    },
    order: async (count) => {
      const answer = await ask('POST', 'agents', { template: 'noble', count });
      const { made, refused } = JSON.parse(answer) as { made: unknown[]; refused: string[] };
      if (made.length < count) throw new Error(refused.join());
    },
    endDemand: async (id) => void (await ask('DELETE', `demands/${id}`)),
    ...{ agents, until },
    async removeAll() {
      const there = await agents();
      await Promise.all(there.map(({ id }) => ask('DELETE', `agents/${id}?force=1`)));
      await until((now) => now.length === 0);
    },
  };
}

/** The text of the templates of such a service. */
export function templateText(more: readonly string[] = []): string {
  const java = JSON.stringify(readFileSync(JAVA_SCRIPT, 'utf8'));
  return `noble:
  image: ${BUSYBOX_IMAGE}
  labels: [noble, x86_64]
  stopSeconds: 0
  java: /opt/java
  remoteFs: /tmp/agent
  provision: { files: [{ path: /opt/java, mode: "0755", content: ${java} }] }
${more.map((line) => `  ${line}\n`).join('')}`;
}

function writeSettings(folder: string, settings: AgentsSettings, key: string): void {
  mkdirSync(join(folder, 'templates'), { recursive: true });
  writeFileSync(join(folder, 'templates', 'noble.yaml'), templateText(settings.template));
  writeFileSync(join(folder, 'token'), tokenOf(USER));
  const lines = [
    `users: [{ name: bench, keyHash: '${hashKey(key)}', scopes: [operate, agent] }]`,
    'logLevel: warn',
    'agents:',
    `  service: ${settings.service}`,
    `  jenkins: { url: "${settings.controllerUrl}", user: ${USER}, tokenFile: token }`,
    `  engines: [{ name: here, url: "${ENGINE}" }]`,
    ...(settings.agents ?? []).map((line) => `  ${line}`),
  ];
  writeFileSync(join(folder, 'config.yaml'), `${lines.join('\n')}\n`);
}
