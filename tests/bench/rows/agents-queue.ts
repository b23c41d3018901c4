import { setTimeout as wait } from 'node:timers/promises';
import type { AgentsServer } from '../agents/agents-server.ts';
import { onSite } from '../agents/agents-site.ts';
import type { AgentsSite } from '../agents/agents-site.ts';
import { told } from '../agents/controller.ts';
import type { Controller } from '../agents/controller.ts';
import { lastOf } from '../agents/engine-events.ts';
import { interleaved } from '../pairs.ts';
import type { Finding, Row } from '../row.ts';
import { duration, median, spread } from '../statistics.ts';

const ITEMS = 100;
const CAP = 40;
const SECONDS = 2;
const POLL_MILLISECONDS = 1000;
const LOOK_MILLISECONDS = 50;
/** Polls after the last container started, in which one too many would be made. */
const POLLS_AFTER = 6;

const JOB = {
  ...{ name: 'bench', label: 'noble && x86_64', quietMilliseconds: 0, concurrent: true },
  parameters: { number: '0' },
};

/** What Jenkins' queue shows without anybody posting a demand: how soon it is seen, and how many are made. */
export const agentsQueue: Row = {
  name: 'agents-queue',
  table: 'agents',
  needs: ['engine'],
  async run(bench): Promise<Finding[]> {
    const short = { ...JOB, body: { kind: 'lasts', milliseconds: 0 } } as const;
    const one = await onSite('bench-queue', [short], async (site) => {
      const server = await site.serve();
      await queued(site, server, 0);
      return interleaved(bench, {
        ours: async (round) => {
          // At another moment between two polls each time.
          await wait((POLL_MILLISECONDS * (round + 0.5)) / bench.runs);
          return queued(site, server, round + 1);
        },
        bare: () => site.bare.startAll(1, 1),
      });
    });
    const [items, cap] = bench.quick ? [ITEMS / 10, CAP / 10] : [ITEMS, CAP];
    const held = { ...JOB, body: { kind: 'hold' } } as const;
    const many = await onSite('bench-cap', [held], (site) => capped(site, items, cap));
    const more = median(one.ours) - median(one.bare);
    return [
      {
        what: 'item in the queue, no demand → container started',
        ours: spread(one.ours, duration),
        beside: `bare create + start: ${spread(one.bare, duration)}`,
        ratio: `${more < 0 ? '−' : '+'}${duration(Math.abs(more))}`,
        target: `≤ +${duration(SECONDS)}`,
        reached: more <= SECONDS,
      },
      {
        what: `containers made for ${items} equal items, cap ${cap}`,
        ours: `${many.made}, ${many.busy} of them with a build; started within ${duration(many.seconds)}`,
        beside: '',
        ratio: '',
        target: `exactly ${cap}`,
        reached: many.made === cap && many.busy === cap,
      },
    ];
  },
};

/** Puts one item into the queue; the seconds until the container runs. Its build ends as it begins. */
async function queued(
  { controller, events }: AgentsSite,
  server: AgentsServer,
  number: number,
): Promise<number> {
  const started = events.next('start', 1);
  const begun = Date.now();
  const item = await told(controller.api.startBuild(JOB.name, { number: String(number) }));
  const seconds = (lastOf(await started) - begun) / 1000;
  await told(controller.api.cancelItem(item));
  // What the service has read last still shows it, and would have another agent made.
  await pollsOf(controller, 2);
  await server.removeAll();
  return seconds;
}

/** Waits for the next so many polls of the service. */
async function pollsOf(controller: Controller, count: number): Promise<void> {
  const enough = controller.polls() + count;
  while (controller.polls() < enough) await wait(LOOK_MILLISECONDS);
}

/** Queues all items at once, and answers what was made for them, once all that are made have a build. */
async function capped(site: AgentsSite, items: number, cap: number) {
  const { controller, events } = site;
  const server = await site.serve({ agents: [`cap: ${cap}`, 'reconcileSeconds: 2'] });
  const started = events.next('start', cap);
  const begun = Date.now();
  await Promise.all(
    Array.from({ length: items }, (_, number) =>
      told(controller.api.startBuild(JOB.name, { number: String(number) })),
    ),
  );
  const seconds = (lastOf(await started) - begun) / 1000;
  await server.until(
    (agents) => agents.length >= cap && agents.every(({ state }) => state === 'draining'),
  );
  await pollsOf(controller, POLLS_AFTER);
  const { value: computers } = await told(controller.api.computers());
  const busy = computers.filter(({ builds }) => builds.length > 0).length;
  const made = events.seen.filter(({ action }) => action === 'create').length;
  return { seconds, busy, made };
}
