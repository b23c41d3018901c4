import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isMissing } from '../../services/platform/durable-file.ts';
import type { TemplateFile } from './read-templates.ts';

/** A YAML file, or every `*.yaml` and `*.yml` of a folder in the order of their names; none when there is none. */
export async function readTemplateFiles(path: string): Promise<readonly TemplateFile[]> {
  try {
    if (!(await stat(path)).isDirectory()) {
      return [{ name: basename(path), text: await readFile(path, 'utf8') }];
    }
    const names = (await readdir(path)).filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
    return await Promise.all(
      names.map(async (name) => ({ name, text: await readFile(join(path, name), 'utf8') })),
    );
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cause;
  }
}
