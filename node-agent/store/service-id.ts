import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, writeDurably } from '../../services/platform/durable-file.ts';

/**
 * The id of this service, made at its first start: containers and nodes are ours by it alone, so it is
 * durable before anything is made.
 */
export async function ownServiceId(root: string): Promise<string> {
  const file = join(root, 'service-id');
  try {
    const id = (await readFile(file, 'utf8')).trim();
    if (/^[a-z0-9][a-z0-9-]{0,39}$/.test(id)) return id;
    throw new Error(`${file} must hold one word of letters and digits`);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
  }
  const id = randomBytes(6).toString('hex');
  await writeDurably(file, `${id}\n`);
  return id;
}
