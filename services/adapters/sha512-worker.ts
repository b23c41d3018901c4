import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { reasonOf } from '../domain/reason.ts';
import { CoreCourtesy, beNice } from './core-courtesy.ts';
import type { FromSha512Worker, Sha512Task, ToSha512Worker } from './sha512-messages.ts';

/** Runs in a thread of its own: reads files that are still growing, as far as it is told they are written. */
interface Followed {
  readonly descriptor: number;
  readonly hash: Hash;
  position: number;
}

const followed = new Map<number, Followed>();
/** What is still to be done, in the order in which it was told. */
const told: Sha512Task[] = [];
/** Nobody but old clients asks for this digest, and seldom at once. */
const courtesy = new CoreCourtesy();
const buffer = Buffer.allocUnsafe(1024 * 1024);

/** Reads the next piece up to the end; answers its bytes. */
function readTowards(file: Followed, end: number): number {
  const wanted = Math.min(buffer.length, end - file.position);
  if (wanted <= 0) return 0;
  const count = readSync(file.descriptor, buffer, 0, wanted, file.position);
  if (count === 0) throw new Error('the file is shorter than what was written to it');
  file.hash.update(buffer.subarray(0, count));
  file.position += count;
  return count;
}

function drop(id: number): void {
  const file = followed.get(id);
  if (file === undefined) return;
  followed.delete(id);
  closeSync(file.descriptor);
}

/** Does a piece of what it was told; answers the bytes it read, 0 when nothing is left to do. */
function obey(message: Sha512Task): number {
  const { id } = message;
  switch (message.kind) {
    case 'open': {
      const descriptor = openSync(message.path, 'r');
      followed.set(id, { descriptor, hash: createHash('sha512'), position: 0 });
      return 0;
    }
    case 'advance':
    case 'finish': {
      const file = followed.get(id);
      // Reading it failed before, and that was told.
      if (file === undefined) return 0;
      const count = readTowards(file, message.size);
      if (count > 0 || message.kind === 'advance') return count;
      drop(id);
      answer({ id, digest: file.hash.digest('hex') });
      return 0;
    }
    case 'drop':
      drop(id);
      return 0;
  }
}

function answer(message: FromSha512Worker): void {
  parentPort?.postMessage(message);
}

async function work(): Promise<void> {
  for (let message = told[0]; message !== undefined; message = told[0]) {
    let count = 0;
    try {
      count = obey(message);
    } catch (cause) {
      drop(message.id);
      const failure = reasonOf(cause);
      answer({ id: message.id, failure });
    }
    await courtesy.after(count);
    // Last: a message that comes meanwhile must not find an empty list, and begin this a second time.
    if (count === 0) told.shift();
  }
}

beNice();
parentPort?.on('message', (message: ToSha512Worker) => {
  if (message.kind === 'hurry') {
    courtesy.isSuspended = message.isWaitedFor;
    return;
  }
  told.push(message);
  if (told.length === 1) void work();
});
