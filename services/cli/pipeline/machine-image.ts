import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { mustRun } from '../demo/run-tool.ts';

/** Links to folders below /usr on most systems of today. Not /sbin: Docker puts its init there. */
const TOP = ['bin', 'lib', 'lib32', 'lib64', 'libx32'].map((name) => `/${name}`);
/** What programs below /usr read beside it. No keys, and nobody's own files. */
const SETTINGS = ['alternatives', 'dpkg', 'perl', 'rpm'].map((name) => `/etc/${name}`);
const RECORDS = '/var/lib/dpkg';

/** The root of an image that holds nothing itself: its containers see this machine's programs. */
export async function machineRoot(): Promise<Buffer> {
  const archive = pack();
  const folder = (name: string, mode = 0o755) =>
    archive.entry({ name: `${name}/`, type: 'directory', mode });
  for (const name of ['etc', 'sbin', 'usr', 'var', 'root']) folder(name);
  for (const name of ['tmp', 'var/tmp']) folder(name, 0o1777);
  for (const path of TOP.filter(isLink)) {
    archive.entry({ name: path.slice(1), type: 'symlink', linkname: readlinkSync(path) });
  }
  const { uid, gid } = whoWeAre();
  const users = uid === 0 ? '' : `jenkins-build:x:${uid}:${gid}::/tmp:/bin/sh\n`;
  archive.entry({ name: 'etc/passwd' }, `root:x:0:0:root:/root:/bin/sh\n${users}`);
  archive.entry({ name: 'etc/group' }, `root:x:0:\n`);
  archive.finalize();
  return buffer(archive);
}

/** Folders of this machine that its containers see, and cannot change. */
export function machineFolders(): readonly string[] {
  const java = readdirSync('/etc').filter((name) => name.startsWith('java'));
  const settings = [...SETTINGS, ...java.map((name) => join('/etc', name)), RECORDS];
  const folders = TOP.filter((path) => existsSync(path) && !isLink(path));
  return ['/usr', ...folders, ...settings.filter((path) => existsSync(path))];
}

/** As whom its containers run, so that what they write in a shared folder is ours. */
export function whoWeAre(): { readonly uid: number; readonly gid: number } {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

/** Tools of this machine that its containers would not see. */
export async function toolsElsewhere(tools: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    tools.map(async (tool) => {
      const path = (await mustRun(['sh', '-c', 'command -v "$0"', tool])).trim();
      return { tool, path: realpathSync(path) };
    }),
  );
  const folders = machineFolders();
  const isSeen = (path: string) => folders.some((folder) => path.startsWith(`${folder}/`));
  return found.filter(({ path }) => !isSeen(path)).map(({ tool }) => tool);
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
