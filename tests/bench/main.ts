import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { ENGINE } from '../fixtures/docker-engine.ts';
import { cephDebs, smallDebs } from './corpus/debs.ts';
import { rpmsOf, smallRpms } from './corpus/rpms.ts';
import { busyCores, machine, workRoot } from './machine.ts';
import { markdownTable, writeIntoPage } from './report.ts';
import type { Bench, Finding, Needed, Row } from './row.ts';
import { agentsDeath } from './rows/agents-death.ts';
import { agentsKnown } from './rows/agents-known.ts';
import { agentsQueue } from './rows/agents-queue.ts';
import { agentsStart } from './rows/agents-start.ts';
import { combined } from './rows/combined.ts';
import { cost } from './rows/cost.ts';
import { ingest } from './rows/ingest.ts';
import { manyBinaries } from './rows/many-binaries.ts';
import { oneMoreVisible } from './rows/one-more-visible.ts';
import { oneMoreDeb, oneMoreRpm } from './rows/one-more.ts';
import { publishApt } from './rows/publish-apt.ts';
import { publishYum } from './rows/publish-yum.ts';
import { readersWhileArriving } from './rows/readers.ts';
import { retention } from './rows/retention.ts';
import { serve } from './rows/serve.ts';
import { shaman } from './rows/shaman-row.ts';
import { start } from './rows/start.ts';
import { uploadStep } from './rows/upload-step.ts';
import { findTool } from './run-tool.ts';

const PAGE = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
const LARGEST_PACKAGE = 150_000_000;
const ROWS: readonly Row[] = [
  ...[publishApt, publishYum, oneMoreDeb, oneMoreRpm, combined, ingest, serve, cost],
  ...[oneMoreVisible, readersWhileArriving, manyBinaries, start, retention, uploadStep],
  ...[shaman, agentsStart, agentsQueue, agentsKnown, agentsDeath],
];
/** Load that a resting system may have. */
const QUIET = 0.3;
/** Rows without a table of their own are of the storage node. */
const TABLES = ['bench', 'shaman', 'agents'] as const;

interface Options {
  readonly only?: string;
  readonly runs: string;
  readonly quick?: boolean;
  readonly write?: boolean;
}

const program = new Command('bench')
  .description(
    'measures the storage node and agents beside the real tools, and the coordinator; takes minutes, needs a quiet machine',
  )
  .option(
    '--only <names>',
    `rows to run, with commas between: ${ROWS.map(({ name }) => name).join(', ')}`,
  )
  .option('--runs <n>', 'paired runs of each row', '5')
  .option('--quick', 'a small corpus: figures only to see that everything runs')
  .option('--write', 'put the table into docs/performance.md')
  .parse();

await main(program.opts<Options>());

async function main({ only, runs, quick = false, write = false }: Options): Promise<void> {
  const say = (sentence: string) => process.stderr.write(`${sentence}\n`);
  const wanted = only?.split(',');
  for (const name of wanted ?? []) {
    if (!ROWS.some((row) => row.name === name)) throw new Error(`there is no row ${name}`);
  }
  const rows = ROWS.filter(({ name }) => wanted?.includes(name) ?? true);
  const work = mkdtempSync(join(workRoot().path, 'gitbuilder-bench-'));
  const findings = new Map<string, Finding[]>();
  const busy = (await busyCores()).toFixed(1);
  if (Number(busy) > QUIET) say(`the machine is not quiet: ${busy} cores are busy before we begin`);
  const left: string[] = [];
  try {
    const bench = benchIn(work, { runs: Number(runs), quick, say });
    for (const row of rows) {
      const missing = row.needs.flatMap((needed) => whatIsMissing(needed) ?? []);
      if (missing.length > 0) {
        left.push(`${row.name} is left out: it needs ${missing.join(', ')}`);
        continue;
      }
      say(`== ${row.name}`);
      const found = await row.run(bench);
      const table = row.table ?? 'bench';
      findings.set(table, [...(findings.get(table) ?? []), ...found]);
      for (const { what, ours, ratio, target, reached } of found) {
        const verdict = reached === null ? '' : reached ? ', reached' : ', MISSED';
        say(`${what}: ${ours} ${ratio} (${target ?? 'no target'}${verdict})`);
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const command = [
    'npm run bench',
    ...(process.argv.length > 2 ? ['--'] : []),
    ...process.argv.slice(2),
  ];
  const about = `${new Date().toISOString().slice(0, 10)}, ${machine()}, ${busy} cores busy with other things: \`${command.join(' ')}\``;
  for (const table of TABLES) {
    const found = findings.get(table);
    if (found === undefined) continue;
    const text = [about, '', markdownTable(found), ...left].join('\n');
    process.stdout.write(`\n${text}\n`);
    if (write) writeIntoPage(PAGE, table, text);
  }
  if (findings.size === 0) process.stdout.write(`${left.join('\n')}\n`);
  if (left.length > 0) process.exitCode = 1;
}

/** Names what is needed and not there. */
function whatIsMissing(needed: Needed): string | null {
  if (needed === 'engine') {
    const start = 'export GITBUILDER_DOCKER=$(.ci/engine start /tmp/engine)';
    return ENGINE === '' ? `a Docker engine (\`${start}\`)` : null;
  }
  const [command, broughtBy] = needed;
  return findTool(command) === null ? `${command} (package ${broughtBy})` : null;
}

function benchIn(work: string, options: Pick<Bench, 'runs' | 'quick' | 'say'>): Bench {
  const cache = join(tmpdir(), 'gitbuilder-bench');
  mkdirSync(cache, { recursive: true });
  const { quick, say } = options;
  const debs = () => cephDebs({ cache, quick, largest: LARGEST_PACKAGE, say });
  return {
    ...options,
    debs,
    rpms: async () => rpmsOf(await debs(), say),
    smallDebs: (count) => smallDebs(cache, count),
    smallRpms: (count) => smallRpms(cache, count),
    folder: (name) => {
      const path = join(work, name);
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path, { recursive: true });
      return path;
    },
  };
}
