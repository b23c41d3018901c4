import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isMissing } from '../../services/platform/durable-file.ts';
import type { HostSettings } from '../rules/host.ts';
import { readTemplates } from './read-templates.ts';
import type { ReadTemplates, TemplateFile } from './read-templates.ts';

/** A YAML file, or every `*.yaml` and `*.yml` of a folder in the order of their names; null where there is nothing. */
export async function readTemplateFiles(path: string): Promise<readonly TemplateFile[] | null> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw cause;
  }
  if (!isFolder) return [{ name: basename(path), text: await readFile(path, 'utf8') }];
  const names = (await readdir(path)).filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(path, name), 'utf8') })),
  );
}

/**
 * The templates at a path, each time as they are then. Nothing at all at the path is a mistake: a folder
 * that is replaced, mounted anew or misspelt is no order to let all agents go.
 */
export function templateSource(
  path: string,
  hosts: readonly Pick<HostSettings, 'name' | 'labels' | 'allow'>[],
): () => Promise<ReadTemplates> {
  return async () => {
    const files = await readTemplateFiles(path);
    if (files === null) {
      throw new Error(`${path} is not there: put an empty folder there for no templates`);
    }
    return readTemplates(files, hosts);
  };
}
