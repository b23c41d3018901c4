import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from '../run-tool.ts';

/** Only the index of the packages, with the cache of a former run: the least that apt-ftparchive does. */
export async function ftparchivePackages(debs: string, out: string): Promise<void> {
  mkdirSync(join(out, 'repo'), { recursive: true });
  const args = ['--db', join(out, 'packages.db'), 'packages', '.'];
  await runTool('apt-ftparchive', args, { cwd: debs, output: join(out, 'repo', 'Packages') });
}

/** What makes a repository of it: the compressed index and the Release file, still unsigned. */
export async function ftparchiveRepo(debs: string, out: string): Promise<void> {
  await ftparchivePackages(debs, out);
  const cwd = join(out, 'repo');
  await runTool('gzip', ['-kf', 'Packages'], { cwd });
  await runTool('apt-ftparchive', ['release', '.'], { cwd, output: join(out, 'Release') });
}
