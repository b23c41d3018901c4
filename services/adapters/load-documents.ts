import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, sweepTemporaries } from '../platform/durable-file.ts';
import { DurableJsonAdapter } from '../platform/durable-json-adapter.ts';
import type { DocumentFormat } from '../platform/durable-json-adapter.ts';
import { inParallel } from './in-parallel.ts';
import { readOrDamaged } from './read-or-damaged.ts';

const PARALLEL = 16;

/** Every document in a folder, which is made where it is not there; DATA_DAMAGED names one that cannot be read. */
export async function loadDocuments<T>(folder: string, format: DocumentFormat<T>): Promise<T[]> {
  await makeFolder(folder);
  await sweepTemporaries(folder);
  const loaded: T[] = [];
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  await inParallel(names, PARALLEL, async (name) => {
    const path = join(folder, name);
    const document = await readOrDamaged(path, () => new DurableJsonAdapter(path, format).read());
    if (document !== null) loaded.push(document);
  });
  return loaded;
}
