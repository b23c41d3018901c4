import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDeb } from '../../formats/deb-writer.ts';
import { writeRpm } from '../../formats/rpm-writer.ts';
import { PROGRAM, programText } from './demo-project.ts';
import type { DemoProject } from './demo-project.ts';
import { hasTool, mustRun } from './run-tool.ts';

/** A package, and the platform that it is for. */
export interface BuiltPackage {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly distro: string;
  readonly version: string;
  readonly arch: string;
  /** What made it. */
  readonly by: string;
}

/** The deb of a commit: by dpkg-deb where there is one, else by gitbuilder's own writer. */
export async function buildDeb(project: DemoProject, folder: string): Promise<BuiltPackage> {
  const file = `${PROGRAM}_${project.version}_all.deb`;
  const platform = { file, distro: 'debian', version: 'bookworm', arch: 'x86_64' };
  const control = await filledIn(project, 'debian/control.in');
  if (!hasTool('dpkg-deb')) {
    const bytes = writeDeb({ ...contents(project), control: fieldsOf(control), compression: 'gz' });
    return { ...platform, bytes, by: "gitbuilder's own writer" };
  }
  const tree = join(folder, 'deb');
  await mkdir(join(tree, 'DEBIAN'), { recursive: true });
  await mkdir(join(tree, 'usr/bin'), { recursive: true });
  // The archive's modes are the tree's, whatever the umask here.
  for (const path of ['', 'DEBIAN', 'usr', 'usr/bin']) await chmod(join(tree, path), 0o755);
  await writeFile(join(tree, 'DEBIAN/control'), control);
  await writeProgram(project, join(tree, 'usr/bin', PROGRAM));
  await mustRun(['dpkg-deb', '--root-owner-group', '--build', 'deb', file], { cwd: folder });
  return { ...platform, bytes: await readFile(join(folder, file)), by: 'dpkg-deb' };
}

/** The rpm of a commit: by rpmbuild where there is one, else by gitbuilder's own writer. */
export async function buildRpm(project: DemoProject, folder: string): Promise<BuiltPackage> {
  const file = `${PROGRAM}-${project.version}-1.noarch.rpm`;
  const platform = { file, distro: 'centos', version: '9', arch: 'x86_64' };
  if (!hasTool('rpmbuild')) {
    const { files, mtime: buildTime } = contents(project);
    const bytes = writeRpm({
      name: PROGRAM,
      version: project.version,
      release: '1',
      arch: 'noarch',
      summary: 'Greets whoever built it',
      license: 'MIT',
      files,
      buildTime,
    });
    return { ...platform, bytes, by: "gitbuilder's own writer" };
  }
  const top = join(folder, 'rpm');
  await mkdir(top, { recursive: true });
  await writeFile(join(top, 'demo.spec'), await filledIn(project, `${PROGRAM}.spec.in`));
  await writeProgram(project, join(top, PROGRAM));
  const folders = ['_topdir', '_sourcedir', '_rpmdir', '_builddir', '_srcrpmdir'];
  const defines = [
    ...folders.map((name) => `${name} ${top}`),
    '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
  ].flatMap((define) => ['--define', define]);
  await mustRun(['rpmbuild', '--quiet', ...defines, '-bb', 'demo.spec'], { cwd: top });
  return { ...platform, bytes: await readFile(join(top, file)), by: 'rpmbuild' };
}

async function filledIn({ folder, version, sha1 }: DemoProject, path: string): Promise<string> {
  const text = await readFile(join(folder, path), 'utf8');
  return text.replaceAll('@VERSION@', version).replaceAll('@SHA1@', sha1);
}

async function writeProgram({ sha1 }: DemoProject, path: string): Promise<void> {
  await writeFile(path, programText(sha1), { mode: 0o755 });
  await chmod(path, 0o755);
}

function contents({ sha1 }: DemoProject) {
  const file = { path: `/usr/bin/${PROGRAM}`, mode: 0o755, content: programText(sha1) };
  return { files: [file], mtime: Math.floor(Date.now() / 1000) };
}

function fieldsOf(control: string): Record<string, string> {
  const lines = control.trimEnd().split('\n');
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
}
