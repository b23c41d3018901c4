import { readFile } from 'node:fs/promises';
import type { FileWriter } from '../platform/file-writer.ts';
import { Lanes } from '../platform/lanes.ts';

/**
 * Writes a derivable file whole or not at all; not fsynced, because it can be found out again. It is
 * begun in the folder of what is incoming: that one is emptied at each start, so that nobody has to
 * look through the folders of all blobs for what was left half done.
 */
export function writeBeside(
  files: FileWriter,
  incoming: string,
  path: string,
  text: string,
): Promise<void> {
  return files.put({ path, bytes: text, durable: false, beginIn: incoming });
}

/** Enough to keep a disk busy. Thousands of files at once would leave none for the other requests. */
const PARALLEL = 16;

/** Reads what is kept beside blobs, a few files at a time whoever asks for how many. */
export class BesideBlobs {
  readonly #lanes = new Lanes(PARALLEL);

  /** Null when it was never written, is lost or cannot be read: then it is found out again. */
  read(path: string): Promise<string | null> {
    return this.#lanes.run(async () => {
      try {
        return await readFile(path, 'utf8');
      } catch {
        return null;
      }
    });
  }
}
