import { stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { glob, isDynamicPattern } from 'tinyglobby';
import { UsageError } from './problem.ts';

/** Where names come from when none are in the arguments; a terminal has nothing to tell. */
export type NameSource = Readable & { readonly isTTY?: boolean };

/** The files that were named, each once: in arguments, which may be patterns, or else one a line. */
export async function namedFiles(
  named: readonly string[],
  source: NameSource,
): Promise<readonly string[]> {
  const paths =
    named.length > 0 ? (await Promise.all(named.map(matching))).flat() : await readNames(source);
  const seen = new Map(paths.map((path) => [resolve(path), path]));
  return [...seen.values()];
}

/** A name that exists is no pattern, whatever it holds; a pattern that matches nothing is missed later. */
async function matching(named: string): Promise<readonly string[]> {
  if (!isDynamicPattern(named) || (await exists(named))) return [named];
  const absolute = isAbsolute(named);
  const found = await glob(named, { absolute, onlyFiles: true, expandDirectories: false });
  return found.length === 0 ? [named] : found.sort();
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The protocol of chacractl: `find … | gitbuilder upload …`. */
async function readNames(source: NameSource): Promise<readonly string[]> {
  if (source.isTTY === true) throw new UsageError('name files, or send their names, one a line');
  const names = (await text(source)).split(/\r?\n/).filter((line) => line !== '');
  if (names.length === 0) throw new UsageError('no file was named, and standard input named none');
  return names;
}
