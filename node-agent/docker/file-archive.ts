import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import type { Pack } from 'tar-stream';
import type { HandedFile } from '../rules/container.ts';

/** Numbers of the user and group that a container runs as. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Files as the tar that Docker unpacks at the root of a container, with the folders that they lie in:
 * Docker makes missing ones so that everybody may write.
 */
export async function fileArchive(files: readonly HandedFile[], owner: Owner): Promise<Buffer> {
  const archive = pack();
  for (const folder of new Set(files.map(({ path }) => posix.dirname(path)))) {
    archive.entry({ ...owner, name: `${folder.slice(1)}/`, type: 'directory', mode: 0o755 });
  }
  return closed(archive, files, owner);
}

function closed(archive: Pack, files: readonly HandedFile[], owner: Owner): Promise<Buffer> {
  for (const { path, content, mode } of files) {
    archive.entry({ ...owner, name: path.slice(1), mode }, Buffer.from(content));
  }
  archive.finalize();
  return buffer(archive);
}

/** The text of the first file of an archive; empty when there is none. */
export async function firstFile(archive: NodeJS.ReadableStream): Promise<string> {
  const entries = extract();
  Readable.from(archive).pipe(entries);
  for await (const entry of entries) return (await buffer(entry)).toString();
  return '';
}

/**
 * What `/build/<node>/` answers: files at their places, for root, as a tar.gz. Without folders: tar makes
 * missing ones, and would give its own owner and mode to `/tmp` or a home that is there.
 */
export async function buildArchive(files: readonly HandedFile[]): Promise<Buffer> {
  return promisify(gzip)(await closed(pack(), files, { uid: 0, gid: 0 }));
}
