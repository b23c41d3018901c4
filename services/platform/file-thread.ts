import type { Worker } from 'node:worker_threads';
import type { Log } from '../domain/log.ts';
import type { FileJob, FromFileWorker, ToFileWorker } from './file-messages.ts';
import { directWriter, isList } from './file-writer.ts';
import type { Appended, FileWriter, NewFile, WrittenFile } from './file-writer.ts';
import { startThread } from './own-thread.ts';

/** So many files are worth a thread: a node that idles never has one. */
const WORTH_A_THREAD = 64;
const WRITTEN_DIRECTLY = 'until the next start they are written without it, which is slower';
const UTF8 = new TextEncoder();

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (cause: Error) => void;
}

/**
 * Has small files written by a thread of its own. A durable file takes seven rounds through libuv's
 * threads, each of which costs the main thread more than the file system; here it is one message,
 * shared with all that is asked for in the same turn. Until the thread is worth it and ready, and
 * after it broke, files are written directly.
 */
export class FileThread implements FileWriter {
  readonly #log: Log;
  readonly #worthAThread: number;
  readonly #startThread: () => Worker;
  readonly #waiters = new Map<number, Waiter>();
  #asked = 0;
  #worker: Worker | null = null;
  #isReady = false;
  #isBroken = false;
  #isClosed = false;
  #onIdle: (() => void) | null = null;
  /** Of this turn, to be sent at its end. */
  #jobs: FileJob[] = [];
  #leaving: ArrayBuffer[] = [];
  #sent = 0;

  constructor(options: {
    readonly log: Log;
    readonly worthAThread?: number;
    readonly startThread?: () => Worker;
  }) {
    this.#log = options.log;
    this.#worthAThread = options.worthAThread ?? WORTH_A_THREAD;
    this.#startThread =
      options.startThread ?? (() => startThread('./file-worker', import.meta.url));
  }

  /** Whether the thread is what writes now. */
  get isAtWork(): boolean {
    return this.#isReady && !this.#isBroken && !this.#isClosed;
  }

  put(file: NewFile): Promise<void> {
    return this.#isWorthIt() ? this.#post({ kind: 'put', ...file }) : directWriter.put(file);
  }

  append(end: Appended): Promise<void> {
    return this.#isWorthIt() ? this.#post({ kind: 'append', ...end }) : directWriter.append(end);
  }

  finish(written: WrittenFile): Promise<void> {
    return this.#isWorthIt()
      ? this.#post({ kind: 'finish', ...written })
      : directWriter.finish(written);
  }

  /** Waits for what the thread has to do and ends it; what comes later is written directly. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#waiters.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await this.#worker?.terminate();
  }

  #isWorthIt(): boolean {
    this.#asked += 1;
    const isWanted = this.#worker === null && !this.#isBroken && !this.#isClosed;
    if (isWanted && this.#asked >= this.#worthAThread) this.#start();
    return this.isAtWork;
  }

  #start(): void {
    let worker: Worker;
    try {
      worker = this.#startThread();
    } catch (cause) {
      // As where a container may have no more threads: that is no reason to refuse a file.
      this.#isBroken = true;
      this.#log.warn({ err: cause }, `no thread to write files with: ${WRITTEN_DIRECTLY}`);
      return;
    }
    worker.on('message', (message: FromFileWorker) => {
      // Its first one says only that it has begun; its last one may come when it is known to be broken.
      this.#isReady = true;
      this.#settle(message);
    });
    worker.on('error', (cause) => this.#breakOff(cause));
    worker.on('exit', () => this.#breakOff(new Error('the file thread has ended')));
    this.#worker = worker;
  }

  #post(job: FileJob): Promise<void> {
    if (this.#jobs.length === 0) queueMicrotask(() => this.#send());
    this.#jobs.push(this.#packed(job));
    const id = this.#sent + this.#jobs.length - 1;
    if (this.#waiters.size === 0) this.#worker?.ref();
    return new Promise((resolve, reject) => this.#waiters.set(id, { resolve, reject }));
  }

  #send(): void {
    const message: ToFileWorker = { first: this.#sent, jobs: this.#jobs };
    this.#sent += this.#jobs.length;
    const leaving = this.#leaving;
    this.#jobs = [];
    this.#leaving = [];
    this.#worker?.postMessage(message, leaving);
  }

  #packed(job: FileJob): FileJob {
    switch (job.kind) {
      case 'finish':
        return job;
      case 'append':
        return { ...job, bytes: this.#copy(job.bytes) };
      case 'put': {
        const { bytes } = job;
        const isGiven = isList(bytes);
        return {
          ...job,
          bytes: isGiven ? bytes.map((part) => this.#take(part)) : this.#copy(bytes),
        };
      }
    }
  }

  #take(bytes: Uint8Array): Uint8Array {
    if (bytes.length !== bytes.buffer.byteLength) return this.#copy(bytes);
    // Shared memory cannot be given away, and nothing here has any.
    if (bytes.buffer instanceof ArrayBuffer) this.#leaving.push(bytes.buffer);
    return bytes;
  }

  /**
   * It goes away with the message; of a view, the whole buffer behind it would. A text would be
   * garbage in the thread's heap, which is collected late.
   */
  #copy(bytes: Uint8Array | string): Uint8Array {
    const copy = typeof bytes === 'string' ? UTF8.encode(bytes) : new Uint8Array(bytes);
    this.#leaving.push(copy.buffer);
    return copy;
  }

  #settle({ done, failures }: FromFileWorker): void {
    const failed = new Map(failures);
    for (const id of done) {
      const waiter = this.#waiters.get(id);
      this.#waiters.delete(id);
      const failure = failed.get(id);
      if (failure === undefined) waiter?.resolve();
      else waiter?.reject(Object.assign(new Error(failure.message), { code: failure.code }));
    }
    this.#lookIdle();
  }

  #breakOff(cause: Error): void {
    if (!this.#isBroken && !this.#isClosed)
      this.#log.error({ err: cause }, `the thread that writes files broke: ${WRITTEN_DIRECTLY}`);
    this.#isBroken = true;
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const { reject } of waiters) reject(cause);
    this.#lookIdle();
  }

  #lookIdle(): void {
    if (this.#waiters.size > 0) return;
    this.#worker?.unref();
    this.#onIdle?.();
  }
}
