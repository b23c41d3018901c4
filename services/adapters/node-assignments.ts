import { join } from 'node:path';
import { z } from 'zod';
import { openDocument } from '../platform/document.ts';
import type { Document } from '../platform/document.ts';
import type { NodeAssignment, NodeAssignments } from '../shaman/ports.ts';
import { readOrDamaged } from './read-or-damaged.ts';

const assignment = z.object({ host: z.string(), at: z.string() });
const stored = z.object({ assigned: z.record(z.string(), assignment) });
type Stored = Readonly<z.infer<typeof stored>>;

/** Which sha1 went to which node during the last day, in one lowdb document. */
export class DiskNodeAssignments implements NodeAssignments {
  readonly #document: Document<Stored>;

  constructor(document: Document<Stored>) {
    this.#document = document;
  }

  get(key: string): NodeAssignment | undefined {
    const { assigned } = this.#document.data;
    return Object.hasOwn(assigned, key) ? assigned[key] : undefined;
  }

  async put(key: string, value: NodeAssignment, expired: string): Promise<void> {
    await this.#document.change((data) => {
      const before = Object.hasOwn(data.assigned, key) ? data.assigned[key] : undefined;
      if (before?.host === value.host && before.at === value.at) return data;
      const kept = Object.entries(data.assigned).filter(([, { at }]) => at > expired);
      return { assigned: Object.fromEntries([...kept, [key, value]]) };
    });
  }
}

/** Loads the assignments; DATA_DAMAGED when they cannot be read. */
export async function openNodeAssignments(root: string): Promise<DiskNodeAssignments> {
  const path = join(root, 'assignments.json');
  const format = { parse: (raw: unknown): Stored => stored.parse(raw) };
  const document = await readOrDamaged(path, () =>
    openDocument<Stored>(path, format, { assigned: {} }),
  );
  return new DiskNodeAssignments(document);
}
