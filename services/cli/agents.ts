import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { z } from 'zod';
import { AgentDetailJson, AgentJson, QueueJson } from '../api/agent-schemas.ts';
import { loadConfiguration } from '../platform/configuration.ts';
import { queueText } from './agents/queue-table.ts';
import { agentText, agentsAnswer, agentsText } from './agents/tables.ts';
import { command, PROCESS, reader, say, writer } from './agents/surroundings.ts';
import type { AgentsSurroundings, Flags } from './agents/surroundings.ts';
import { templateAndHostCommands } from './agents/templates-and-hosts.ts';

/** Adds to `agents` what an operator asks and does; `lint` needs no service. */
export function agentsCommands(agents: Command, around: AgentsSurroundings = PROCESS): void {
  const { env } = around;
  const path = (agent: string, action = '') =>
    `api/v1/agents/${encodeURIComponent(agent)}${action}`;

  command(agents, 'list', 'the agents there are')
    .option('--history', 'also those that are gone')
    .option('--state <states>', 'only these, several with commas')
    .option('--template <name>', 'only of this template')
    .option('--host <name>', 'only on this host')
    .option('--build <url>', 'only of this build')
    .action(async (flags: Flags & ListFlags) => {
      const answer = await reader(flags, env).then((client) =>
        client.ask('GET', `api/v1/agents?${listQuery(flags)}`, agentsAnswer),
      );
      say(around, flags, answer, agentsText(answer.agents, new Date()));
    });
  command(agents, 'show', 'one agent: phases with their times, steps, last lines')
    .argument('<agent>', 'id, or name of its node')
    .action(async (agent: string, flags: Flags) => {
      const answer = await (await reader(flags, env)).ask('GET', path(agent), AgentDetailJson);
      say(around, flags, answer, agentText(answer));
    });
  command(agents, 'queue', 'what waits for an agent, and why it has none').action(
    async (flags: Flags) => {
      const client = await reader(flags, env);
      const answer = await client.ask('GET', 'api/v1/queue', QueueJson);
      say(around, flags, answer, queueText(answer));
    },
  );
  command(agents, 'logs', 'the last lines of its container')
    .argument('<agent>', 'id, or name of its node')
    .option('--lines <number>', 'how many', whole, 100)
    .action(async (agent: string, flags: Flags & { readonly lines: number }) => {
      const client = await writer(flags, env);
      const text = await client.send('GET', path(agent, `/logs?lines=${flags.lines}`));
      say(around, flags, text.split('\n').slice(0, -1), text);
    });
  const act = (name: string, help: string) =>
    command(agents, name, help).argument('<agent>', 'id, or name of its node');
  const done = async (flags: Flags, agent: string, action: string, body?: object) => {
    const client = await writer(flags, env);
    const answer = await client.ask('POST', path(agent, `/${action}`), AgentJson, body);
    say(around, flags, answer, agentsText([answer], new Date()));
  };
  act('drain', 'no new builds on it; deleted when it is idle').action(
    (agent: string, flags: Flags) => done(flags, agent, 'drain'),
  );
  act('hold', 'no new builds on it, and kept for a look')
    .option('--seconds <number>', 'for so long', whole, 3600)
    .option('--reason <text>', 'for others who wonder')
    .action(
      (agent: string, flags: Flags & { readonly seconds: number; readonly reason?: string }) =>
        done(flags, agent, 'hold', { seconds: flags.seconds, reason: flags.reason ?? null }),
    );
  act('release', 'ends a hold: deleted when it is idle').action((agent: string, flags: Flags) =>
    done(flags, agent, 'release'),
  );
  command(agents, 'retry', 'forget the failures of a template, and try at once')
    .argument('<template>', 'its name')
    .action(async (template: string, flags: Flags) => {
      const where = `api/v1/templates/${encodeURIComponent(template)}/retry`;
      const answer = await (await writer(flags, env)).ask('POST', where, z.looseObject({}));
      say(around, flags, answer, `${template} is tried again\n`);
    });
  templateAndHostCommands(agents, around);
  lintCommand(agents, around);
}

function lintCommand(agents: Command, { output, fail }: AgentsSurroundings): void {
  agents
    .command('lint')
    .description('read templates as the service would, and say what is wrong with them')
    .argument('[path]', 'a file or folder; without it, what the configuration names')
    .option('--config <file>', 'configuration whose hosts and privileges they must fit')
    .action(async (path: string | undefined, flags: { readonly config?: string }) => {
      const { agents: settings } = await loadConfiguration(flags.config ?? null);
      // Without a configuration, nobody knows the hosts.
      const engines = flags.config === undefined ? [] : settings.engines;
      const { lintTemplates } = await import('../../node-agent/lint-main.ts');
      const { templates, problems } = await lintTemplates(path ?? settings.templates, engines);
      for (const problem of problems) output.write(`${problem}\n`);
      if (problems.length > 0) return fail();
      const names = templates.map(({ name }) => name).join(', ');
      const found = templates.length === 1 ? '1 template is' : `${templates.length} templates are`;
      output.write(names === '' ? 'there are no templates\n' : `${found} fine: ${names}\n`);
    });
}

interface ListFlags {
  readonly history?: true;
  readonly state?: string;
  readonly template?: string;
  readonly host?: string;
  readonly build?: string;
}

function listQuery({ history, state, template, host, build }: ListFlags): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ state, template, host, build })) {
    if (value !== undefined) query.set(name, value);
  }
  if (history === true) query.set('history', '1');
  return query.toString();
}

function whole(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}
