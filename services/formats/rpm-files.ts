import { Malformed, shown } from './malformed.ts';
import type { RpmTags } from './rpm-header.ts';
import { FILE, TAG } from './rpm-tags.ts';
import { isXmlText } from './xml-text.ts';

export interface RpmFile {
  readonly path: string;
  readonly kind: 'file' | 'dir' | 'ghost';
}

/** PATH_MAX: nothing longer can be installed. */
const LONGEST_PATH = 4096;
/** Names and folders are stored apart, so a small header can stand for far more text than its own size. */
const MOST_TEXT = 64 * 1024 * 1024;

/** The files of a package in its own order; those of a source package have no folder. */
export function readFiles(tags: RpmTags): RpmFile[] {
  const paths = readPaths(tags);
  const flags = tags.numbers(TAG.fileFlags);
  const modes = tags.numbers(TAG.fileModes);
  if (flags.length !== paths.length || modes.length !== paths.length) {
    throw new Malformed('the names, flags and modes of its files differ in number');
  }
  let text = 0;
  return paths.map((path, index) => {
    text += path.length;
    if (path.length > LONGEST_PATH) throw new Malformed(`its path ${shown(path)} is too long`);
    if (text > MOST_TEXT) throw new Malformed(`its paths are longer than ${MOST_TEXT} characters`);
    if (!isXmlText(path)) throw new Malformed(`its path ${shown(path)} holds a control character`);
    return { path, kind: kindOf(modes[index] ?? 0, flags[index] ?? 0) };
  });
}

/** Since rpm 4 as folders, names and which name is in which folder; before as whole paths. */
function readPaths(tags: RpmTags): string[] {
  const names = tags.texts(TAG.baseNames);
  if (names.length === 0) return tags.texts(TAG.oldFileNames);
  const folders = tags.texts(TAG.dirNames);
  const places = tags.numbers(TAG.dirIndexes);
  if (places.length !== names.length) {
    throw new Malformed('the names and folders of its files differ in number');
  }
  return names.map((name, index) => {
    const folder = folders[places[index] ?? 0];
    if (folder === undefined) throw new Malformed(`its file ${shown(name)} has no folder`);
    return folder + name;
  });
}

function kindOf(mode: number, flags: number): RpmFile['kind'] {
  if ((mode & FILE.typeMask) === FILE.folder) return 'dir';
  return flags & FILE.ghost ? 'ghost' : 'file';
}
