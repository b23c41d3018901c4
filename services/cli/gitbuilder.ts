#!/usr/bin/env node
import { Command } from 'commander';
import { GitbuilderError } from '../domain/errors.ts';
import { demoCommand } from './demo.ts';
import { keyCommands } from './key.ts';
import { serveCommand } from './serve.ts';
import { uploadCommand } from './upload.ts';
import { ownVersion } from './version.ts';

const program = new Command('gitbuilder')
  .description('from a git ref to installable, findable apt and yum repositories')
  .version(ownVersion())
  .showHelpAfterError();
serveCommand(program);
demoCommand(program);
keyCommands(program);
uploadCommand(program);

try {
  await program.parseAsync();
} catch (cause) {
  const message = cause instanceof Error ? cause.message : String(cause);
  const advice = cause instanceof GitbuilderError ? `\n${cause.advice}` : '';
  process.stderr.write(`gitbuilder: ${message}${advice}\n`);
  process.exitCode = 1;
}
