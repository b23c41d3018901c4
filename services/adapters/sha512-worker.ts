import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { closeSync, openSync, readSync, readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort } from 'node:worker_threads';
import type { FromSha512Worker, ToSha512Worker } from './sha512-messages.ts';

/** Runs in a thread of its own: reads files that are still growing, as far as it is told they are written. */
interface Followed {
  readonly descriptor: number;
  readonly hash: Hash;
  position: number;
}

const NICENESS = 10;
const followed = new Map<number, Followed>();
const buffer = Buffer.allocUnsafe(1024 * 1024);

function readUpTo(file: Followed, end: number): void {
  while (file.position < end) {
    const wanted = Math.min(buffer.length, end - file.position);
    const count = readSync(file.descriptor, buffer, 0, wanted, file.position);
    if (count === 0) throw new Error('the file is shorter than what was written to it');
    file.hash.update(buffer.subarray(0, count));
    file.position += count;
  }
}

function drop(id: number): void {
  const file = followed.get(id);
  if (file === undefined) return;
  followed.delete(id);
  closeSync(file.descriptor);
}

function obey(message: ToSha512Worker): FromSha512Worker | null {
  switch (message.kind) {
    case 'open': {
      const descriptor = openSync(message.path, 'r');
      followed.set(message.id, { descriptor, hash: createHash('sha512'), position: 0 });
      return null;
    }
    case 'advance':
    case 'finish': {
      const file = followed.get(message.id);
      // Reading it failed before, and that was told.
      if (file === undefined) return null;
      readUpTo(file, message.size);
      if (message.kind === 'advance') return null;
      drop(message.id);
      return { id: message.id, digest: file.hash.digest('hex') };
    }
    case 'drop':
      drop(message.id);
      return null;
  }
}

/** Uploads go first where they need the same core: nobody but old clients waits for this digest. */
function giveWay(): void {
  try {
    // Linux counts niceness by thread, and setpriority(2) takes a thread's id.
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), NICENESS);
  } catch {
    // Elsewhere all threads are equal.
  }
}

giveWay();
parentPort?.on('message', (message: ToSha512Worker) => {
  let answer: FromSha512Worker | null;
  try {
    answer = obey(message);
  } catch (cause) {
    drop(message.id);
    answer = { id: message.id, failure: cause instanceof Error ? cause.message : String(cause) };
  }
  if (answer !== null) parentPort?.postMessage(answer);
});
