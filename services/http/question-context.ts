import type { BlockList } from 'node:net';
import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import { clientAddress } from '../platform/forwarded.ts';
import { HeldRequests } from '../platform/held-requests.ts';
import { Turns } from '../platform/turns.ts';
import { EventFeed } from '../shaman/event-feed.ts';
import { Waiters } from '../shaman/wait-for.ts';
import { EventStreams } from './event-streams.ts';
import type { Holding } from './answer-question.ts';
import { eventData } from './shaman-events.ts';
import type { ShamanContext } from './shaman-context.ts';

/** What the handlers of questions work with. */
export interface QuestionContext extends Holding {
  readonly streams: EventStreams;
  /** Answers all who wait and ends all streams; nobody can wait from then on. */
  close(): void;
}

/** Makes it once, in the composition root; from then on changes are noted for those who come back. */
export function questionContext(
  { repos, builds, commits, clock, distros }: ShamanContext,
  options: {
    readonly heldPerAddress: number;
    readonly heldTotal: number;
    readonly keptEvents: number;
    readonly trusted: BlockList;
    readonly metrics: Registry;
  },
): QuestionContext {
  const turns = new Turns();
  const held = new HeldRequests({
    perAddress: options.heldPerAddress,
    total: options.heldTotal,
  });
  const feed = new EventFeed({ repos, builds, commits }, options.keptEvents);
  new Gauge({
    name: 'gitbuilder_shaman_held_requests',
    help: 'Requests that wait for an answer to change, and event streams.',
    labelNames: ['kind'],
    registers: [options.metrics],
    collect() {
      for (const kind of ['wait', 'stream'] as const) this.set({ kind }, held.count(kind));
    },
  });
  return {
    turns,
    held,
    clock,
    waiters: new Waiters({ repos, builds, clock, soon: (work) => turns.add(work) }),
    streams: new EventStreams({
      feed,
      turns,
      clock,
      dataOf: (event) => eventData(event, distros),
    }),
    addressOf: (request) => clientAddress(request, options.trusted),
    close: () => held.close(),
  };
}
