import { join } from 'node:path';
import { z } from 'zod';
import type { WebhookEvent } from '../domain/webhook.ts';
import { makeFolder } from '../platform/durable-file.ts';
import { openJournal } from '../platform/journal.ts';
import type { Journal } from '../platform/journal.ts';
import type { WebhookOutbox } from '../shaman/ports.ts';
import { nameOnDisk } from './name-on-disk.ts';
import { readOrDamaged } from './read-or-damaged.ts';

const FULL_BYTES = 1024 * 1024;

const event = z.object({
  order: z.number(),
  at: z.string(),
  kind: z.enum(['repo', 'build']),
  project: z.string(),
  ref: z.string(),
  sha1: z.string(),
  status: z.string(),
  before: z.string().nullable(),
  record: z.record(z.string(), z.unknown()),
}) satisfies z.ZodType<WebhookEvent>;
/** An event that was noted, one that was delivered, or where a file begins. */
const line = z.union([
  z.object({ add: event }),
  z.object({ done: z.number() }),
  z.object({ from: z.number() }),
]);

interface Waiting {
  readonly event: WebhookEvent;
  /** The journal that holds it. */
  readonly journal: Journal;
}

/**
 * One receiver's outbox in two journals: events are added to one; the other, once everything in it
 * is delivered, is emptied and takes its turn. So neither grows for ever, and nothing is rewritten.
 */
export class DiskWebhookOutbox implements WebhookOutbox {
  #active: Journal;
  #resting: Journal;
  #waiting: Waiting[] = [];
  #newest: number | null = null;

  constructor(active: Opened, resting: Opened) {
    this.#active = active.journal;
    this.#resting = resting.journal;
    this.#take(resting);
    this.#take(active);
    this.#waiting.sort((a, b) => a.event.order - b.event.order);
  }

  get newest(): number | null {
    return this.#newest;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  async begin(order: number): Promise<void> {
    this.#note(order);
    await this.#active.append({ from: order });
  }

  async add(added: WebhookEvent): Promise<void> {
    const journal = this.#active;
    this.#note(added.order);
    await journal.append({ add: added });
    this.#waiting.push({ event: added, journal });
  }

  first(): WebhookEvent | undefined {
    return this.#waiting[0]?.event;
  }

  async delivered({ order }: WebhookEvent): Promise<void> {
    const [first] = this.#waiting;
    if (first?.event.order !== order) return;
    this.#waiting.shift();
    await first.journal.append({ done: order });
    await this.#turn();
  }

  async close(): Promise<void> {
    await Promise.all([this.#active.close(), this.#resting.close()]);
  }

  /** Empties the resting journal when nothing in it waits, and swaps when the active one is full. */
  async #turn(): Promise<void> {
    if (this.#active.bytes < FULL_BYTES) return;
    if (this.#waiting.some(({ journal }) => journal === this.#resting)) return;
    const order = this.#newest ?? 0;
    await this.#resting.reset();
    await this.#resting.append({ from: order });
    [this.#active, this.#resting] = [this.#resting, this.#active];
  }

  #note(order: number): void {
    this.#newest = Math.max(this.#newest ?? 0, order);
  }

  #take({ journal, lines }: Opened): void {
    const done = new Set(lines.flatMap((entry) => ('done' in entry ? [entry.done] : [])));
    for (const entry of lines) {
      if ('from' in entry) this.#note(entry.from);
      if (!('add' in entry)) continue;
      this.#note(entry.add.order);
      if (!done.has(entry.add.order)) this.#waiting.push({ event: entry.add, journal });
    }
  }
}

interface Opened {
  readonly journal: Journal;
  readonly lines: readonly z.infer<typeof line>[];
}

/** Loads a receiver's outbox; DATA_DAMAGED names a file that cannot be read. */
export async function openWebhookOutbox(root: string, name: string): Promise<DiskWebhookOutbox> {
  const folder = join(root, 'webhooks', nameOnDisk(name));
  await makeFolder(folder);
  const [a, b] = await Promise.all(
    ['a.jsonl', 'b.jsonl'].map((file) => opened(join(folder, file))),
  );
  if (a === undefined || b === undefined) throw new TypeError('there are two files');
  // The longer one is emptied first.
  return a.journal.bytes >= b.journal.bytes
    ? new DiskWebhookOutbox(b, a)
    : new DiskWebhookOutbox(a, b);
}

async function opened(path: string): Promise<Opened> {
  return readOrDamaged(path, async () => {
    const { journal, entries } = await openJournal(path);
    return { journal, lines: entries.map((entry) => line.parse(entry)) };
  });
}
