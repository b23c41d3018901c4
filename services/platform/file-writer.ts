import { fsync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { closeSoon, makeFolder, syncFolder, writeWhole } from './durable-file.ts';

const sync = promisify(fsync);

/** A small file to be put in place whole. */
export interface NewFile {
  readonly path: string;
  /** The parts of a list are given: they may be taken away from the caller, which saves a copy. */
  readonly bytes: Uint8Array | string | readonly Uint8Array[];
  /** False spares the fsyncs, for what can be found out again after a power loss. */
  readonly durable: boolean;
  /** Where it is begun, on the same disk; the folder of its path when not said. */
  readonly beginIn?: string;
  /** Nobody waits for it: a writer that does several things at a time may do the others first. */
  readonly behind?: boolean;
  /** A folder that is made before, durably, with those above it that are missing. */
  readonly inNewFolder?: string;
}

/** Bytes that go to the end of a file. */
export interface Appended {
  readonly path: string;
  readonly bytes: Uint8Array | string;
  /** Makes the name durable in its folder, too. */
  readonly isNew: boolean;
}

/** A file that is complete and open, neither durable nor under its name. */
export interface WrittenFile {
  /** Its descriptor, which stays with the caller and must stay open meanwhile. */
  readonly descriptor: number;
  readonly from: string;
  readonly path: string;
}

/**
 * Writes the small files that stores are made of, durably before they resolve. What is written is
 * complete in memory before; failures are those of the file system, with their codes.
 */
export interface FileWriter {
  /** Temporary file, fsync, rename, fsync of the folder: a crash leaves the old or the new file, whole. */
  put(file: NewFile): Promise<void>;
  /** One write and one fdatasync. A failure may leave part of the bytes. */
  append(end: Appended): Promise<void>;
  /** The end of `put` for a file that was written before: fsync, rename, fsync of the folder. */
  finish(written: WrittenFile): Promise<void>;
}

/** Writes in the calling thread, whose every step waits for one of libuv's threads. */
export const directWriter: FileWriter = {
  async put({ path, bytes, durable, beginIn, inNewFolder }) {
    if (inNewFolder !== undefined) {
      await makeFolder(inNewFolder);
      // Also where it was there already: whoever has made it may not have come so far.
      await syncFolder(dirname(resolve(inNewFolder)));
    }
    const whole = isList(bytes) ? Buffer.concat(bytes) : bytes;
    await writeWhole(path, whole, { durable, beginIn });
  },
  async append({ path, bytes, isNew }) {
    const file = await open(path, 'a', 0o644);
    try {
      await file.writeFile(bytes);
      await file.datasync();
    } finally {
      closeSoon(file);
    }
    if (isNew) await syncFolder(dirname(path));
  },
  async finish({ descriptor, from, path }) {
    await sync(descriptor);
    await rename(from, path);
    await syncFolder(dirname(path));
  },
};

/** Tells a list of parts from what is whole. */
export function isList(bytes: NewFile['bytes']): bytes is readonly Uint8Array[] {
  return Array.isArray(bytes);
}
