import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { startServices } from './demo/demo-services.ts';
import type { DemoServices } from './demo/demo-services.ts';
import { Narrator } from './demo/narrator.ts';
import { tellDemo } from './demo/tell-demo.ts';

const MOST_NODES = 9;

interface Flags {
  readonly once?: true;
  readonly nodes: number;
}

/** Adds `demo`, which shows everything on loopback and in a temporary folder. */
export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description('take a small project from git to an installed package, on loopback only')
    .option('--once', 'end when the story is told, instead of serving on')
    .option('--nodes <number>', `how many storage nodes, 1 to ${MOST_NODES}`, count, 1)
    .action((flags: Flags) => demo(flags));
}

function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MOST_NODES) return number;
  throw new InvalidArgumentError(`it is a number from 1 to ${MOST_NODES}.`);
}

async function demo({ once, nodes }: Flags): Promise<void> {
  const narrator = new Narrator((text) => process.stdout.write(text));
  const folder = await mkdtemp(join(tmpdir(), 'gitbuilder-demo-'));
  const told = signalled();
  let services: DemoServices | null = null;
  try {
    narrator.say(`gitbuilder demo: below ${folder}, on loopback, removed at the end`);
    const running = await narrator.step('a coordinator and its storage nodes start', (fact) =>
      start(join(folder, 'data'), nodes, fact),
    );
    services = running;
    const story = tellDemo(folder, running, narrator).then(() => 'told' as const);
    if ((await Promise.race([story, told])) !== 'told') return;
    if (once === true) return;
    narrator.say(`\nStill serving: ${running.shaman} and ${running.nodes.join(', ')}`);
    narrator.say(`  ${running.shaman}api/search/?project=hello`);
    narrator.say(`  ${running.nodes[0] ?? ''}r/hello/main/`);
    narrator.say(`The admin's key is in ${running.credentials}. Ctrl-C ends it.`);
    await told;
  } finally {
    await services?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function start(
  folder: string,
  nodes: number,
  fact: (text: string) => void,
): Promise<DemoServices> {
  const running = await startServices(folder, nodes);
  fact(`shaman ${running.shaman}`);
  for (const url of running.nodes) fact(`chacra ${url}`);
  return running;
}

function signalled(): Promise<NodeJS.Signals> {
  return new Promise((done) => {
    process.once('SIGTERM', done);
    process.once('SIGINT', done);
  });
}
