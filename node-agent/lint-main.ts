import type { Configuration } from '../services/platform/settings.ts';
import { hostSettings } from './docker/open-engine.ts';
import { readTemplates } from './templates/read-templates.ts';
import type { ReadTemplates } from './templates/read-templates.ts';
import { readTemplateFiles } from './templates/template-folder.ts';

/**
 * Reads templates as the service would, with the hosts that the configuration names; rejects where
 * there is nothing to read, for a misspelt path must not pass.
 */
export async function lintTemplates(
  path: string,
  engines: Configuration['agents']['engines'],
): Promise<ReadTemplates> {
  const files = await readTemplateFiles(path);
  if (files === null) {
    throw new Error(
      `${path} does not exist: name a file or folder of templates, or --config FILE, whose agents.templates says where they are`,
    );
  }
  return readTemplates(files, engines.map(hostSettings));
}
