import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeRpm } from '../../../services/formats/rpm-writer.ts';
import { runTool } from '../run-tool.ts';
import { corpusOf } from './corpus.ts';
import type { Corpus, CorpusFile } from './corpus.ts';

/** The same file trees as the debs, packed by rpmbuild with the dependencies it finds in them. */
export async function rpmsOf(debs: Corpus, say: (sentence: string) => void): Promise<Corpus> {
  const folder = join(`${debs.folder}-rpm`);
  const what = `${debs.what}, packed by rpmbuild`;
  if (existsSync(folder)) return corpusOf(folder, '.rpm', what);
  say(`packing the trees of ${debs.files.length} debs with rpmbuild; once, takes minutes`);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  for (const deb of debs.files) await pack(deb, partial);
  for (const left of ['top', 'tree']) rmSync(join(partial, left), { recursive: true, force: true });
  renameSync(partial, folder);
  return corpusOf(folder, '.rpm', what);
}

async function pack(deb: CorpusFile, folder: string): Promise<void> {
  const [tree, top] = [join(folder, 'tree'), join(folder, 'top')];
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree);
  await runTool('dpkg-deb', ['-x', deb.path, tree]);
  const [name = ''] = basename(deb.name).split('_');
  const spec = join(folder, 'package.spec');
  writeFileSync(spec, specOf(name, filesBelow(tree)));
  const defines = ['_topdir', '_rpmdir', '_builddir'].flatMap((key) => ['-D', `${key} ${top}`]);
  const root = ['--buildroot', tree, '--noclean'];
  await runTool('rpmbuild', ['-bb', '--quiet', ...defines, ...root, spec]);
  const made = readdirSync(join(top, 'x86_64')).filter((file) => file.endsWith('.rpm'));
  for (const file of made) renameSync(join(top, 'x86_64', file), join(folder, file));
  rmSync(spec);
}

function filesBelow(tree: string): string[] {
  return readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(
      (entry) => `"${join(entry.parentPath, entry.name).slice(tree.length).replaceAll('%', '%%')}"`,
    );
}

function specOf(name: string, files: readonly string[]): string {
  return `
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global _binary_payload w3.zstdio
%global _unpackaged_files_terminate_build 0
%global __brp_mangle_shebangs %{nil}
Name: ${name}
Epoch: 2
Version: 16.2.15
Release: 1
Summary: ${name} for the bench
License: LGPL-2.1
BuildArch: x86_64
%description
The file tree of the Debian package ${name}.
%files
${files.join('\n')}
%changelog
* Wed May 01 2024 Bench <bench@example.org> - 2:16.2.15-1
- packed anew
`;
}

/** Small packages for rows where the number counts. */
export function smallRpms(cache: string, count: number): Corpus {
  const folder = join(cache, `small-rpms-${count}`);
  if (!existsSync(folder)) {
    const partial = `${folder}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    for (let index = 0; index < count; index += 1) {
      const name = `small-${String(index).padStart(5, '0')}`;
      writeFileSync(join(partial, `${name}-1.0-1.x86_64.rpm`), smallRpm(name, 20_000));
    }
    renameSync(partial, folder);
  }
  return corpusOf(folder, '.rpm', `${count} generated packages`);
}

/** One package whose bytes nobody else has, of about the given size. */
export function smallRpm(name: string, bytes: number): Uint8Array {
  const paths = Array.from({ length: 20 }, (_, index) => `/usr/share/${name}/file-${index}`);
  return writeRpm({
    name,
    version: '1.0',
    release: '1',
    arch: 'x86_64',
    summary: `package ${name}`,
    description: 'It stands here so that the entry has the length that entries have. '.repeat(8),
    requires: ['/bin/sh', 'libc.so.6(GLIBC_2.34)(64bit)', 'zlib'].map((wanted) => ({
      name: wanted,
    })),
    files: paths.map((path) => ({ path, mode: 0o100644, content: randomBytes(bytes / 20) })),
    changelog: [{ time: 1_700_000_000, author: 'Bench <b@example.org>', text: '- first' }],
    buildTime: 1_700_000_000,
  });
}
