import { join } from 'node:path';
import type { Bench, Finding, Row } from '../row.ts';
import { count, megabytes } from '../statistics.ts';
import {
  checkRows,
  healthyNodes,
  quietest,
  rateFinding,
  searchPaths,
  sourceListPaths,
  wholeRefPaths,
} from './shaman-asking.ts';
import type { Filled } from './shaman-asking.ts';
import { heldFindings } from './shaman-held.ts';
import { readyRows } from './shaman-records.ts';
import type { Seed } from './shaman-records.ts';
import { diskFolder } from '../disk-folder.ts';
import { amongClients, seed, startShaman } from './shaman-server.ts';
import { memoryFinding, startFinding } from './shaman-start.ts';
import { updateFinding } from './shaman-telling.ts';

const SIZES = [1000, 10_000, 100_000];
const QUICK_SIZES = [500, 1000, 2000];
const RECORDS_OF_A_REF = 100;
const FEW_REFS = 40;
const SECONDS = 2;
const FLAT = 1.5;
const ORIGINAL = {
  search: 'the original: 60 / 4 / 0.04/s at 1k / 10k / 100k',
  many: 'the original: 180 / 49 / 4/s at 1k / 10k / 100k',
  next: 'the original: 24–47/s',
} as const;

/** The coordinator: what it answers and takes in, filled over HTTP. */
export const shaman: Row = {
  name: 'shaman',
  table: 'shaman',
  needs: [],
  run: (asked) => amongClients(() => findingsOf(asked)),
};

async function findingsOf(asked: Bench): Promise<Finding[]> {
  const bench = asked.quick ? { ...asked, runs: 1 } : asked;
  const disk = diskFolder();
  const sizes = bench.quick ? QUICK_SIZES : SIZES;
  const largest = sizes.at(-1) ?? 0;
  const seeds: Seed[] = [
    ...sizes.map((records) => ({ records, refs: records / RECORDS_OF_A_REF })),
    { records: largest, refs: bench.quick ? largest / 500 : FEW_REFS },
  ];
  const filled: Filled[] = [];
  try {
    for (const [at, what] of seeds.entries()) {
      const folder = join(disk.path, `${at}`);
      const server = await startShaman(folder);
      filled.push({ server, seed: what, folder });
      bench.say(`  seeding ${what.records} records under ${what.refs} refs`);
      await seed(server, what);
    }
    const few = filled.at(-1);
    const large = filled.at(-2);
    if (few === undefined || large === undefined) throw new Error('nothing is filled');
    const findings = [
      ...(await searchFindings(bench, filled.slice(0, -1))),
      ...(await manyRowsFindings(bench, few)),
      await sourceListFinding(bench, large),
      await nextFinding(bench, large),
      await updateFinding(bench, large),
      ...(await heldFindings(bench, large)),
    ];
    const memory = await memoryFinding(large);
    const started = await startFinding(bench, large);
    return [...findings, started, memory];
  } finally {
    for (const { server } of filled) await server.stop();
    disk.remove();
  }
}

async function searchFindings(bench: Bench, sizes: readonly Filled[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  const costs: number[] = [];
  for (const one of sizes) {
    const paths = searchPaths(one.seed);
    await checkRows(one, paths[0] ?? '', 'one cell');
    bench.say(`  search at ${count(one.seed.records)} records`);
    const found = await quietest(bench, one.server, { ...loadOf(bench, one), paths });
    costs.push(found.perCpuSecond);
    const isLargest = one === sizes.at(-1);
    findings.push(
      rateFinding({
        what: `\`/api/search\` as teuthology asks it, ${readyRows(one.seed, 'one cell')} rows, ${count(one.seed.records)} records`,
        found,
        original: isLargest ? ORIGINAL.search : '',
        atLeast: isLargest ? 5000 : null,
        ...(isLargest ? { p99AtMost: 10 } : {}),
      }),
    );
  }
  // By CPU, because other processes of the machine come and go between the sizes.
  const ratio = (costs[0] ?? Number.NaN) / (costs.at(-1) ?? Number.NaN);
  findings.push({
    what: 'CPU of one search: most records to fewest',
    ours: `${ratio.toFixed(2)}×`,
    beside: 'the original: 1,500×',
    ratio: '',
    target: `≤ ${FLAT}×`,
    reached: ratio <= FLAT,
  });
  return findings;
}

async function manyRowsFindings(bench: Bench, few: Filled): Promise<Finding[]> {
  const records = `${count(few.seed.records)} records under ${few.seed.refs} refs`;
  const findings: Finding[] = [];
  for (const [paths, of, atLeast] of [
    [wholeRefPaths(few.seed), 'all cells', 150],
    [searchPaths(few.seed), 'one cell', null],
  ] as const) {
    const bytes = await checkRows(few, paths[0] ?? '', of);
    const rows = readyRows(few.seed, of);
    bench.say(`  search that finds ${count(rows)} rows`);
    const found = await quietest(bench, few.server, { ...loadOf(bench, few), paths });
    findings.push(
      rateFinding({
        what: `\`/api/search/\`, ${count(rows)} rows (${megabytes(bytes)}), ${records}`,
        found,
        original: atLeast === null ? '' : ORIGINAL.many,
        atLeast,
      }),
    );
  }
  return findings;
}

async function sourceListFinding(bench: Bench, large: Filled): Promise<Finding> {
  bench.say('  latest/…/repo');
  const paths = sourceListPaths(large.seed);
  const first = await fetch(new URL(paths[0] ?? '', large.server.url), { redirect: 'manual' });
  if (first.status !== 302) throw new Error(`…/repo was answered ${first.status}`);
  const found = await quietest(bench, large.server, { ...loadOf(bench, large), paths });
  const what = `\`latest/…/repo\`, ${count(large.seed.records)} records`;
  return rateFinding({ what, found, original: '', atLeast: 8000 });
}

async function nextFinding(bench: Bench, large: Filled): Promise<Finding> {
  bench.say('  nodes/next');
  const end = await healthyNodes(large.server);
  try {
    const load = { ...loadOf(bench, large), paths: ['/api/nodes/next/'], isAuthorized: true };
    const found = await quietest(bench, large.server, load);
    return rateFinding({
      what: '`nodes/next`, 4 healthy storage nodes',
      found,
      original: ORIGINAL.next,
      atLeast: 3000,
    });
  } finally {
    end();
  }
}

function loadOf({ quick }: Bench, { folder }: Filled) {
  return { seconds: quick ? 1 : SECONDS, folder };
}
