import { randomBytes } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasTool, mustRun } from './run-tool.ts';

/** A small real project, as it stands in its git repository. */
export interface DemoProject {
  readonly name: string;
  readonly folder: string;
  readonly ref: string;
  readonly sha1: string;
  /** What packages of this commit are called. */
  readonly version: string;
}

export const PROGRAM = 'hello-gitbuilder';
const DESCRIPTION = 'Greets whoever built it';

/** The program's text; it tells the commit that it was built from. */
export const programText = (sha1: string): string =>
  `#!/bin/sh\necho "hello from gitbuilder, built from ${sha1.slice(0, 12)}"\n`;

const FILES: Readonly<Record<string, string>> = {
  'README.md': `# ${PROGRAM}\n\n${DESCRIPTION}.\n`,
  [`${PROGRAM}.in`]: programText('@SHA1@'),
  'debian/control.in': `Package: ${PROGRAM}
Version: @VERSION@
Architecture: all
Maintainer: gitbuilder demo <demo@example.org>
Section: misc
Priority: optional
Description: ${DESCRIPTION}
`,
  [`${PROGRAM}.spec.in`]: `Name: ${PROGRAM}
Version: @VERSION@
Release: 1
Summary: ${DESCRIPTION}
License: MIT
BuildArch: noarch
AutoReqProv: no
%description
${DESCRIPTION}.
%install
install -D -m 755 %{_sourcedir}/${PROGRAM} %{buildroot}/usr/bin/${PROGRAM}
%files
/usr/bin/${PROGRAM}
`,
};

/** Commits the project; without git, a sha1 is drawn by lot and `say` tells so. */
export async function makeProject(
  folder: string,
  say: (text: string) => void,
): Promise<DemoProject> {
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await chmod(join(folder, `${PROGRAM}.in`), 0o755);
  const sha1 = hasTool('git') ? await commit(folder) : randomBytes(20).toString('hex');
  if (!hasTool('git')) say('git is not installed: the sha1 is made up');
  return { name: 'hello', folder, ref: 'main', sha1, version: `1.0+g${sha1.slice(0, 7)}` };
}

async function commit(folder: string): Promise<string> {
  const git = (...args: string[]) => mustRun(['git', ...args], { cwd: folder });
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '.');
  const author = ['-c', 'user.name=gitbuilder demo', '-c', 'user.email=demo@example.org'];
  await git(...author, 'commit', '--quiet', '--message', 'Say hello');
  return (await git('rev-parse', 'HEAD')).trim();
}
