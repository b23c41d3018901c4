import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../adapters/system-clock.ts';
import { reasonOf } from '../../domain/reason.ts';
import type { FoundEngine } from '../agents-demo/find-engine.ts';
import { engineIfAny, openEngine } from '../agents-demo/open-engine.ts';
import { tellAgents } from '../agents-demo/tell-agents.ts';
import { tellPipeline } from '../pipeline/tell-pipeline.ts';
import { toldToStop } from '../told-to-stop.ts';
import { CleanUp } from './clean-up.ts';
import { startServices } from './demo-services.ts';
import type { DemoServices } from './demo-services.ts';
import type { DemoStage, Story } from './demo-stage.ts';
import { Narrator } from './narrator.ts';
import { tellDemo } from './tell-demo.ts';

/** What was asked for on the command line. */
export interface DemoFlags {
  readonly once?: true;
  readonly agents?: true;
  readonly image?: string;
  readonly pipeline?: true;
  readonly nodes: number;
}

/** Tells the stories asked for in a temporary folder, serves on until told to stop, and leaves nothing behind. */
export async function runDemo(flags: DemoFlags): Promise<void> {
  const stop = new AbortController();
  const narrator = new Narrator((text) => process.stdout.write(text), stop.signal);
  const told = signalled();
  const cleanUp = new CleanUp();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'gitbuilder-demo-'));
    cleanUp.add(() => rm(folder, { recursive: true, force: true }));
    narrator.say(`gitbuilder demo: below ${folder}, on this machine, removed at the end`);
    const engine = await engineFor(flags, narrator, cleanUp);
    // Steps on an agent upload from its container.
    const host = flags.pipeline === true && engine !== null ? engine.gateway : '127.0.0.1';
    const services = await narrator.step('a coordinator and its storage nodes start', (fact) =>
      start(join(folder, 'data'), flags.nodes, host, fact),
    );
    cleanUp.add(() => services.stop());
    const { signal } = stop;
    const image = flags.image ?? null;
    const stage = { folder, services, narrator, signal, cleanUp, engine, image };
    const story = tell(storiesOf(flags), stage);
    const end = await Promise.race([story, told]);
    if (typeof end === 'string') return await breakOff(end, story, stop);
    if (flags.once === true) return;
    narrator.say(`\nStill serving: ${services.shaman} and ${services.nodes.join(', ')}`);
    for (const line of end) narrator.say(`  ${line}`);
    narrator.say(`The admin's key is in ${services.credentials},`);
    narrator.say(`the key that signs in ${services.signingKey}. Ctrl-C ends it.`);
    await told;
  } finally {
    for (const cause of await cleanUp.run()) {
      process.exitCode = 1;
      narrator.say(`something was left behind: ${reasonOf(cause)}`);
    }
  }
}

async function engineFor(
  { agents, pipeline }: DemoFlags,
  narrator: Narrator,
  cleanUp: CleanUp,
): Promise<FoundEngine | null> {
  if (agents === true) return openEngine(narrator, cleanUp);
  return pipeline === true ? engineIfAny(narrator, cleanUp) : null;
}

/** What flags ask for, one after the other. */
function storiesOf({ agents, pipeline }: DemoFlags): readonly Story[] {
  if (agents === true) return pipeline === true ? [tellAgents, tellPipeline] : [tellAgents];
  return pipeline === true ? [tellPipeline] : [tellDemo];
}

async function tell(stories: readonly Story[], stage: DemoStage): Promise<readonly string[]> {
  const around: string[] = [];
  for (const story of stories) around.push(...(await story(stage)));
  return around;
}

/** Ends what the story runs, so that nothing writes into its folder any more, and how says the status. */
async function breakOff(
  signal: NodeJS.Signals,
  story: Promise<unknown>,
  stop: AbortController,
): Promise<void> {
  stop.abort();
  await story.catch(() => undefined);
  process.exitCode = 128 + constants.signals[signal];
}

async function start(
  folder: string,
  nodes: number,
  host: string,
  fact: (text: string) => void,
): Promise<DemoServices> {
  const running = await startServices(folder, nodes, host);
  fact(`shaman ${running.shaman}`);
  for (const url of running.nodes) fact(`chacra ${url}`);
  return running;
}

/** The first word that it is enough; of signals, the next one ends the process at once. */
function signalled(): Promise<NodeJS.Signals> {
  return new Promise((done) => {
    void toldToStop(['SIGTERM', 'SIGINT', 'SIGHUP'], systemClock).then(done);
    // Whoever was reading has gone, as in `demo | head`.
    process.stdout.on('error', () => done('SIGPIPE'));
  });
}
