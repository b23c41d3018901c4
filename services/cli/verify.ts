import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { systemClock } from '../adapters/system-clock.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { loadConfiguration } from '../platform/configuration.ts';
import { makeLogger } from '../platform/logging.ts';
import { byteSize } from '../platform/setting-types.ts';
import { isSound, verifiedJson, verifiedText } from './verify/report.ts';
import { VerifyProgress } from './verify/progress.ts';

const LOST = 1;
const NOT_DONE = 2;

interface Flags {
  readonly config?: string;
  readonly data?: string;
  readonly rate?: number;
  readonly restart?: boolean;
  readonly json?: boolean;
}

/** Adds `verify`: status 0 everything is there or was derived again, 1 something is lost, 2 it did not come to its end. */
export function verifyCommand(program: Command): void {
  program
    .command('verify')
    .description(
      'read every stored file of a stopped storage node, derive again what can be, and say what is lost and which repositories that hits',
    )
    .option('--config <file>', 'configuration in YAML (docs/configuration.md)')
    .option('--data <folder>', 'where everything is kept, instead of what the configuration says')
    .option('--rate <size>', 'read at most so much a second, such as 50 MiB', rate)
    .option('--restart', 'begin anew; without it, one that was broken off goes on')
    .option('--json', 'print one JSON document instead of the text')
    .addHelpText(
      'after',
      '\nExit status: 0 all is there or was derived again, 1 something is lost, 2 not done or broken off.',
    )
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : NOT_DONE))
    .action(verify);
}

async function verify(flags: Flags): Promise<void> {
  const ending = new AbortController();
  const end = () => ending.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    const loaded = await loadConfiguration(flags.config ?? null);
    const data = flags.data === undefined ? loaded.data : resolve(flags.data);
    const progress = new VerifyProgress(process.stderr, systemClock);
    const { verifyData } = await import('../verify-main.ts');
    const verified = await verifyData({
      configuration: { ...loaded, data },
      clock: systemClock,
      // What is found is told at the end; the progress line is not to be written over.
      log: makeLogger('silent'),
      bytesPerSecond: flags.rate ?? null,
      isNew: flags.restart ?? false,
      onProgress: progress.show,
      signal: ending.signal,
    });
    progress.clear();
    process.stdout.write(flags.json === true ? verifiedJson(verified) : verifiedText(verified));
    process.exitCode = isSound(verified) ? 0 : LOST;
    if (verified.verification.ended === null) {
      process.stderr.write('gitbuilder: stopped before its end: run it again to go on\n');
      process.exitCode = NOT_DONE;
    }
  } catch (cause) {
    if (!(cause instanceof GitbuilderError)) throw cause;
    process.stderr.write(`gitbuilder: ${cause.message}\n${cause.advice}\n`);
    process.exitCode = NOT_DONE;
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}

function rate(text: string): number {
  const found = byteSize().safeParse(text);
  if (found.success && found.data > 0) return found.data;
  throw new InvalidArgumentError('It must be a size such as 50 MiB.');
}
