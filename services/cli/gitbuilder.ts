#!/usr/bin/env node
import { Command } from 'commander';
import { serveCommand } from './serve.ts';
import { troubleOf } from './upload/problem.ts';
import { troubleText } from './upload/report.ts';
import { ownVersion } from './version.ts';

const program = new Command('gitbuilder')
  .description('from a git ref to installable, findable apt and yum repositories')
  .version(ownVersion())
  .showHelpAfterError();
serveCommand(program);
// A service runs for months: it does not hold the code of commands that end.
if (process.argv[2] !== 'serve') (await import('./commands.ts')).commands(program);

try {
  await program.parseAsync();
} catch (cause) {
  process.stderr.write(`gitbuilder: ${troubleText(troubleOf(cause))}\n`);
  process.exitCode = 1;
}
