import type { Worker } from 'node:worker_threads';
import { startThread } from '../platform/own-thread.ts';
import type { FromSha512Worker, ToSha512Worker } from './sha512-messages.ts';

/** The digest of one file that may still be growing. */
export interface Following {
  /** So many bytes are written by now. */
  advance(size: number): void;
  /** The file has this size; answers its sha512, hexadecimal. */
  finish(size: number): Promise<string>;
  /** Nobody wants the digest any more. */
  drop(): void;
}

const closed = () => new Error('the digest thread was closed');

/** Of a file that no thread reads. */
function unread(why: () => Error): Following {
  return {
    advance: () => undefined,
    finish: () => Promise.reject(why()),
    drop: () => undefined,
  };
}

interface Waiter {
  readonly resolve: (digest: string) => void;
  readonly reject: (cause: Error) => void;
}

/**
 * Computes sha512 beside the main thread: it is the slowest digest and only old clients ask for it.
 * The thread starts with its first file and does not keep the process alive by itself.
 */
export class Sha512Thread {
  readonly #waiters = new Map<number, Waiter>();
  #worker: Worker | null = null;
  #lastId = 0;
  #waiting = 0;
  #isClosed = false;
  readonly #startThread: () => Worker;

  constructor(startWorker = () => startThread('./sha512-worker', import.meta.url)) {
    this.#startThread = startWorker;
  }

  follow(path: string): Following {
    if (this.#isClosed) return unread(closed);
    let worker: Worker;
    try {
      worker = this.#start();
    } catch (cause) {
      // As where a container may have no more threads: that is no reason to refuse a file.
      return unread(() => new Error('no thread to compute sha512 with', { cause }));
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const tell = (message: ToSha512Worker) => worker.postMessage(message);
    const settled = new Promise<string>((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject });
    });
    // Met by whoever finishes; a dropped file has nobody who would.
    settled.catch(() => undefined);
    tell({ kind: 'open', id, path });
    return {
      advance: (size) => tell({ kind: 'advance', id, size }),
      finish: (size) => {
        if (this.#waiters.has(id)) worker.ref();
        tell({ kind: 'finish', id, size });
        return settled;
      },
      drop: () => {
        tell({ kind: 'drop', id });
        this.#settle({ id, failure: 'dropped' });
      },
    };
  }

  /** Answers the digest like the one it is given; until then the thread does not give way to anybody. */
  async hurried(digest: Promise<string>): Promise<string> {
    this.#waiting += 1;
    if (this.#waiting === 1) this.#hurry(true);
    try {
      return await digest;
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#hurry(false);
    }
  }

  #hurry(isWaitedFor: boolean): void {
    const message: ToSha512Worker = { kind: 'hurry', isWaitedFor };
    this.#worker?.postMessage(message);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
    this.#failAll(closed());
  }

  #start(): Worker {
    if (this.#worker !== null) return this.#worker;
    const worker = this.#startThread();
    worker.on('message', (message: FromSha512Worker) => this.#settle(message));
    worker.on('error', (cause) => {
      // The next file starts a new thread.
      if (this.#worker === worker) this.#worker = null;
      this.#failAll(cause);
    });
    this.#worker = worker;
    if (this.#waiting > 0) this.#hurry(true);
    return worker;
  }

  #settle(message: FromSha512Worker): void {
    const waiter = this.#waiters.get(message.id);
    if (waiter === undefined) return;
    this.#waiters.delete(message.id);
    if ('digest' in message) waiter.resolve(message.digest);
    else waiter.reject(new Error(`sha512 failed: ${message.failure}`));
    if (this.#waiters.size === 0) this.#worker?.unref();
  }

  #failAll(cause: Error): void {
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const { reject } of waiters) reject(cause);
  }
}
