import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Low } from 'lowdb';
import { z } from 'zod';
import type { ProjectStore } from '../chacra/ports.ts';
import { makeFolder, removeDurably, sweepTemporaries } from '../platform/durable-file.ts';
import { DurableJsonAdapter } from '../platform/durable-json-adapter.ts';
import { inParallel } from './in-parallel.ts';
import { readOrDamaged } from './read-or-damaged.ts';
import { SerialByKey } from './serial-by-key.ts';

const PARALLEL = 16;

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
  await makeFolder(folder);
  await sweepTemporaries(folder);
  const names: string[] = [];
  const documents = (await readdir(folder)).filter((file) => file.endsWith('.json'));
  await inParallel(documents, PARALLEL, async (file) => {
    const path = join(folder, file);
    const project = await readOrDamaged(path, () => new DurableJsonAdapter(path, FORMAT).read());
    if (project !== null) names.push(project.name);
  });
  return new DiskProjectStore(folder, names);
}

/** Hashed, for encoded names can be longer than file names may be, and begin with a dot. */
function documentOf(folder: string, name: string): string {
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32);
  return join(folder, `${digest}.json`);
}
