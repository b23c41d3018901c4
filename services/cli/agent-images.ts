import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type * as Images from '../../node-agent/images-main.ts';
import { engineAdvice } from './agents-demo/engine-advice.ts';
import { Problem } from './upload/problem.ts';

type Print = (text: string) => void;

interface Options {
  readonly recipes: string;
  readonly engine: string;
  readonly prefix: string;
  readonly json?: boolean;
}

interface BuildOptions extends Options {
  readonly network?: string;
  readonly force?: boolean;
  readonly timeout: number;
}

/** Adds `agents images list` and `agents images build` to the command. */
export function agentImageCommands(
  agents: Command,
  print: Print = (text) => process.stdout.write(text),
  tell: Print = (text) => process.stderr.write(text),
): void {
  const images = agents.command('images').description('images that agents are made from');
  withOptions(images.command('list'))
    .description('which images there are, and whether their recipes have changed')
    .action((options: Options) => list(options, print));
  withOptions(images.command('build'))
    .description('build those that are missing or whose recipe has changed, and label them')
    .argument('[name...]', 'images of images.yaml; all of them when none is named')
    .option('--network <name>', 'network of the steps; host where the engine sets up no NAT')
    .option('--force', 'build them anew, on the newest base images')
    .option('--timeout <seconds>', 'how long one image may take', seconds, 3600)
    .action((names: string[], options: BuildOptions) => build(names, options, print, tell));
}

function withOptions(command: Command): Command {
  return command
    .option('--recipes <folder>', 'folder with images.yaml', ownRecipes())
    .addOption(
      new Option('--engine <url>', 'socket of the Docker engine')
        .env('DOCKER_HOST')
        .default('unix:///var/run/docker.sock'),
    )
    .option('--prefix <name>', 'first part of their names', 'gitbuilder-agent')
    .option('--json', 'print the answer as JSON');
}

async function list(options: Options, print: Print): Promise<void> {
  const { recipes: folder, engine, prefix, json } = options;
  const images = await withAdvice(({ listImages }) => listImages({ folder, engine, prefix }));
  if (json) return print(`${JSON.stringify(images, null, 2)}\n`);
  const width = Math.max(...images.map(({ image }) => image.length));
  for (const { image, state, from } of images)
    print(`${image.padEnd(width)}  ${state.padEnd(7)}  on ${from}\n`);
}

async function build(
  names: readonly string[],
  options: BuildOptions,
  print: Print,
  tell: Print,
): Promise<void> {
  const { recipes: folder, engine, prefix, force = false, json, timeout } = options;
  const network = options.network ?? null;
  const order = { folder, engine, prefix, names, force, network, timeoutSeconds: timeout };
  const built = await withAdvice(({ buildImages }) =>
    buildImages(order, (line) => tell(`${line}\n`)),
  );
  if (built.some(({ outcome }) => outcome === 'failed')) process.exitCode = 1;
  if (json) return print(`${JSON.stringify(built, null, 2)}\n`);
  for (const { image, outcome, digest, reason, seconds } of built) {
    const what = outcome === 'built' ? `built in ${seconds} s as ${digest ?? ''}` : outcome;
    print(`${image}  ${what}${reason === null ? '' : `: ${reason}`}\n`);
  }
}

function seconds(text: string): number {
  const number = Number(text);
  if (number > 0) return number;
  throw new InvalidArgumentError('It must be a number of seconds.');
}

/** An engine that does not answer gives a reason, but does not say what to do. */
async function withAdvice<Answer>(
  ask: (images: typeof Images) => Promise<Answer>,
): Promise<Answer> {
  const images = await import('../../node-agent/images-main.ts');
  try {
    return await ask(images);
  } catch (cause) {
    if (!(cause instanceof images.NoAnswer)) throw cause;
    throw new Problem(cause.message, engineAdvice(cause.message), { cause });
  }
}

/** Where our own recipes are: `deploy/agents` stands above this file both in the sources and in the build. */
export function ownRecipes(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'deploy', 'agents')) && dirname(folder) !== folder)
    folder = dirname(folder);
  return join(folder, 'deploy', 'agents');
}
