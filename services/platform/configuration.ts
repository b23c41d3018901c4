import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { YAMLException, load } from 'js-yaml';
import type { z } from 'zod';
import { GitbuilderError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import { reasonOf } from '../domain/reason.ts';
import { isMissing } from './durable-file.ts';
import { ANY_ENTRY, ANY_NAME, settingRows } from './settings-table.ts';
import type { SettingRow } from './settings-table.ts';
import { settings } from './settings.ts';
import type { Configuration } from './settings.ts';
import { yamlLines } from './yaml-lines.ts';

interface Problem {
  readonly line: number;
  readonly text: string;
}

/** Reads the configuration file; without one, every setting has its default, below the working folder. */
export async function loadConfiguration(file: string | null): Promise<Configuration> {
  if (file === null) return settings(process.cwd()).parse({});
  const path = resolve(file);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const reason = reasonOf(error);
    const problems = isMissing(error) ? 'there is no such file' : reason;
    throw new GitbuilderError('CONFIGURATION_INVALID', { file, problems }, { cause: error });
  }
  return parseConfiguration(text, path);
}

/** Makes a configuration of a file's text, or throws CONFIGURATION_INVALID with every problem and its line. */
export function parseConfiguration(text: string, file: string): Configuration {
  const found = settings(dirname(file)).safeParse(withoutEmpty(read(text, file) ?? {}));
  if (found.success) return found.data;
  const line = yamlLines(text);
  const problems = found.error.issues.flatMap((issue) => describe(issue, line));
  return refuse(file, problems);
}

function read(text: string, file: string): unknown {
  // js-yaml refuses a file without any value, such as one that is all comments.
  if (/^(\s*(#.*)?(\n|$))*$/.test(text)) return {};
  try {
    return load(text, { filename: file });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return refuse(file, [{ line: (error.mark?.line ?? 0) + 1, text: error.reason }]);
  }
}

function refuse(file: string, problems: readonly Problem[]): never {
  const lines = [...problems]
    .sort((a, b) => a.line - b.line)
    .map((problem) => `${file}:${problem.line}: ${problem.text}`);
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
  throw new GitbuilderError('CONFIGURATION_INVALID', {
    file,
    problems: [count, ...lines].join('\n'),
  });
}

/** A key with nothing after it counts as absent: `chacra:` with every line below it commented out. */
function withoutEmpty(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return value ?? undefined;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutEmpty(inner)]));
}

function describe(issue: z.core.$ZodIssue, line: (path: PropertyKey[]) => number): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      line: line([...issue.path, key]),
      text: `${dotted([...issue.path, key])}: unknown setting${suggestion(issue.path, key)}`,
    }));
  }
  const missing = issue.message.endsWith('received undefined');
  const reason = missing ? 'is missing' : issue.message.replace(/^Invalid (input|option): /, '');
  const name = issue.path.length === 0 ? 'the file' : dotted(issue.path);
  return [{ line: line(issue.path), text: `${name}: ${reason}` }];
}

/** A setting of a like name at this place, or else one of this very name elsewhere. */
function suggestion(path: readonly PropertyKey[], key: string): string {
  const rows = settingRows();
  const here = rows.filter((row) => standsBelow(row, path)).map((row) => row.path.at(-1) ?? '');
  const like = nearest(key, here);
  const meant =
    like === null ? rows.find((row) => row.path.at(-1) === key)?.name : dotted([...path, like]);
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

function standsBelow(row: SettingRow, path: readonly PropertyKey[]): boolean {
  const above = row.path.slice(0, -1);
  const fits = (part: string, index: number) =>
    part === ANY_NAME || part === ANY_ENTRY || part === path[index];
  return above.length === path.length && above.every(fits);
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}
