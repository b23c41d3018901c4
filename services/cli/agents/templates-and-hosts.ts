import type { Command } from 'commander';
import { z } from 'zod';
import { CacheJson, HostJson, PrunedCacheJson, TemplateJson } from '../../api/agent-schemas.ts';
import type { NodeClient } from '../keep/node-client.ts';
import { cachesText, hostsText, prunedText, templatesText } from './place-tables.ts';
import { command, reader, say, writer } from './surroundings.ts';
import type { AgentsSurroundings, Flags } from './surroundings.ts';

const templatesAnswer = z.object({
  templates: z.array(TemplateJson),
  problems: z.array(z.string()),
});
const hostsAnswer = z.object({ hosts: z.array(HostJson) });
const cachesAnswer = z.object({
  caches: z.array(CacheJson),
  silent: z.array(z.object({ host: z.string(), reason: z.string() })),
});
const prunedAnswer = z.object({ pruned: z.array(PrunedCacheJson) });
/** A template that was removed from the files can still be resumed: of it, nothing more is told. */
const drainAnswer = z.looseObject({ name: z.string(), drained: z.boolean() });

type DrainFlags = Flags & { readonly all?: true };

/** Adds `templates`, `hosts` and `caches` to `agents`: what an operator does before and after work on them. */
export function templateAndHostCommands(agents: Command, around: AgentsSurroundings): void {
  const templates = agents.command('templates').description('what agents are made from');
  command(templates, 'list', 'the templates, their agents and what keeps them from more').action(
    async (flags: Flags) => {
      const client = await reader(flags, around.env);
      const answer = await client.ask('GET', 'api/v1/templates', templatesAnswer);
      say(around, flags, answer, templatesText(answer.templates, answer.problems));
    },
  );
  drainCommands(
    templates,
    'template',
    around,
    async (client) => (await client.ask('GET', 'api/v1/templates', templatesAnswer)).templates,
  );
  const hosts = agents.command('hosts').description('where agents run');
  command(hosts, 'list', 'the hosts, whether they answer, and their agents').action(
    async (flags: Flags) => {
      const client = await reader(flags, around.env);
      const answer = await client.ask('GET', 'api/v1/hosts', hostsAnswer);
      say(around, flags, answer, hostsText(answer.hosts));
    },
  );
  drainCommands(
    hosts,
    'host',
    around,
    async (client) => (await client.ask('GET', 'api/v1/hosts', hostsAnswer)).hosts,
  );
  cacheCommands(agents, around);
}

function drainCommands(
  above: Command,
  kind: 'template' | 'host',
  around: AgentsSurroundings,
  all: (client: NodeClient) => Promise<readonly { readonly name: string }[]>,
): void {
  const where = kind === 'template' ? 'of it' : 'on it';
  for (const [verb, help] of [
    ['drain', `nothing new ${where}; its agents go when they are idle`],
    ['resume', 'take a drain back'],
  ] as const) {
    command(above, verb, help)
      .argument(`[${kind}...]`, 'their names')
      .option('--all', `every ${kind}`)
      .action(async (given: string[], flags: DrainFlags) => {
        const isAll = flags.all === true;
        if (isAll === given.length > 0)
          throw new Error(`name the ${kind}s to ${verb}, or say --all`);
        const client = await writer(flags, around.env);
        const names = isAll ? (await all(client)).map(({ name }) => name) : given;
        const answers: z.infer<typeof drainAnswer>[] = [];
        for (const name of names) {
          const path = `api/v1/${kind}s/${encodeURIComponent(name)}/${verb}`;
          answers.push(await client.ask('POST', path, drainAnswer));
        }
        const lines = answers.map(
          ({ name, drained }) => `${kind} ${name} ${drained ? 'is drained' : 'takes new agents'}\n`,
        );
        say(around, flags, answers, lines.join(''));
      });
  }
}

function cacheCommands(agents: Command, around: AgentsSurroundings): void {
  const caches = agents.command('caches').description('volumes that outlive their agents');
  command(caches, 'list', 'the caches of every host, and what they hold').action(
    async (flags: Flags) => {
      const client = await writer(flags, around.env);
      const answer = await client.ask('GET', 'api/v1/caches', cachesAnswer);
      say(around, flags, answer, cachesText(answer.caches, answer.silent, new Date()));
    },
  );
  command(caches, 'prune', 'remove now what is beyond the limits of its host').action(
    async (flags: Flags) => {
      const client = await writer(flags, around.env);
      const answer = await client.ask('POST', 'api/v1/caches/prune', prunedAnswer);
      say(around, flags, answer, prunedText(answer.pruned));
      if (answer.pruned.some(({ left }) => left !== null)) around.fail();
    },
  );
  command(caches, 'remove', 'throw a cache away, such as one with rubbish in it')
    .argument('<host>', 'name of the host')
    .argument('<cache>', 'as templates call it')
    .action(async (host: string, cache: string, flags: Flags) => {
      const client = await writer(flags, around.env);
      const path = `api/v1/hosts/${encodeURIComponent(host)}/caches/${encodeURIComponent(cache)}`;
      const answer = await client.ask('DELETE', path, CacheJson);
      say(around, flags, answer, `${cache} of ${host} is removed\n`);
    });
}
