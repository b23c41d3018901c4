import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { DemoFlags } from './demo/run-demo.ts';

const MOST_NODES = 9;

/** Adds `demo`, which shows everything on this machine and in a temporary folder. */
export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description('take a small project from git to an installed package, on this machine only')
    .option('--once', 'end when the story is told, instead of serving on')
    .option(
      '--agents',
      'make, use and remove build agents in Docker instead, for a stand-in of Jenkins; the engine is that of DOCKER_HOST, or /var/run/docker.sock',
    )
    .option(
      '--image <name>',
      "image of agents, with a shell and Java; without it, one of `agents images build`, or this machine's busybox",
    )
    .option(
      '--pipeline',
      "build by the Jenkinsfile, under Jenkins' own CPS engine (Maven, a JDK); on agents in Docker where there is an engine",
    )
    .option('--nodes <number>', `how many storage nodes, 1 to ${MOST_NODES}`, count, 1)
    .action(async (flags: DemoFlags) => (await import('./demo/run-demo.ts')).runDemo(flags));
}

function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MOST_NODES) return number;
  throw new InvalidArgumentError(`It must be a number from 1 to ${MOST_NODES}.`);
}
