import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeSigningKey } from '../../services/adapters/make-signing-key.ts';
import type { SigningKeyType } from '../../services/adapters/make-signing-key.ts';
import { hashKey, makeKey } from '../../services/platform/keys.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILT = join(ROOT, 'build', 'services', 'cli', 'gitbuilder.js');
const SOURCE = join(ROOT, 'services', 'cli', 'gitbuilder.ts');
const TICKS_PER_SECOND = 100;

export interface ServerOptions {
  /** Holds the data, the configuration and the log; may be the one of a former server. */
  readonly folder: string;
  readonly signing: SigningKeyType | null;
  readonly sha512?: boolean;
  readonly automatic?: boolean;
  /** Codenames whose packages stand in every apt repo of the project. */
  readonly combined?: readonly string[];
  /** More lines of the configuration, below `chacra:`. */
  readonly chacra?: readonly string[];
  /** Put in front of the command: taskset, strace. */
  readonly prefix?: readonly string[];
  readonly nodeOptions?: readonly string[];
  /** Kills it, also before it is ready. */
  readonly signal?: AbortSignal;
}

/** A storage node in a process of its own, as an operator would start it. */
export interface Server {
  readonly url: string;
  /** `user:key` of a user who may upload. */
  readonly credentials: string;
  readonly data: string;
  readonly pid: number;
  /** Seconds of CPU that the process has used so far, all its threads. */
  cpuSeconds(): number;
  /** Resident bytes now, and the most there ever were. */
  memory(): { readonly now: number; readonly peak: number };
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a storage node on a free port of loopback and waits until it says that it is ready. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const credentials = await configure(options);
  return { ...(await runService('chacra', options)), credentials };
}

/** A service in a process of its own. */
export type RunningService = Omit<Server, 'credentials'>;

/** Starts a service on the configuration in its folder and waits until it says that it is ready. */
export async function runService(
  service: 'chacra' | 'shaman' | 'agents',
  options: Pick<ServerOptions, 'folder' | 'prefix' | 'nodeOptions' | 'signal'> & {
    /** Address to listen on; loopback when not said. */
    readonly host?: string;
  },
): Promise<RunningService> {
  const { folder, prefix = [], nodeOptions = [], host = '127.0.0.1' } = options;
  const data = join(folder, 'data');
  mkdirSync(data, { recursive: true });
  const entry = existsSync(BUILT) ? [BUILT] : ['--import', 'tsx', SOURCE];
  const args = ['serve', service, '--config', join(folder, 'config.yaml'), '--data', data];
  const [command = '', ...rest] = [...prefix, process.execPath, ...nodeOptions, ...entry];
  const log = openSync(join(folder, 'server.log'), 'a');
  const child = spawn(command, [...rest, ...args, `--${service}`, `${host}:0`], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', log],
  });
  closeSync(log);
  const exited = once(child, 'exit');
  options.signal?.addEventListener('abort', () => child.kill('SIGKILL'));
  const url = await readyUrl(child, service, join(folder, 'server.log'));
  const pid = child.pid ?? 0;
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  return {
    url,
    data,
    pid,
    cpuSeconds: () => cpuSeconds(pid),
    memory: () => memoryOf(pid),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

async function configure(options: ServerOptions): Promise<string> {
  const { folder, signing, sha512 = true, automatic = false, combined = [], chacra = [] } = options;
  const keyFile = join(folder, 'bench.key');
  if (!existsSync(keyFile)) writeFileSync(keyFile, makeKey(), { mode: 0o600 });
  const key = readFileSync(keyFile, 'utf8');
  const signingFile = join(folder, `signing-${signing}.asc`);
  if (signing !== null && !existsSync(signingFile)) {
    const { armoredKey } = await makeSigningKey({ type: signing, name: 'bench' });
    writeFileSync(signingFile, armoredKey, { mode: 0o600 });
  }
  const lines = [
    `users: [{ name: bench, keyHash: '${hashKey(key)}', scopes: [upload, admin] }]`,
    'logLevel: warn',
    'chacra:',
    `  sha512: ${sha512}`,
    '  reserveBytes: 1 MiB',
    `  projects: { bench: { automatic: ${automatic}, combined: [${combined.join(', ')}] } }`,
    ...chacra,
    ...(signing === null ? [] : [`  signing: { keyFile: ${JSON.stringify(signingFile)} }`]),
  ];
  writeFileSync(join(folder, 'config.yaml'), `${lines.join('\n')}\n`);
  return `bench:${key}`;
}

async function readyUrl(child: ChildProcess, service: string, log: string): Promise<string> {
  if (child.stdout === null) throw new TypeError('standard output is a pipe');
  const lines = createInterface({ input: child.stdout });
  const ready = new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const [, url] = new RegExp(`^${service} ready (\\S+)$`).exec(line) ?? [];
      if (url !== undefined) resolve(url);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const said = readFileSync(log, 'utf8').trim().slice(-2000);
      reject(new Error(`the server ended with ${signal ?? `status ${code}`}: ${said}`));
    });
  });
  return ready;
}

/** proc(5), /proc/[pid]/stat: utime and stime are the 14th and 15th field. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function memoryOf(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) * 1024;
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
}
