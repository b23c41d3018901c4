import type { Command } from 'commander';
import { agentImageCommands } from './agent-images.ts';
import { agentsCommands } from './agents.ts';
import { demoCommand } from './demo.ts';
import { keepCommands } from './keep.ts';
import { keyCommands } from './key.ts';
import { uploadCommand } from './upload.ts';
import { verifyCommand } from './verify.ts';

/** Adds every command but `serve`. What a command needs to do its work is imported when it is run. */
export function commands(program: Command): void {
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
}
