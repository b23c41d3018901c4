import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bench, Finding } from '../row.ts';
import type { Server } from '../server.ts';
import { count, median, quantile } from '../statistics.ts';
import { searchPaths } from './shaman-asking.ts';
import type { Filled } from './shaman-asking.ts';
import { hold } from './shaman-holding.ts';
import { answered } from './shaman-load.ts';
import type { Answered } from './shaman-load.ts';
import { repoEvent } from './shaman-records.ts';
import { postOne } from './shaman-server.ts';

const MANY = 1000;
const QUICK_MANY = 100;
const SECONDS = 3;
const CHANGE_EACH = 200;
const SLOWER = 1.3;
const SEEN = 100;
const FIRST_GENERATION = 1_000_000;

/** What a search costs while a thousand wait and a thousand listen, and when they hear of a change. */
export async function heldFindings(bench: Bench, filled: Filled): Promise<Finding[]> {
  const { server, seed, folder } = filled;
  const many = bench.quick ? QUICK_MANY : MANY;
  const load = { paths: searchPaths(seed), seconds: bench.quick ? 1 : SECONDS, folder };
  const changes = new Changes(filled);
  const alone: Answered[] = [];
  const crowded: Answered[] = [];
  const latencies: number[] = [];
  for (let run = 0; run < bench.runs; run += 1) {
    alone.push(await changes.during(() => answered(server, load)));
    const holding = await hold(server, seed, many);
    try {
      crowded.push(await changes.during(() => answered(server, load)));
      await pause(SEEN * 2);
      latencies.push(...changes.latencies(holding.heard, many));
    } finally {
      holding.close();
    }
    const [a, c] = [alone.at(-1), crowded.at(-1)];
    bench.say(
      `  p99 of search ${a?.p99.toFixed(1)} ms alone, ${c?.p99.toFixed(1)} ms with all held; ${count(a?.perCpuSecond ?? 0)} and ${count(c?.perCpuSecond ?? 0)} per CPU second`,
    );
  }
  const quietest = (runs: readonly Answered[]) => Math.min(...runs.map(({ p99 }) => p99));
  const ratio = quietest(crowded) / quietest(alone);
  const p99 = quantile(latencies, 0.99);
  const held = `${count(many)} waiters and ${count(many)} event streams that hear everything`;
  return [
    {
      what: `p99 of search, ${1000 / CHANGE_EACH} changes/s: with ${held} to without`,
      ours: `${quietest(crowded).toFixed(1)} ms to ${quietest(alone).toFixed(1)} ms`,
      beside: '',
      ratio: `${ratio.toFixed(2)}×`,
      target: `≤ ${SLOWER}×`,
      reached: ratio <= SLOWER,
    },
    {
      what: `an event is seen by ${count(many)} streams, ${held}, search under load`,
      ours: `${median(latencies).toFixed(1)} ms after the answer, p99 ${p99.toFixed(1)} ms`,
      beside: '',
      ratio: '',
      target: `≤ ${SEEN} ms`,
      reached: p99 <= SEEN,
    },
  ];
}

/** Changes one record now and then while something goes on. */
class Changes {
  readonly #server: Server;
  readonly #filled: Filled;
  /** When each change was answered, by its generation. */
  readonly #answered = new Map<number, number>();
  #next = FIRST_GENERATION;

  constructor(filled: Filled) {
    this.#server = filled.server;
    this.#filled = filled;
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#answered.clear();
    const ending = new AbortController();
    const changing = this.#change(ending.signal);
    try {
      return await work();
    } finally {
      ending.abort();
      await changing;
    }
  }

  /** Milliseconds from each answer to each stream; throws when a stream has not heard of a change. */
  latencies(heard: ReadonlyMap<number, readonly number[]>, streams: number): number[] {
    return [...this.#answered].flatMap(([generation, at]) => {
      const times = heard.get(generation) ?? [];
      if (times.length !== streams) {
        throw new Error(`${times.length} of ${streams} streams have heard of a change`);
      }
      return times.map((time) => Math.max(0, time - at));
    });
  }

  async #change(signal: AbortSignal): Promise<void> {
    const agent = new Agent({ keepAlive: true });
    while (!signal.aborted) {
      const generation = (this.#next += 1);
      const { records, refs } = this.#filled.seed;
      const said = { sequence: Date.now() * 1000 + (generation % 1000), generation };
      const body = repoEvent({ refs }, generation % records, said);
      await postOne(this.#server, agent, { path: '/api/repos/ceph/', body });
      this.#answered.set(generation, performance.now());
      await pause(CHANGE_EACH);
    }
    agent.destroy();
  }
}
