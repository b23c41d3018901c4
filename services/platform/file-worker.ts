import {
  closeSync,
  existsSync,
  fdatasync,
  fsync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parentPort } from 'node:worker_threads';
import { reasonOf } from '../domain/reason.ts';
import { temporaryPath } from './durable-file.ts';
import type { FileFailure, FileJob, FromFileWorker, ToFileWorker } from './file-messages.ts';
import { isList } from './file-writer.ts';
import type { Appended, NewFile, WrittenFile } from './file-writer.ts';

/**
 * Runs in a thread of its own. What only touches memory of the kernel is done at once, which costs
 * a tenth of a round through libuv's threads; only what waits for the disk goes there, so that many
 * files wait for it together.
 */
const sync = promisify(fsync);
const syncData = promisify(fdatasync);

async function put({ path, bytes, durable, beginIn, inNewFolder }: NewFile): Promise<void> {
  if (inNewFolder !== undefined) await makeFolder(inNewFolder);
  const temporary = temporaryPath(beginIn ?? dirname(path));
  try {
    const file = openSync(temporary, 'wx', 0o644);
    try {
      writeAll(file, bytes);
      if (durable) await sync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  }
  if (durable) await syncFolder(dirname(path));
}

async function append({ path, bytes, isNew }: Appended): Promise<void> {
  const file = openSync(path, 'a', 0o644);
  try {
    writeAll(file, bytes);
    await syncData(file);
  } finally {
    closeSync(file);
  }
  if (isNew) await syncFolder(dirname(path));
}

async function finish({ descriptor, from, path }: WrittenFile): Promise<void> {
  await sync(descriptor);
  renameSync(from, path);
  await syncFolder(dirname(path));
}

async function makeFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  // Also where it is there already: whoever has made it may not have come so far.
  const parents = new Set([dirname(path)]);
  makeOneByOne(path, parents);
  await Promise.all([...parents].map(syncFolder));
}

/** As `makeFolder` of durable-file.ts, which waits at each step; tells which folders got a new name. */
function makeOneByOne(folder: string, parents: Set<string>): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeOneByOne(parent, parents);
  try {
    mkdirSync(folder);
  } catch (cause) {
    // Another thread may have made it in between.
    if (!existsSync(folder)) throw cause;
  }
  parents.add(parent);
}

async function syncFolder(path: string): Promise<void> {
  const folder = openSync(path, 'r');
  try {
    await sync(folder);
  } finally {
    closeSync(folder);
  }
}

function writeAll(file: number, bytes: NewFile['bytes']): void {
  if (isList(bytes)) {
    for (const part of bytes) writeAll(file, part);
    return;
  }
  const all = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  for (let done = 0; done < all.length;) done += writeSync(file, all, done, all.length - done);
}

/** Does what nobody waits for one by one, each in a turn of its own: what waits for a disk ends in between. */
class Behind {
  #last: Promise<void> = Promise.resolve();

  put(file: NewFile): Promise<void> {
    const done = this.#last.then(() => nextTurn()).then(() => put(file));
    this.#last = done.catch(() => undefined);
    return done;
  }
}

function run(job: FileJob): Promise<void> {
  switch (job.kind) {
    case 'put':
      return job.behind === true ? behind.put(job) : put(job);
    case 'append':
      return append(job);
    case 'finish':
      return finish(job);
  }
}

function failureOf(cause: unknown): FileFailure {
  const message = reasonOf(cause);
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  return { message, code };
}

/** Tells at once what ends in one turn. */
class Report {
  #done: number[] = [];
  #failures: [number, FileFailure][] = [];

  add(job: number, failure: FileFailure | null): void {
    if (this.#done.length === 0) setImmediate(() => this.send());
    this.#done.push(job);
    if (failure !== null) this.#failures.push([job, failure]);
  }

  send(): void {
    const message: FromFileWorker = { done: this.#done, failures: this.#failures };
    this.#done = [];
    this.#failures = [];
    parentPort?.postMessage(message);
  }
}

const behind = new Behind();
const report = new Report();
parentPort?.on('message', ({ first, jobs }: ToFileWorker) => {
  for (const [index, job] of jobs.entries()) {
    run(job).then(
      () => report.add(first + index, null),
      (cause: unknown) => report.add(first + index, failureOf(cause)),
    );
  }
});
// It is ready.
report.send();
