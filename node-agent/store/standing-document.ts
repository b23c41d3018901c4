import { join } from 'node:path';
import { z } from 'zod';
import { readOrDamaged } from '../../services/adapters/read-or-damaged.ts';
import { openDocument } from '../../services/platform/document.ts';
import type { Document } from '../../services/platform/document.ts';
import type { Standing, StandingRecord } from '../ports.ts';

const brake = z.object({
  templateDigest: z.string(),
  failures: z.int(),
  reason: z.string(),
  until: z.string(),
});
const stored = z.object({
  drainedTemplates: z.array(z.string()),
  drainedHosts: z.array(z.string()),
  brakes: z.record(z.string(), brake),
  // Documents of earlier versions have none.
  cacheUses: z.record(z.string(), z.record(z.string(), z.string())).default({}),
}) satisfies z.ZodType<Standing>;
const NOTHING: Standing = { drainedTemplates: [], drainedHosts: [], brakes: {}, cacheUses: {} };

/** What was said of templates and hosts, in one lowdb document. */
export class StandingDocument implements StandingRecord {
  readonly #document: Document<Standing>;

  constructor(document: Document<Standing>) {
    this.#document = document;
  }

  get(): Standing {
    return this.#document.data;
  }

  async change(decide: (standing: Standing) => Standing): Promise<void> {
    await this.#document.change(decide);
  }

  close(): Promise<void> {
    return this.#document.flush();
  }
}

/** Loads what was said before; DATA_DAMAGED when it cannot be read. */
export async function openStandingDocument(root: string): Promise<StandingDocument> {
  const path = join(root, 'standing.json');
  const format = { parse: (raw: unknown): Standing => stored.parse(raw) };
  return new StandingDocument(
    await readOrDamaged(path, () => openDocument<Standing>(path, format, NOTHING)),
  );
}
