import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { hasTool, mustRun, runTool } from '../demo/run-tool.ts';

/** What the bootstrap of an agent and the stand-in for its java call. */
const APPLETS = [
  ...['awk', 'base64', 'cat', 'chmod', 'chown', 'gzip', 'head', 'id', 'mkdir', 'mkfifo', 'mktemp'],
  ...['nc', 'printf', 'rm', 'sh', 'sleep', 'tar', 'tr', 'uname', 'wc', 'wget'],
];

/** Why this machine's busybox cannot become an image; null when it can. */
export async function whyNoBusybox(): Promise<string | null> {
  if (!hasTool('busybox')) return 'busybox is not installed';
  const applets = await appletsHere();
  const missing = APPLETS.filter((applet) => !applets.includes(applet));
  return missing.length === 0 ? null : `the busybox here has no ${missing.join(', ')}`;
}

/** The root of an image that holds this machine's busybox and nothing else, as a tar. */
export async function busyboxRoot(): Promise<Buffer> {
  const path = (await mustRun(['sh', '-c', 'command -v busybox'])).trim();
  const archive = pack();
  const folder = (name: string, mode = 0o755) =>
    archive.entry({ name: `${name}/`, type: 'directory', mode });
  for (const name of ['bin', 'etc', 'root']) folder(name);
  folder('tmp', 0o1777);
  archive.entry({ name: 'etc/passwd' }, 'root:x:0:0:root:/root:/bin/sh\n');
  archive.entry({ name: 'etc/group' }, 'root:x:0:\n');
  archive.entry({ name: 'bin/busybox', mode: 0o755 }, await readFile(path));
  for (const applet of await appletsHere()) {
    if (applet === 'busybox') continue;
    archive.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox' });
  }
  for (const library of await librariesOf(path)) {
    archive.entry({ name: library.slice(1), mode: 0o755 }, await readFile(library));
  }
  archive.finalize();
  return buffer(archive);
}

async function appletsHere(): Promise<readonly string[]> {
  return (await mustRun(['busybox', '--list'])).split('\n').filter((name) => name !== '');
}

/** None where it is linked statically, as in Debian's package busybox-static. */
async function librariesOf(path: string): Promise<readonly string[]> {
  if (!hasTool('ldd')) return [];
  const { status, output } = await runTool(['ldd', path]);
  return status === 0 ? [...new Set(output.match(/\/[^\s()]+/g))] : [];
}
