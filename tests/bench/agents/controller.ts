import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { jenkinsApi } from '../../../node-agent/jenkins/jenkins-api.ts';
import type { FromJenkins, JenkinsApi } from '../../../node-agent/ports.ts';
import { systemClock } from '../../../services/adapters/system-clock.ts';
import { basicAuthorization } from '../../../services/platform/auth.ts';
import type { JobDefinition } from '../../fakes/jenkins/define-job.ts';
import { tokenOf } from '../../fakes/jenkins/users.ts';

const PROCESS = fileURLToPath(new URL('../../fakes/jenkins/process.ts', import.meta.url));

export const USER = 'operator';

/** The stand-in controller in a process of its own, with the times of a recorded Jenkins. */
export interface Controller {
  readonly url: string;
  /** It as people use it. */
  readonly api: JenkinsApi;
  hasNode(name: string): Promise<boolean>;
  /** How often its queue was read: once with each poll of a service. */
  polls(): number;
  stop(): Promise<void>;
}

/** Starts it on an address of this machine. */
export async function startController(
  folder: string,
  host: string,
  jobs: readonly JobDefinition[],
): Promise<Controller> {
  const asked = join(folder, 'asked');
  writeFileSync(join(folder, 'jobs.json'), JSON.stringify(jobs));
  writeFileSync(asked, '');
  const args = ['--host', host, '--jobs', join(folder, 'jobs.json'), '--asked', asked];
  const child = spawn(
    process.execPath,
    ['--import=tsx', PROCESS, ...args, '--agent', 'script', '--agent-pause', '300'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), exited])) as [unknown];
  const url = /^jenkins ready (\S+)$/.exec(String(line))?.[1];
  if (url === undefined) throw new Error('the stand-in controller did not start');
  const ending = new AbortController();
  const access = { url, user: USER, token: tokenOf(USER), clock: systemClock };
  const authorization = basicAuthorization(USER, tokenOf(USER));
  return {
    url,
    api: jenkinsApi({ ...access, signal: ending.signal }),
    async hasNode(name) {
      const path = `computer/${encodeURIComponent(name)}/api/json?tree=displayName`;
      const answer = await fetch(url + path, { headers: { authorization } });
      await answer.arrayBuffer();
      if (answer.status !== 200 && answer.status !== 404) {
        throw new Error(`${path} was answered ${answer.status}`);
      }
      return answer.status === 200;
    },
    polls: () => readFileSync(asked, 'utf8').match(/^GET \/queue\/api/gm)?.length ?? 0,
    async stop() {
      ending.abort();
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** What it answered; throws where it refused. */
export async function told<T>(answer: FromJenkins<T>): Promise<T> {
  const outcome = await answer;
  if (outcome.ok) return outcome.value;
  throw new Error(outcome.failure.reason);
}
