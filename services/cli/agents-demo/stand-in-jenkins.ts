import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { basicAuthorization } from '../../platform/auth.ts';
import { checkoutFolder } from '../checkout-folder.ts';

const USER = 'operator';
const PROGRAM = 'tests/fakes/jenkins/process.ts';

/** A job of the stand-in: freestyle with a label, or a Pipeline of blocks; each runs its script on an agent. */
export interface StandInJob {
  readonly name: string;
  readonly label?: string;
  readonly body?: StandInScript;
  readonly blocks?: readonly { readonly label: string; readonly body: StandInScript }[];
}

/** A build of the controller whose program runs here; its blocks wait in the queue like any other's. */
export interface OpenBuild {
  /** A `node` begins to wait; resolves with the name of the node that it got. */
  enter(id: string, label: string): Promise<string>;
  leave(id: string): void;
  end(result: string): void;
}

interface StandInScript {
  readonly kind: 'script';
  readonly text: string;
}

const buildAnswer = z.object({ building: z.boolean(), result: z.string().nullable() });
const enteredLine = z.object({ id: z.string(), node: z.string() });
const nodesAnswer = z.object({ computer: z.array(z.object({ displayName: z.string() })) });

/** The controller of the demo, a process of its own: no Jenkins, but it answers as a recorded one did. */
export class StandInJenkins {
  static readonly user = USER;
  /** Ends in a slash. */
  readonly url: string;
  readonly tokenFile: string;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #authorization: string;
  readonly #entered = new Map<string, (node: string) => void>();

  private constructor(
    process: ChildProcessByStdio<Writable, Readable, Readable>,
    lines: Interface,
    url: string,
    tokenFile: string,
    token: string,
  ) {
    this.#process = process;
    process.stdin.on('error', () => undefined);
    lines.on('line', (line) => {
      const { id, node } = enteredLine.parse(JSON.parse(line));
      this.#entered.get(id)?.(node);
    });
    this.url = url;
    this.tokenFile = tokenFile;
    this.#authorization = basicAuthorization(USER, token);
  }

  /** Starts it on an address of this machine that containers reach. */
  static async start(
    folder: string,
    host: string,
    runs: 'jar' | 'script',
    jobs: readonly StandInJob[],
  ): Promise<StandInJenkins> {
    const [jobsFile, tokenFile] = [join(folder, 'jobs.json'), join(folder, 'jenkins.token')];
    await writeFile(jobsFile, JSON.stringify(jobs, null, 2));
    const options = ['--host', host, '--jobs', jobsFile, '--token-file', tokenFile, '--until-eof'];
    const agent = ['--agent', runs === 'jar' ? 'java' : 'script', '--agent-pause', '500'];
    const child = spawn(process.execPath, ['--import=tsx', PROGRAM, ...options, ...agent], {
      cwd: checkoutFolder(),
      // Ctrl-C is for the demo: agents are taken down in good order while their controller is there.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let complaints = '';
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    const lines = createInterface({ input: child.stdout });
    const ready = new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      child.once('close', () => reject(new Error(`the controller did not start:\n${complaints}`)));
      child.once('error', reject);
    });
    const url = /^jenkins ready (\S+)$/.exec(await ready)?.[1] ?? '';
    const token = (await readFile(tokenFile, 'utf8')).trim();
    return new StandInJenkins(child, lines, url, tokenFile, token);
  }

  /** The address of a build that may still come. */
  buildUrl(job: string, number: number): string {
    return `${this.url}job/${job}/${number}/`;
  }

  /** As somebody at the job's page would. */
  async startBuild(job: string): Promise<void> {
    await this.#ask('POST', `job/${job}/build?delay=0sec`);
  }

  /** How a build ended; null while it has not. */
  async result(job: string, number: number): Promise<string | null> {
    const answer = await this.#ask('GET', `job/${job}/${number}/api/json`);
    const { building, result } = buildAnswer.parse(await answer.json());
    return building ? null : result;
  }

  async log(job: string, number: number): Promise<string> {
    return (await this.#ask('GET', `job/${job}/${number}/consoleText`)).text();
  }

  /** Names of its nodes, the built-in one apart. */
  async nodes(): Promise<readonly string[]> {
    const answer = await this.#ask('GET', 'computer/api/json');
    const names = nodesAnswer.parse(await answer.json()).computer;
    return names.map(({ displayName }) => displayName).filter((name) => name !== 'Built-In Node');
  }

  /** Starts the first build of a Pipeline whose program runs here. */
  openBuild(job: string): OpenBuild {
    const order = (what: object): void => {
      this.#process.stdin.write(`${JSON.stringify(what)}\n`);
    };
    order({ do: 'open', job });
    return {
      enter: (id, label) => {
        const entered = new Promise<string>((resolve) => this.#entered.set(id, resolve));
        order({ do: 'enter', id, label });
        return entered;
      },
      leave: (id) => order({ do: 'leave', id }),
      end: (result) => order({ do: 'end', result }),
    };
  }

  /** A file for `curl -K` that starts one more build, so that no key stands in a command line. */
  async curlFile(folder: string, job: string): Promise<string> {
    const file = join(folder, `start-${job}.curl`);
    const lines = [
      `url = "${this.url}job/${job}/build?delay=0sec"`,
      ...['request = POST', 'silent', 'show-error', 'fail'],
      `header = "Authorization: ${this.#authorization}"`,
    ];
    await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    return file;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const closed = once(this.#process, 'close');
    this.#process.kill('SIGTERM');
    await closed;
  }

  async #ask(method: string, path: string): Promise<Response> {
    const headers = { authorization: this.#authorization };
    const answer = await fetch(`${this.url}${path}`, { method, headers });
    if (!answer.ok) throw new Error(`${method} ${this.url}${path} answered ${answer.status}`);
    return answer;
  }
}
