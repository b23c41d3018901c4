import { spawn } from 'node:child_process';
import { accessSync, constants, openSync, closeSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a command is, as a shell would find it; null when it is not installed. */
export function findTool(command: string): string | null {
  const inPath = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const folders = command.includes('/') ? [''] : inPath;
  for (const folder of folders) {
    const path = join(folder, command);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

export interface ToolOptions {
  readonly cwd?: string;
  readonly input?: string;
  /** A file that takes what the tool prints; without it, the answer has it. */
  readonly output?: string;
  /** Niceness and the like are the caller's; this only adds to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a tool to its end and answers what it printed; throws with its complaint when it fails. */
export function runTool(
  command: string,
  args: readonly string[],
  { cwd, input, output, env }: ToolOptions = {},
): Promise<string> {
  const path = findTool(command);
  if (path === null) return Promise.reject(new Error(`${command} is not installed`));
  const file = output === undefined ? null : openSync(output, 'w');
  return new Promise<string>((resolve, reject) => {
    const child = spawn(path, args, {
      cwd,
      env: { ...process.env, LC_ALL: 'C', ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', file ?? 'pipe', 'pipe'],
    });
    const printed: Buffer[] = [];
    const complaint: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => printed.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => complaint.push(chunk));
    child.stdin?.end(input);
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (status === 0) return resolve(Buffer.concat(printed).toString());
      const said = Buffer.concat(complaint).toString().trim().slice(-2000);
      reject(new Error(`${command} ended with ${signal ?? `status ${status}`}: ${said}`));
    });
  }).finally(() => {
    if (file !== null) closeSync(file);
  });
}

/** Seconds that a piece of work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - started) / 1e9;
}
