import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** One package file of a corpus. */
export interface CorpusFile {
  readonly name: string;
  readonly path: string;
  readonly size: number;
}

/** Packages in one flat folder, the form that every tool takes. */
export interface Corpus {
  readonly what: string;
  readonly folder: string;
  readonly files: readonly CorpusFile[];
  readonly bytes: number;
}

/** What a folder holds, the largest first and the smallest last. */
export function corpusOf(folder: string, ending: string, what: string): Corpus {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => ({ name, path: join(folder, name), size: statSync(join(folder, name)).size }))
    .sort((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1));
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return { what, folder, files, bytes };
}
