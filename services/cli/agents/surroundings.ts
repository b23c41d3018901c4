import type { Command } from 'commander';
import { addressOf, NodeClient } from '../keep/node-client.ts';
import { authorizationFrom } from '../key-file.ts';

/** What every command that speaks with the agent service is told. */
export interface Flags {
  readonly agents: string;
  readonly keyFile?: string;
  readonly json?: true;
}

/** What the commands touch besides the network. */
export interface AgentsSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly output: { write(text: string): unknown };
  readonly fail: () => void;
}

export const PROCESS: AgentsSurroundings = {
  env: process.env,
  output: process.stdout,
  fail: () => (process.exitCode = 1),
};

/** A command with the options that all of them have. */
export function command(above: Command, name: string, description: string): Command {
  return above
    .command(name)
    .description(description)
    .option('--agents <url>', 'the agent service', 'http://127.0.0.1:8082/')
    .option('--key-file <file>', 'one line, user:key; or name it in GITBUILDER_KEY_FILE')
    .option('--json', 'print the answer as JSON');
}

/** Prints an answer as it was asked for: as it is, or as text for people. */
export function say(
  { output }: AgentsSurroundings,
  flags: Flags,
  answer: unknown,
  text: string,
): void {
  output.write(flags.json === true ? `${JSON.stringify(answer, null, 2)}\n` : text);
}

/** Reading needs a key only where the service reads to nobody without one. */
export async function reader(flags: Flags, env: NodeJS.ProcessEnv): Promise<NodeClient> {
  const hasKey = flags.keyFile !== undefined || (env['GITBUILDER_KEY_FILE'] ?? '') !== '';
  const key = hasKey ? await authorizationFrom(flags.keyFile, env) : '';
  return new NodeClient(addressOf('--agents', flags.agents), key);
}

/** A client of somebody who may change things. */
export async function writer(flags: Flags, env: NodeJS.ProcessEnv): Promise<NodeClient> {
  const key = await authorizationFrom(flags.keyFile, env);
  return new NodeClient(addressOf('--agents', flags.agents), key);
}
