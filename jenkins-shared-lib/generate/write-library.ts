import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GENERATED } from './library-files.ts';

/** How a generated file is not as the catalogue says. */
export interface Difference {
  readonly path: string;
  /** An orphan is a file that nothing generates any more. */
  readonly kind: 'differs' | 'missing' | 'orphan';
}

/** Compares a library's generated folder with what it should hold; `write` makes it so. */
export function settleLibrary(
  library: string,
  files: ReadonlyMap<string, string>,
  options: { readonly write: boolean },
): Difference[] {
  const found = new Set(
    readdirSync(library, { withFileTypes: true }).some(({ name }) => name === GENERATED)
      ? readdirSync(join(library, GENERATED)).map((name) => `${GENERATED}/${name}`)
      : [],
  );
  const differences: Difference[] = [];
  for (const [path, text] of files) {
    if (!found.has(path)) differences.push({ path, kind: 'missing' });
    else if (readFileSync(join(library, path), 'utf8') !== text)
      differences.push({ path, kind: 'differs' });
  }
  for (const path of found) if (!files.has(path)) differences.push({ path, kind: 'orphan' });
  if (options.write) for (const difference of differences) settle(library, difference, files);
  return differences;
}

function settle(
  library: string,
  { path, kind }: Difference,
  files: ReadonlyMap<string, string>,
): void {
  if (kind === 'orphan') {
    rmSync(join(library, path));
    return;
  }
  mkdirSync(join(library, GENERATED), { recursive: true });
  writeFileSync(join(library, path), files.get(path) ?? '');
}
