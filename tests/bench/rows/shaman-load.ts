import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { findTool, runTool } from '../run-tool.ts';
import type { Server } from '../server.ts';
import { pinned } from './shaman-server.ts';

const CONNECTIONS = 16;

/** What a server answered under load. */
export interface Answered {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p99: number;
  /** What it would answer if nobody took its core away meanwhile. */
  readonly perCpuSecond: number;
}

/** Which addresses are asked for, in turn. */
export interface Load {
  readonly paths: readonly string[];
  readonly seconds: number;
  /** A folder for what the load generator reads. */
  readonly folder: string;
  readonly isAuthorized?: boolean;
}

/** Asks over 16 connections without a pause; throws when an answer is an error. */
export async function answered(server: Server, load: Load): Promise<Answered> {
  const before = server.cpuSeconds();
  const found =
    findTool('wrk') === null ? await byAutocannon(server, load) : await byWrk(server, load);
  const cpu = server.cpuSeconds() - before;
  return { ...found, perCpuSecond: found.total / cpu };
}

interface Counted {
  readonly perSecond: number;
  readonly p99: number;
  readonly total: number;
}

/** wrk costs less CPU than what it measures. */
async function byWrk(
  server: Server,
  { paths, seconds, folder, isAuthorized }: Load,
): Promise<Counted> {
  const script = join(folder, 'load.lua');
  const header = authorization(server, isAuthorized);
  const lines = [
    ...Object.entries(header).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`),
    `local paths = { ${paths.map((path) => JSON.stringify(path)).join(', ')} }`,
    'local asked = {}',
    'local at = 0',
    'function init() for i, path in ipairs(paths) do asked[i] = wrk.format("GET", path) end end',
    'function request() at = at % #asked + 1 return asked[at] end',
  ];
  writeFileSync(script, `${lines.join('\n')}\n`, { mode: 0o600 });
  const [command = '', ...prefix] = [...pinned('clients'), 'wrk'];
  const options = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency', '-s', script];
  const said = await runTool(command, [...prefix, ...options, server.url]);
  if (/Non-2xx|Socket errors/.test(said)) throw new Error(`wrk met errors: ${said}`);
  const [, p99 = '', unit = ''] = /^ +99% +([\d.]+)(us|ms|s)$/m.exec(said) ?? [];
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(said)?.[1]),
    p99: Number(p99) * (unit === 's' ? 1000 : unit === 'ms' ? 1 : 0.001),
    total: Number(/(\d+) requests in/.exec(said)?.[1]),
  };
}

async function byAutocannon(
  server: Server,
  { paths, seconds, isAuthorized }: Load,
): Promise<Counted> {
  const { requests, latency, errors, non2xx, ...rest } = await autocannon({
    url: server.url,
    connections: CONNECTIONS,
    duration: seconds,
    headers: authorization(server, isAuthorized),
    requests: paths.map((path) => ({ path })),
  });
  const failed = errors + non2xx - rest['3xx'];
  if (failed > 0) throw new Error(`autocannon met ${failed} errors`);
  return { perSecond: requests.average, p99: latency.p99, total: requests.total };
}

function authorization({ credentials }: Server, isAuthorized = false): Record<string, string> {
  if (!isAuthorized) return {};
  return { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}
