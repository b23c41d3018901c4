import { join } from 'node:path';
import { Low } from 'lowdb';
import { z } from 'zod';
import type { ProjectStore } from '../chacra/ports.ts';
import { removeDurably } from '../platform/durable-file.ts';
import { DurableJsonAdapter } from '../platform/durable-json-adapter.ts';
import { loadDocuments } from './load-documents.ts';
import { nameOnDisk } from './name-on-disk.ts';
import { SerialByKey } from './serial-by-key.ts';

const projectSchema = z.object({ name: z.string() });
type Project = z.infer<typeof projectSchema>;
const FORMAT = { parse: (raw: unknown): Project => projectSchema.parse(raw) };

/** The projects on disk, one small lowdb document each, and their names in memory. */
export class DiskProjectStore implements ProjectStore {
  readonly #folder: string;
  readonly #names: Set<string>;
  readonly #serial = new SerialByKey();

  constructor(folder: string, names: Iterable<string>) {
    this.#folder = folder;
    this.#names = new Set(names);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  names(): string[] {
    return [...this.#names].sort();
  }

  create(name: string): Promise<void> {
    return this.#serial.run(name, async () => {
      if (this.#names.has(name)) return;
      const adapter = new DurableJsonAdapter(documentOf(this.#folder, name), FORMAT);
      await new Low<Project>(adapter, { name }).write();
      this.#names.add(name);
    });
  }

  remove(name: string): Promise<void> {
    return this.#serial.run(name, async () => {
      if (!this.#names.has(name)) return;
      await removeDurably(documentOf(this.#folder, name));
      this.#names.delete(name);
    });
  }
}

/** Loads the projects that the data folder holds; DATA_DAMAGED names a file that cannot be read. */
export async function openProjectStore(options: {
  /** The folder of this service's data; the store makes `projects` in it. */
  readonly root: string;
}): Promise<DiskProjectStore> {
  const folder = join(options.root, 'projects');
  const projects = await loadDocuments(folder, FORMAT);
  return new DiskProjectStore(
    folder,
    projects.map(({ name }) => name),
  );
}

function documentOf(folder: string, name: string): string {
  return join(folder, `${nameOnDisk(name)}.json`);
}
