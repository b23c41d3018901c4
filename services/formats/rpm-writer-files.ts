import { createHash } from 'node:crypto';
import type { RpmValue } from './rpm-header-writer.ts';
import { FILE, TAG } from './rpm-tags.ts';

export interface RpmFileInput {
  /** Absolute. */
  readonly path: string;
  /** Permissions; of a folder with FILE.folder. */
  readonly mode: number;
  readonly content: Uint8Array | string;
  /** Bits of FILE, such as config and ghost. */
  readonly flags?: number;
}

interface StoredFile {
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer;
  readonly flags: number;
  readonly isFolder: boolean;
  /** Belongs to the package without being in it. */
  readonly ghost: boolean;
}

/** In the order that rpm wants files in, with the bits of their types. */
export function sortedFiles(files: readonly RpmFileInput[]): StoredFile[] {
  return files
    .map(({ path, mode, content, flags = 0 }) => {
      const typed = (mode & FILE.typeMask) === 0 ? mode | FILE.regular : mode;
      const isFolder = (typed & FILE.typeMask) === FILE.folder;
      const ghost = (flags & FILE.ghost) !== 0;
      return { path, mode: typed, content: Buffer.from(content), flags, isFolder, ghost };
    })
    .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

/** The tags that describe files, each with one value per file; none when there are no files. */
export function fileTags(files: readonly StoredFile[], time: number): [number, RpmValue][] {
  const size = files.reduce((sum, { content }) => sum + content.length, 0);
  const sizeTag: [number, RpmValue] = [TAG.size, { type: 'int32', values: [size] }];
  if (files.length === 0) return [sizeTag];
  const folders = [...new Set(files.map(({ path }) => folderOf(path)))];
  const int32 = (value: (file: StoredFile, index: number) => number): RpmValue => {
    return { type: 'int32', values: files.map(value) };
  };
  const int16 = (value: (file: StoredFile) => number): RpmValue => {
    return { type: 'int16', values: files.map(value) };
  };
  const strings = (value: (file: StoredFile) => string): RpmValue => {
    return { type: 'strings', values: files.map(value) };
  };
  return [
    sizeTag,
    [TAG.fileSizes, int32(({ content }) => content.length)],
    [TAG.fileModes, int16(({ mode }) => mode)],
    [TAG.fileDevices, int16(() => 0)],
    [TAG.fileTimes, int32(() => time)],
    [TAG.fileDigests, strings(digestOf)],
    [TAG.fileLinks, strings(() => '')],
    [TAG.fileFlags, int32(({ flags }) => flags)],
    [TAG.fileUsers, strings(() => 'root')],
    [TAG.fileGroups, strings(() => 'root')],
    [TAG.fileVerifyFlags, int32(() => 0xffffffff)],
    [TAG.fileSystems, int32(() => 1)],
    [TAG.fileInodes, int32((_, index) => index + 1)],
    [TAG.fileLanguages, strings(() => '')],
    [TAG.dirIndexes, int32(({ path }) => folders.indexOf(folderOf(path)))],
    [TAG.baseNames, strings(({ path }) => path.slice(path.lastIndexOf('/') + 1))],
    [TAG.dirNames, { type: 'strings', values: folders }],
    [TAG.fileDigestAlgorithm, { type: 'int32', values: [8] }],
  ];
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** Of regular files that are in the package. */
function digestOf({ content, isFolder, ghost }: StoredFile): string {
  return isFolder || ghost ? '' : createHash('sha256').update(content).digest('hex');
}
