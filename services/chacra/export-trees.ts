import type { ExportTrees, TreeFile } from '../domain/export-tree.ts';
import { isEntryFile } from '../domain/generation.ts';
import type { Generation } from '../domain/generation.ts';
import { byHashPath, keptIndex } from './kept-files.ts';

/** Decides which files a repo is exported as; of two older generations with one path, the newer has it. */
export function exportTrees(live: Generation, older: readonly Generation[]): ExportTrees {
  const shown = filesOf(live);
  const before = new Map<string, TreeFile>();
  for (const generation of older.toSorted((a, b) => a.number - b.number)) {
    for (const [path, file] of filesOf(generation))
      if (!shown.has(path) && !isEntry(file)) before.set(path, file);
  }
  return { live: [...shown.values()], older: [...before.values()] };
}

/** A client would begin with it, and read what is over. */
function isEntry(file: TreeFile): boolean {
  return file.kind === 'index' && isEntryFile(file.index.file);
}

function filesOf(generation: Generation): Map<string, TreeFile> {
  const files = new Map<string, TreeFile>();
  for (const { path, sha256 } of generation.packages)
    files.set(path, { kind: 'package', path, sha256 });
  for (const file of generation.files) {
    const index = keptIndex(file, generation);
    for (const path of [file.path, byHashPath(file)])
      if (path !== null) files.set(path, { kind: 'index', path, sha256: file.sha256, index });
  }
  return files;
}
