import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { systemClock } from '../adapters/system-clock.ts';
import { namedFiles } from './upload/named-files.ts';
import type { NameSource } from './upload/named-files.ts';
import { UsageError } from './upload/problem.ts';
import { runUpload } from './upload/run-upload.ts';
import type { UploadOutlets } from './upload/run-upload.ts';
import { readOrder } from './upload/upload-order.ts';
import type { UploadFlags } from './upload/upload-order.ts';

const MOST_PARALLEL = 32;
const FAILED = 1;
const MISUSED = 2;

/** What the command touches besides files and the network. */
export interface UploadSurroundings extends UploadOutlets {
  readonly env: NodeJS.ProcessEnv;
  readonly input: NameSource;
  readonly end: (status: number) => void;
}

const PROCESS: UploadSurroundings = {
  clock: systemClock,
  env: process.env,
  input: process.stdin,
  output: process.stdout,
  screen: process.stderr,
  end: (status) => (process.exitCode = status),
};

/** Adds `upload`, which brings files to a storage node: status 0 all are there, 1 some are not, 2 misused. */
export function uploadCommand(program: Command, around: UploadSurroundings = PROCESS): void {
  const command = program.command('upload');
  command
    .description('bring packages and other files to a storage node; what it has is not sent again')
    .argument('[files...]', 'files or patterns; without any, names from standard input, one a line')
    .option('--chacra <url>', 'the storage node')
    .option('--shaman <url>', 'the coordinator, which names the storage node for this sha1')
    .requiredOption('--project <name>', 'what was built')
    .requiredOption('--ref <ref>', 'the branch or tag that it was built from')
    .requiredOption('--sha1 <sha1>', 'the commit')
    .requiredOption('--distro <name>', 'what it was built for, such as ubuntu')
    .requiredOption('--distro-version <version>', 'codename or number: noble, 9')
    .requiredOption('--arch <name>', 'x86_64, arm64, noarch, source …')
    .option('--flavor <name>', 'a variant of the same commit (default: default)')
    .option('--key-file <file>', 'one line, user:key; or name it in GITBUILDER_KEY_FILE')
    .option('--force', 'replace files of the same name that have other bytes')
    .option('--parallel <number>', `how many at a time, 1 to ${MOST_PARALLEL}`, parallel, 4)
    .option('--update', 'publish the repository when all files are there')
    .option('--wait <seconds>', 'until it is published, at most so long', seconds)
    .option('--json', 'print one JSON document instead of the table')
    .addHelpText(
      'after',
      '\nExit status: 0 all is there, 1 something is not, 2 not begun: what was asked cannot be.',
    )
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : MISUSED))
    .action(async (files: string[], flags: UploadFlags) => {
      try {
        const order = await readOrder(flags, around.env);
        const paths = await namedFiles(files, around.input);
        around.end((await runUpload(order, paths, flags, around)) ? 0 : FAILED);
      } catch (cause) {
        if (!(cause instanceof UsageError)) throw cause;
        around.screen.write(`gitbuilder: ${cause.message}\nSee: gitbuilder upload --help\n`);
        around.end(MISUSED);
      }
    });
}

function parallel(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MOST_PARALLEL) return number;
  throw new InvalidArgumentError(`It must be a number from 1 to ${MOST_PARALLEL}.`);
}

function seconds(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number > 0) return number;
  throw new InvalidArgumentError('It must be a number of seconds.');
}
