import { join } from 'node:path';
import { Low } from 'lowdb';
import { z } from 'zod';
import type { PinStore } from '../chacra/ports.ts';
import type { Pin, PinnedCommit } from '../domain/pin.ts';
import { removeDurably } from '../platform/durable-file.ts';
import { DurableJsonAdapter } from '../platform/durable-json-adapter.ts';
import { loadDocuments } from './load-documents.ts';
import { nameOnDisk } from './name-on-disk.ts';
import { SerialByKey } from './serial-by-key.ts';

const pinSchema = z.object({
  project: z.string(),
  ref: z.string(),
  sha1: z.string(),
  reason: z.string(),
  until: z.string().nullable(),
  by: z.string(),
  since: z.string(),
}) satisfies z.ZodType<Pin>;
const FORMAT = { parse: (raw: unknown): Pin => pinSchema.parse(raw) };

/** The pins on disk, one small lowdb document each, and all of them in memory. */
export class DiskPinStore implements PinStore {
  readonly #folder: string;
  readonly #pins = new Map<string, Pin>();
  readonly #serial = new SerialByKey();

  constructor(folder: string, pins: Iterable<Pin>) {
    this.#folder = folder;
    for (const pin of pins) this.#pins.set(keyOf(pin), pin);
  }

  get(commit: PinnedCommit): Pin | undefined {
    return this.#pins.get(keyOf(commit));
  }

  all(): Pin[] {
    const sorted = [...this.#pins].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([, pin]) => pin);
  }

  put(pin: Pin): Promise<void> {
    const key = keyOf(pin);
    const before = this.#pins.get(key);
    // What is held a moment too long does no harm; what goes in this moment is gone.
    this.#pins.set(key, pin);
    return this.#serial.run(key, async () => {
      try {
        await new Low<Pin>(new DurableJsonAdapter(this.#pathOf(key), FORMAT), pin).write();
      } catch (cause) {
        if (this.#pins.get(key) === pin) this.#restore(key, before);
        throw cause;
      }
    });
  }

  remove(commit: PinnedCommit): Promise<void> {
    const key = keyOf(commit);
    const pin = this.#pins.get(key);
    if (pin === undefined) return Promise.resolve();
    return this.#serial.run(key, async () => {
      await removeDurably(this.#pathOf(key));
      if (this.#pins.get(key) === pin) this.#pins.delete(key);
    });
  }

  #restore(key: string, before: Pin | undefined): void {
    if (before === undefined) this.#pins.delete(key);
    else this.#pins.set(key, before);
  }

  #pathOf(key: string): string {
    return join(this.#folder, `${nameOnDisk(key)}.json`);
  }
}

/** Loads the pins that the data folder holds; DATA_DAMAGED names a file that cannot be read. */
export async function openPinStore(options: {
  /** The folder of this service's data; the store makes `pins` in it. */
  readonly root: string;
}): Promise<DiskPinStore> {
  const folder = join(options.root, 'pins');
  return new DiskPinStore(folder, await loadDocuments(folder, FORMAT));
}

/** A line break stands in none of the three. */
function keyOf({ project, ref, sha1 }: PinnedCommit): string {
  return `${project}\n${ref}\n${sha1}`;
}
