import { join } from 'node:path';
import { z } from 'zod';
import { openDocument } from '../../services/platform/document.ts';
import type { Document } from '../../services/platform/document.ts';
import { readOrDamaged } from '../../services/adapters/read-or-damaged.ts';
import type { DemandRecords } from '../ports.ts';
import type { Demand } from '../rules/demand.ts';

const demand = z.object({
  id: z.string(),
  label: z.string(),
  build: z.string().nullable(),
  block: z.string(),
  hint: z.string().nullable(),
  created: z.string(),
  expires: z.string(),
}) satisfies z.ZodType<Demand>;
const stored = z.object({ demands: z.array(demand) });
interface Stored {
  readonly demands: readonly Demand[];
}

/** The open demands, in one lowdb document: they are few, small and short-lived. */
export class DemandDocument implements DemandRecords {
  readonly #document: Document<Stored>;

  constructor(document: Document<Stored>) {
    this.#document = document;
  }

  get(id: string): Demand | undefined {
    return this.all().find((demand) => demand.id === id);
  }

  all(): readonly Demand[] {
    return this.#document.data.demands;
  }

  async change(decide: Parameters<DemandRecords['change']>[0]): Promise<void> {
    await this.#document.change((data) => {
      const { put = [], remove = [] } = decide(data.demands) ?? {};
      if (put.length === 0 && remove.length === 0) return data;
      const replaced = new Map(put.map((one) => [one.id, one]));
      const kept = data.demands
        .filter(({ id }) => !remove.includes(id))
        .map((one) => replaced.get(one.id) ?? one);
      const known = new Set(data.demands.map(({ id }) => id));
      return { demands: [...kept, ...put.filter(({ id }) => !known.has(id))] };
    });
  }

  close(): Promise<void> {
    return this.#document.flush();
  }
}

/** Loads the demands that were open when the service ended; DATA_DAMAGED when they cannot be read. */
export async function openDemandDocument(root: string): Promise<DemandDocument> {
  const path = join(root, 'demands.json');
  const format = { parse: (raw: unknown): Stored => stored.parse(raw) };
  const document = await readOrDamaged(path, () =>
    openDocument<Stored>(path, format, { demands: [] }),
  );
  return new DemandDocument(document);
}
