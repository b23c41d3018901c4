import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { aptRoot } from './apt-root.ts';
import { PROGRAM } from './demo-project.ts';
import { dnfRoot, zypperRoot } from './rpm-root.ts';
import { canBeRoot, hasTool } from './run-tool.ts';

/** Installs from a source list and answers what the installed program printed. */
export interface Installer {
  readonly name: string;
  readonly tools: readonly string[];
  readonly format: 'sources' | 'repo';
  readonly distro: string;
  /** Whether it works for nobody else than root, even in a folder of one's own. */
  readonly asRoot: boolean;
  install(folder: string, sourceList: string, signal: AbortSignal): Promise<string>;
}

/** The real package managers, each in a root of its own: nothing of this machine is read or changed. */
export const INSTALLERS: readonly Installer[] = [
  {
    name: 'apt-get',
    tools: ['apt-get', 'dpkg'],
    format: 'sources',
    distro: 'debian',
    asRoot: false,
    async install(folder, sourceList, signal) {
      const root = aptRoot(await made(folder), signal);
      root.addSource('gitbuilder.sources', sourceList);
      await root.aptGet('update');
      await root.aptGet('install', PROGRAM);
      return root.command(PROGRAM);
    },
  },
  {
    name: 'dnf',
    tools: ['dnf', 'rpm'],
    format: 'repo',
    distro: 'centos',
    asRoot: true,
    async install(folder, sourceList, signal) {
      const root = dnfRoot(await made(folder), { signal });
      root.addRepo('gitbuilder.repo', sourceList);
      await root.run('install', PROGRAM);
      return root.command(PROGRAM);
    },
  },
  {
    name: 'zypper',
    tools: ['zypper', 'rpm'],
    format: 'repo',
    distro: 'centos',
    asRoot: true,
    async install(folder, sourceList, signal) {
      const root = zypperRoot(await made(folder), signal);
      root.addRepo('gitbuilder.repo', sourceList);
      await root.run('install', PROGRAM);
      return root.command(PROGRAM);
    },
  },
];

/** Why an installer cannot work here; null when it can. */
export async function whyNot({ tools, asRoot }: Installer): Promise<string | null> {
  const missing = tools.filter((tool) => !hasTool(tool));
  if (missing.length > 0) return `${missing.join(' and ')} not installed`;
  if (!asRoot || (await canBeRoot())) return null;
  return "it works for root only, and this system does not let its users run 'unshare --map-root-user'";
}

async function made(folder: string): Promise<string> {
  const path = join(folder, 'root');
  await mkdir(path, { recursive: true });
  return path;
}
