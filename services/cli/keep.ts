import { setTimeout as pause } from 'node:timers/promises';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { z } from 'zod';
import { encodeSegment } from '../domain/identity.ts';
import { diskUseAnswer, pinAnswer, planAnswer, runAnswer } from './keep/answers.ts';
import type { RunAnswer } from './keep/answers.ts';
import { nodeClient } from './keep/node-client.ts';
import type { NodeFlags } from './keep/node-client.ts';
import { diskUseText, pinsText, planText, runText } from './keep/tables.ts';
import type { Screen } from './upload/progress.ts';

const LOOK_MILLISECONDS = 500;

/** What the commands touch besides the network. */
export interface KeepSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly output: { write(text: string): unknown };
  readonly screen: Screen;
  readonly fail: () => void;
}

const PROCESS: KeepSurroundings = {
  env: process.env,
  output: process.stdout,
  screen: process.stderr,
  fail: () => (process.exitCode = 1),
};

/** Adds `retention`, `pin` and `disk-use`: what an operator asks of a storage node over the years. */
export function keepCommands(program: Command, around: KeepSurroundings = PROCESS): void {
  const { env, output } = around;
  const print = (flags: NodeFlags, answer: unknown, text: string) =>
    output.write(flags.json === true ? `${JSON.stringify(answer, null, 2)}\n` : text);

  const retention = program.command('retention').description('what goes by the rules of retention');
  command(retention, 'plan', 'a dry run: which builds would go now, and why').action(
    async (flags: NodeFlags) => {
      const plan = await (await nodeClient(flags, env)).ask('GET', 'api/v1/retention', planAnswer);
      print(flags, plan, planText(plan));
    },
  );
  command(retention, 'run', 'carry the rules out now').action(async (flags: NodeFlags) => {
    const run = await runToItsEnd(flags, around);
    print(flags, run, runText(run));
    if (run.state !== 'done') around.fail();
  });

  const pin = program.command('pin').description('keep builds, whatever the rules say');
  command(pin, 'add', 'keep everything of a sha1')
    .argument('<project>')
    .argument('<ref>')
    .argument('<sha1>')
    .requiredOption('--reason <text>', 'why, for those who find it years later')
    .option(
      '--until <time>',
      'when the pin ends, such as 2027-01-31T00:00:00Z (default: never)',
      moment,
    )
    .action(
      async (
        project: string,
        ref: string,
        sha1: string,
        flags: NodeFlags & { readonly reason: string; readonly until?: string },
      ) => {
        const { reason, until = null } = flags;
        const client = await nodeClient(flags, env);
        const path = pinPath(project, ref, sha1);
        const pinned = await client.ask('PUT', path, pinAnswer, { reason, until });
        print(flags, pinned, pinsText([pinned]));
      },
    );
  command(pin, 'remove', 'end a pin')
    .argument('<project>')
    .argument('<ref>')
    .argument('<sha1>')
    .action(async (project: string, ref: string, sha1: string, flags: NodeFlags) => {
      await (await nodeClient(flags, env)).send('DELETE', pinPath(project, ref, sha1));
      print(flags, null, `${project} ${ref} ${sha1} is no longer pinned\n`);
    });
  command(pin, 'list', 'what is pinned').action(async (flags: NodeFlags) => {
    const client = await nodeClient(flags, env);
    const pins = await client.ask('GET', 'api/v1/pins/', z.array(pinAnswer));
    print(flags, pins, pinsText(pins));
  });

  command(program, 'disk-use', 'what each project and ref takes on a storage node').action(
    async (flags: NodeFlags) => {
      const client = await nodeClient(flags, env);
      const use = await client.ask('GET', 'api/v1/disk-use', diskUseAnswer);
      print(flags, use, diskUseText(use));
    },
  );
}

function command(above: Command, name: string, description: string): Command {
  return above
    .command(name)
    .description(description)
    .requiredOption('--chacra <url>', 'the storage node')
    .option('--key-file <file>', 'one line, user:key; or name it in GITBUILDER_KEY_FILE')
    .option('--json', 'print the answer as JSON');
}

/** A moment as the storage node takes it; a day alone begins at midnight, UTC. */
function moment(text: string): string {
  if (!z.union([z.iso.date(), z.iso.datetime({ offset: true })]).safeParse(text).success) {
    throw new InvalidArgumentError('Write a day or a time, such as 2027-01-31T00:00:00Z.');
  }
  return new Date(text).toISOString();
}

function pinPath(project: string, ref: string, sha1: string): string {
  return `api/v1/pins/${[project, ref, sha1].map(encodeSegment).join('/')}`;
}

/** Begins a run and shows on a terminal how far it is. */
async function runToItsEnd(
  flags: NodeFlags,
  { env, screen }: KeepSurroundings,
): Promise<RunAnswer> {
  const client = await nodeClient(flags, env);
  const path = 'api/v1/retention/run';
  for (let run = await client.ask('POST', path, runAnswer); ;) {
    if (screen.isTTY === true) screen.write('\r\u001b[2K');
    if (!['planning', 'deleting', 'sweeping'].includes(run.state)) return run;
    if (screen.isTTY === true)
      screen.write(`${run.state}: ${run.deleted} of ${run.planned} builds`);
    await pause(LOOK_MILLISECONDS);
    run = await client.ask('GET', path, runAnswer);
  }
}
