import { Malformed } from './malformed.ts';
import type { RpmTags } from './rpm-header.ts';
import { TAG } from './rpm-tags.ts';
import { requireLegal } from './xml-text.ts';

export interface RpmFileEntry {
  readonly path: string;
  readonly kind: 'file' | 'dir' | 'ghost';
}

const GHOST = 64;
const KIND_OF_MODE = 0o170000;
const DIRECTORY = 0o040000;
/** Many files may share one long folder name, so that a small header could grow without end. */
const LONGEST = 32 * 1024 * 1024;

/** The files of a package in its own order. */
export function rpmFiles(tags: RpmTags): readonly RpmFileEntry[] {
  const paths = filePaths(tags);
  const modes = tags.numbers(TAG.fileModes) ?? [];
  const flags = tags.numbers(TAG.fileFlags) ?? [];
  if (modes.length !== paths.length || flags.length !== paths.length) {
    throw new Malformed('its lists of file names, modes and flags differ in length');
  }
  return paths.map((path, index) => {
    const mode = modes[index] ?? 0;
    if ((mode & KIND_OF_MODE) === DIRECTORY) return { path, kind: 'dir' };
    return { path, kind: ((flags[index] ?? 0) & GHOST) === 0 ? 'file' : 'ghost' };
  });
}

/** Names stand in three lists (folder names, base names, index of the folder of each), in one before rpm 4. */
function filePaths(tags: RpmTags): readonly string[] {
  const baseNames = tags.texts(TAG.baseNames);
  if (baseNames === undefined) return (tags.texts(TAG.oldFileNames) ?? []).map(legalPath);
  const folders = tags.texts(TAG.dirNames) ?? [];
  const indexes = tags.numbers(TAG.dirIndexes) ?? [];
  let length = 0;
  return baseNames.map((baseName, index) => {
    const folder = folders[indexes[index] ?? -1];
    if (folder === undefined) throw new Malformed(`its file number ${index} is in no folder`);
    length += folder.length + baseName.length;
    if (length > LONGEST)
      throw new Malformed(`its file names take more than ${LONGEST} characters`);
    return legalPath(folder + baseName);
  });
}

function legalPath(path: string): string {
  return requireLegal('file name', path);
}

/** Whether a path stands in primary.xml too, where clients look for what provides a path (createrepo_c's rule). */
export function isPrimaryPath(path: string): boolean {
  return path.startsWith('/etc/') || path.includes('bin/') || path === '/usr/lib/sendmail';
}

/** One `<file>` element, the same in both documents that list files. */
export function fileElement({ path, kind }: RpmFileEntry, escaped: string): string {
  return kind === 'file' ? `<file>${escaped}</file>\n` : `<file type="${kind}">${escaped}</file>\n`;
}
