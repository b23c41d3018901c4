import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from '../run-tool.ts';

/** A repository of a folder of packages, from nothing, as chacra has it made. */
export async function createrepo(
  rpms: string,
  out: string,
  options: readonly string[] = [],
): Promise<void> {
  rmSync(join(out, 'repodata'), { recursive: true, force: true });
  await runTool('createrepo_c', ['-q', '--no-database', ...options, '-o', out, rpms]);
}

/** The same, with the checksums that a former run kept. */
export function createrepoCached(rpms: string, out: string): Promise<void> {
  return createrepo(rpms, out, ['--cachedir', join(out, 'cache')]);
}

/** The existing repository brought up to date with what changed in the folder. */
export async function createrepoUpdate(rpms: string, out: string): Promise<void> {
  await runTool('createrepo_c', ['-q', '--no-database', '--update', '-o', out, rpms]);
}
