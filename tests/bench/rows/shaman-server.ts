import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { hashKey, makeKey } from '../../../services/platform/keys.ts';
import { findTool, runTool } from '../run-tool.ts';
import { runService } from '../server.ts';
import type { Server } from '../server.ts';
import { repoEvent } from './shaman-records.ts';
import type { Seed } from './shaman-records.ts';

const SEEDING_CONNECTIONS = 64;
const HELD_MOST = 5000;
/** As docs/operations.md says for a machine of one core. */
const ON_ONE_CORE = ['--v8-pool-size=0'];

/** One core for the server, and the others for who asks: what it answers is then what one core answers. */
export function pinned(cores: 'server' | 'clients'): readonly string[] {
  const last = cpus().length - 1;
  if (last === 0 || findTool('taskset') === null) return [];
  return ['taskset', '-c', cores === 'server' ? '0' : `1-${last}`];
}

/**
 * Keeps this process off the server's core while it works: it speaks for thousands of clients, and
 * what it read there would be counted as the server's delay.
 */
export async function amongClients<T>(work: () => Promise<T>): Promise<T> {
  const move = async (cores: string) => {
    await runTool('taskset', ['-a', '-c', '-p', cores, String(process.pid)]);
  };
  const [, , cores] = pinned('clients');
  if (cores === undefined) return work();
  await move(cores);
  return work().finally(() => move(`0-${cpus().length - 1}`));
}

/** Starts a coordinator on a folder, which may be the one of a former process. */
export async function startShaman(folder: string): Promise<Server> {
  mkdirSync(folder, { recursive: true });
  const key = makeKey();
  const lines = [
    `users: [{ name: bench, keyHash: '${hashKey(key)}', scopes: [upload, node, admin] }]`,
    'logLevel: warn',
    `shaman: { heldPerAddress: ${HELD_MOST}, checkRepos: false }`,
  ];
  writeFileSync(join(folder, 'config.yaml'), `${lines.join('\n')}\n`);
  const prefix = pinned('server');
  const nodeOptions = prefix.length === 0 ? [] : ON_ONE_CORE;
  const service = await runService('shaman', { folder, prefix, nodeOptions });
  return { ...service, credentials: `bench:${key}` };
}

/** Fills a coordinator over HTTP, as its storage nodes would. */
export async function seed(server: Server, what: Seed): Promise<void> {
  const path = '/api/repos/ceph/';
  function* bodies() {
    for (let number = 0; number < what.records; number += 1) {
      yield { path, body: repoEvent(what, number, { sequence: 1 }) };
    }
  }
  await postAll(server, bodies(), SEEDING_CONNECTIONS);
}

export interface Posted {
  readonly path: string;
  readonly body: string;
}

/** Posts bodies over so many connections; answers the milliseconds of each. Throws unless each is answered 200. */
export async function postAll(
  server: Pick<Server, 'url' | 'credentials'>,
  bodies: Iterable<Posted>,
  connections: number,
): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const rest = bodies[Symbol.iterator]();
  const latencies: number[] = [];
  const post = async () => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) {
      const started = performance.now();
      await postOne(server, agent, next.value);
      latencies.push(performance.now() - started);
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, post));
  } finally {
    agent.destroy();
  }
  return latencies;
}

/** Posts one body; throws unless it is answered 200. */
export function postOne(
  { url, credentials }: Pick<Server, 'url' | 'credentials'>,
  agent: Agent,
  { path, body }: Posted,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    };
    const sent = request(url, { method: 'POST', path, agent, auth: credentials, headers });
    sent.on('error', reject);
    sent.on('response', (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${path} was answered ${response.statusCode}`));
      });
    });
    sent.end(body);
  });
}
