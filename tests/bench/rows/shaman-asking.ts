import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from 'node:http';
import type { Bench, Finding } from '../row.ts';
import type { Server } from '../server.ts';
import { count } from '../statistics.ts';
import { answered } from './shaman-load.ts';
import type { Answered, Load } from './shaman-load.ts';
import { readyRows, refName } from './shaman-records.ts';
import type { Seed } from './shaman-records.ts';
import { postOne } from './shaman-server.ts';

const PATHS = 40;
const STORAGE_NODES = 4;

/** A coordinator with its records. */
export interface Filled {
  readonly server: Server;
  readonly seed: Seed;
  readonly folder: string;
}

/** As teuthology asks: ready, a ref, one distro with version and arch; without the slash. */
export function searchPaths(seed: Seed): string[] {
  const distros = encodeURIComponent('ubuntu/22.04/x86_64');
  return someRefs(seed).map(
    (ref) => `/api/search?status=ready&project=ceph&flavor=default&distros=${distros}&ref=${ref}`,
  );
}

/** Everything of a ref that is ready. */
export function wholeRefPaths(seed: Seed): string[] {
  return someRefs(seed).map((ref) => `/api/search/?project=ceph&status=ready&ref=${ref}`);
}

/** As cephadm and people ask for the source list. */
export function sourceListPaths(seed: Seed): string[] {
  return someRefs(seed).map((ref) => `/api/repos/ceph/${ref}/latest/ubuntu/jammy/repo?arch=x86_64`);
}

function someRefs({ refs }: Seed): string[] {
  const each = Math.max(1, Math.floor(refs / PATHS));
  return Array.from({ length: Math.min(refs, PATHS) }, (_, at) => refName(at * each));
}

/** Throws unless a search finds as many rows as it should; answers the bytes of its answer. */
export async function checkRows(
  { server, seed }: Filled,
  path: string,
  of: Parameters<typeof readyRows>[1],
): Promise<number> {
  const response = await fetch(new URL(path, server.url));
  const text = await response.text();
  const rows: unknown = JSON.parse(text);
  const expected = readyRows(seed, of);
  if (!Array.isArray(rows) || rows.length !== expected) {
    throw new Error(`${path} should find ${expected} rows: ${text.slice(0, 500)}`);
  }
  return text.length;
}

/** Storage nodes that are always healthy, registered; answers how to end them. */
export async function healthyNodes(server: Server): Promise<() => void> {
  const agent = new Agent();
  const nodes = await Promise.all(
    Array.from({ length: STORAGE_NODES }, async () => {
      const node = createServer((_request, response) => response.writeHead(204).end());
      await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
      // It listens on a port, not on a pipe.
      const { port } = node.address() as AddressInfo;
      const body = JSON.stringify({ url: `http://127.0.0.1:${port}/` });
      await postOne(server, agent, { path: `/api/nodes/127.0.0.1:${port}/`, body });
      return node;
    }),
  );
  return () => {
    agent.destroy();
    for (const node of nodes) {
      node.close();
      node.closeAllConnections();
    }
  };
}

/** The quietest of several runs: the others say more of the machine than of the server. */
export async function quietest(
  { runs, say }: Pick<Bench, 'runs' | 'say'>,
  server: Server,
  load: Load,
): Promise<Answered & { readonly slowest: number }> {
  // What was compiled for the questions before is no measure.
  await answered(server, { ...load, seconds: 1 });
  const all: Answered[] = [];
  for (let run = 0; run < runs; run += 1) {
    const one = await answered(server, load);
    say(
      `  ${count(one.perSecond)}/s, p99 ${one.p99.toFixed(1)} ms, ${count(one.perCpuSecond)} per CPU second`,
    );
    all.push(one);
  }
  const rates = all.map(({ perSecond }) => perSecond);
  return {
    perSecond: Math.max(...rates),
    slowest: Math.min(...rates),
    p99: Math.min(...all.map(({ p99 }) => p99)),
    perCpuSecond: Math.max(...all.map(({ perCpuSecond }) => perCpuSecond)),
  };
}

/** A line of the table about requests per second. */
export function rateFinding(options: {
  readonly what: string;
  readonly found: Awaited<ReturnType<typeof quietest>>;
  readonly original: string;
  readonly atLeast: number | null;
  readonly p99AtMost?: number;
}): Finding {
  const { what, found, original, atLeast, p99AtMost } = options;
  const { perSecond, slowest, p99, perCpuSecond } = found;
  const wanted = [
    ...(atLeast === null ? [] : [`≥ ${count(atLeast)}/s`]),
    ...(p99AtMost === undefined ? [] : [`p99 ≤ ${p99AtMost} ms`]),
  ];
  return {
    what,
    ours: `${count(perSecond)}/s (slowest run ${count(slowest)}), p99 ${p99.toFixed(1)} ms, ${count(perCpuSecond)} per CPU second`,
    beside: original,
    ratio: '',
    target: wanted.length === 0 ? null : wanted.join(', '),
    reached:
      wanted.length === 0
        ? null
        : perSecond >= (atLeast ?? 0) && p99 <= (p99AtMost ?? Number.POSITIVE_INFINITY),
  };
}
