import { BOOTSTRAP_FOLDER } from './bootstrap-order.ts';
import type { HandedFile } from './container.ts';
import type { Provision } from './template.ts';

/** Where the template's script lies while it runs. */
export const PROVISION_SCRIPT = `${BOOTSTRAP_FOLDER}/provision`;

/** What `/build/<node>/` packs: the template's files at their places, and its script. */
export function provisionFiles({ files, script }: Provision): readonly HandedFile[] {
  const kept = files.map(({ path, content, mode }) => ({ path, content, mode }));
  if (script === null) return kept;
  const hasProgram = script.startsWith('#!');
  const content = hasProgram ? script : `#!/bin/sh\nset -eu\n${script}`;
  return [...kept, { path: PROVISION_SCRIPT, content, mode: 0o700 }];
}
