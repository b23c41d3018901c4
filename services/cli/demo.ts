import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { startServices } from './demo/demo-services.ts';
import type { DemoServices } from './demo/demo-services.ts';
import { Narrator } from './demo/narrator.ts';
import { tellDemo } from './demo/tell-demo.ts';
import { tellPipeline } from './pipeline/tell-pipeline.ts';

const MOST_NODES = 9;

interface Flags {
  readonly once?: true;
  readonly pipeline?: true;
  readonly nodes: number;
}

/** Adds `demo`, which shows everything on loopback and in a temporary folder. */
export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description('take a small project from git to an installed package, on loopback only')
    .option('--once', 'end when the story is told, instead of serving on')
    .option('--pipeline', "build by the Jenkinsfile, under Jenkins' own CPS engine (Maven, a JDK)")
    .option('--nodes <number>', `how many storage nodes, 1 to ${MOST_NODES}`, count, 1)
    .action((flags: Flags) => demo(flags));
}

function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MOST_NODES) return number;
  throw new InvalidArgumentError(`it is a number from 1 to ${MOST_NODES}.`);
}

async function demo({ once, nodes, pipeline }: Flags): Promise<void> {
  const stop = new AbortController();
  const narrator = new Narrator((text) => process.stdout.write(text), stop.signal);
  const told = signalled();
  const folder = await mkdtemp(join(tmpdir(), 'gitbuilder-demo-'));
  let services: DemoServices | null = null;
  try {
    narrator.say(`gitbuilder demo: below ${folder}, on loopback, removed at the end`);
    const running = await narrator.step('a coordinator and its storage nodes start', (fact) =>
      start(join(folder, 'data'), nodes, fact),
    );
    services = running;
    const tell = pipeline === true ? tellPipeline : tellDemo;
    const story = tell(folder, running, narrator, stop.signal);
    const signal = await Promise.race([story, told]);
    if (typeof signal === 'string') return await breakOff(signal, story, stop);
    if (once === true) return;
    showAround(narrator, running);
    await told;
  } finally {
    await services?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Ends what the story runs, so that nothing writes into its folder any more, and how says the status. */
async function breakOff(
  signal: NodeJS.Signals,
  story: Promise<void>,
  stop: AbortController,
): Promise<void> {
  stop.abort();
  await story.catch(() => undefined);
  process.exitCode = 128 + constants.signals[signal];
}

function showAround(narrator: Narrator, services: DemoServices): void {
  narrator.say(`Still serving: ${services.shaman} and ${services.nodes.join(', ')}`);
  narrator.say(`  ${services.shaman}api/search/?project=hello`);
  for (const node of services.nodes) narrator.say(`  ${node}r/hello/main/`);
  narrator.say(`The admin's key is in ${services.credentials},`);
  narrator.say(`the key that signs in ${services.signingKey}. Ctrl-C ends it.`);
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

/** The first word that it is enough; of signals, the next one ends the process at once. */
function signalled(): Promise<NodeJS.Signals> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, done);
    // Whoever was reading has gone, as in `demo | head`.
    process.stdout.on('error', () => done('SIGPIPE'));
  });
}
