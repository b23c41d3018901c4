#!/usr/bin/env node
import { Command } from 'commander';
import { agentImageCommands } from './agent-images.ts';
import { agentsCommands } from './agents.ts';
import { demoCommand } from './demo.ts';
import { keepCommands } from './keep.ts';
import { keyCommands } from './key.ts';
import { serveCommand } from './serve.ts';
import { uploadCommand } from './upload.ts';
import { troubleOf } from './upload/problem.ts';
import { troubleText } from './upload/report.ts';
import { verifyCommand } from './verify.ts';
import { ownVersion } from './version.ts';

const program = new Command('gitbuilder')
  .description('from a git ref to installable, findable apt and yum repositories')
  .version(ownVersion())
  .showHelpAfterError();
serveCommand(program);
demoCommand(program);
keyCommands(program);
uploadCommand(program);
keepCommands(program);
verifyCommand(program);
const agents = program
  .command('agents')
  .description('agents of Jenkins: see, operate, make images');
agentsCommands(agents);
agentImageCommands(agents);

try {
  await program.parseAsync();
} catch (cause) {
  process.stderr.write(`gitbuilder: ${troubleText(troubleOf(cause))}\n`);
  process.exitCode = 1;
}
