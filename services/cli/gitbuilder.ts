#!/usr/bin/env node
import { Command, Help } from 'commander';
import { serveCommand } from './serve.ts';
import { troubleOf } from './upload/problem.ts';
import { troubleText } from './upload/report.ts';
import { ownVersion } from './version.ts';

const program = new Command('gitbuilder')
  .description('from a git ref to installable, findable apt and yum repositories')
  .version(ownVersion())
  .configureHelp({
    optionDescription: (option) =>
      `${new Help().optionDescription(option)}${option.mandatory ? ' (required)' : ''}`,
  })
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
