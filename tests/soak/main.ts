import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { crash } from './crash.ts';
import { largeUpload } from './large-upload.ts';
import { republish } from './republish.ts';
import { rules } from './rules.ts';
import { seeded } from './soak.ts';
import type { Soak } from './soak.ts';

interface Options {
  readonly only?: string;
  readonly republishes: string;
  readonly gibibytes: string;
  readonly crashes: string;
  readonly worlds: string;
  readonly seed: string;
}

const program = new Command('soak')
  .description(
    'runs the storage node for long and breaks it on purpose; ends with status 1 on a violation',
  )
  .option(
    '--only <names>',
    'parts to run, with commas between: republish, large-upload, crash, rules',
  )
  .option('--republishes <n>', 'publishes of each repository under readers', '1000')
  .option('--gibibytes <n>', 'size of the large upload', '6')
  .option('--crashes <n>', 'rounds that end with kill -9', '300')
  .option('--worlds <n>', 'nodes whose rules and repositories change at random', '10')
  .option('--seed <n>', 'repeats the choices of a run', String(Date.now() % 1_000_000))
  .parse();

await main(program.opts<Options>());

async function main({
  only,
  republishes,
  gibibytes,
  crashes,
  worlds,
  seed,
}: Options): Promise<void> {
  const say = (sentence: string) => process.stdout.write(`${sentence}\n`);
  const work = mkdtempSync(join(tmpdir(), 'gitbuilder-soak-'));
  const soak: Soak = { folder: folderIn(work), say, random: seeded(Number(seed)) };
  const parts = new Map([
    ['republish', () => republish(soak, Number(republishes))],
    ['large-upload', () => largeUpload(soak, Number(gibibytes))],
    ['crash', () => crash(soak, Number(crashes))],
    ['rules', () => rules(soak, Number(worlds))],
  ]);
  const wanted = only?.split(',') ?? [...parts.keys()];
  say(`seed ${seed}`);
  for (const name of wanted) {
    const part = parts.get(name);
    if (part === undefined) throw new Error(`there is no part ${name}`);
    say(`== ${name}`);
    try {
      await part();
      say(`${name}: nothing was violated`);
    } catch (error) {
      process.exitCode = 1;
      say(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      say(`data and log of the server are kept in ${work}; repeat with --seed ${seed}`);
    }
  }
  if (process.exitCode !== 1) rmSync(work, { recursive: true, force: true });
}

function folderIn(work: string): Soak['folder'] {
  return (name) => {
    const path = join(work, name);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
    return path;
  };
}
