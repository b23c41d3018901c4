import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder on a disk, not in memory: durable writes are part of what is measured. */
export function diskFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'gitbuilder-bench-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
