import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { createStream } from 'rotating-file-stream';
import type { RotatingFileStream } from 'rotating-file-stream';
import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import { reasonOf } from '../domain/reason.ts';
import { isMissing, makeFolder } from './durable-file.ts';

/** Long enough for the lines of many requests to ride in one write. */
const GATHER_MILLISECONDS = 10;
const SYNC_MILLISECONDS = 1000;
const RETRY_MILLISECONDS = 10_000;
/** What waits while the disk is full; more would take the memory too. */
const MOST_WAITING = 10_000;
const LINES_AT_ONCE = 500;

/** Takes down what was done; a line is written soon, and nobody waits for it. */
export interface Audit {
  /** The time is added. The fields must hold no secret. */
  add(what: Readonly<Record<string, unknown>>): void;
}

export interface AuditLogOptions {
  readonly path: string;
  readonly rotateBytes: number;
  /** How many rotated files stay beside the one being written. */
  readonly keepFiles: number;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * An append-only file of JSON lines that rotates by size: `NAME.log`, then `NAME.log.1.gz` and so on.
 * A line is with the kernel a moment after what it tells of, and on the disk within a second. While
 * it cannot be written, lines wait and `problem` says why.
 */
export class AuditLog implements Audit {
  readonly #options: AuditLogOptions;
  #stream: RotatingFileStream | null = null;
  #waiting: string[] = [];
  #lost = 0;
  #running: Promise<void> | null = null;
  #isSyncDue = false;
  #cancelGathering: (() => void) | null = null;
  #cancelRetry: (() => void) | null = null;
  #problem: string | null = null;

  constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  /** Why nothing can be written at the moment; null when all is well. */
  get problem(): string | null {
    return this.#problem;
  }

  add(what: Readonly<Record<string, unknown>>): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#lost += 1;
      return;
    }
    const at = this.#options.clock.now().toISOString();
    this.#waiting.push(`${JSON.stringify({ at, ...what })}\n`);
    if (this.#cancelRetry === null) this.#runSoon();
  }

  /** Writes what waits and ends the file. */
  async close(): Promise<void> {
    this.#endRetry();
    do {
      this.#run();
      await this.#running;
    } while (this.#problem === null && this.#waiting.length > 0);
    this.#endRetry();
    const stream = this.#stream;
    this.#stream = null;
    if (stream !== null) await new Promise<void>((resolve) => stream.end(resolve));
    await this.#sync();
  }

  #endRetry(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = null;
  }

  #runSoon(): void {
    if (this.#running !== null) return;
    this.#cancelGathering ??= this.#options.clock.after(GATHER_MILLISECONDS, () => this.#run());
  }

  #run(): void {
    this.#cancelGathering?.();
    this.#cancelGathering = null;
    this.#running ??= this.#work();
  }

  /** Writes what waits by now. */
  async #work(): Promise<void> {
    let left = this.#waiting.length;
    try {
      while (left > 0) {
        this.#stream ??= await this.#open();
        const lines = this.#waiting.slice(0, Math.min(left, LINES_AT_ONCE));
        left -= lines.length;
        const lost = this.#lost;
        const gap = lost === 0 ? '' : this.#lostLine(lost);
        await write(this.#stream, gap + lines.join(''));
        // Others may have come meanwhile.
        this.#waiting.splice(0, lines.length);
        this.#lost -= lost;
        this.#problem = null;
        this.#syncSoon();
      }
    } catch (cause) {
      this.#fail(cause);
    } finally {
      this.#running = null;
      if (this.#waiting.length > 0 && this.#cancelRetry === null) this.#runSoon();
    }
  }

  async #open(): Promise<RotatingFileStream> {
    const { path, rotateBytes, keepFiles } = this.#options;
    const name = basename(path);
    await makeFolder(dirname(path));
    await endLastLine(path);
    const stream = createStream(
      (index) => (index === null ? name : `${name}.${String(index)}.gz`),
      {
        path: dirname(path),
        size: `${rotateBytes}B`,
        rotate: keepFiles,
        compress: 'gzip',
        mode: 0o640,
      },
    );
    // Each write that fails says so too; without a listener it would end the process.
    stream.on('error', () => undefined);
    return stream;
  }

  #fail(cause: unknown): void {
    this.#stream?.destroy();
    this.#stream = null;
    const reason = reasonOf(cause);
    if (this.#problem === null) {
      this.#options.log.error(
        { err: cause, path: this.#options.path },
        'cannot write the audit log',
      );
    }
    this.#problem = `the audit log cannot be written: ${reason}`;
    this.#cancelRetry = this.#options.clock.after(RETRY_MILLISECONDS, () => {
      this.#cancelRetry = null;
      this.#run();
    });
  }

  #lostLine(lost: number): string {
    const at = this.#options.clock.now().toISOString();
    return `${JSON.stringify({ at, lost, reason: this.#problem })}\n`;
  }

  #syncSoon(): void {
    if (this.#isSyncDue) return;
    this.#isSyncDue = true;
    this.#options.clock.after(SYNC_MILLISECONDS, () => {
      this.#isSyncDue = false;
      // Best effort: the next one carries what this one could not.
      this.#sync().catch(() => undefined);
    });
  }

  async #sync(): Promise<void> {
    const file = await open(this.#options.path, 'r').catch((cause: unknown) => {
      if (isMissing(cause)) return null;
      throw cause;
    });
    if (file === null) return;
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}

function write(stream: RotatingFileStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
}

/** A crash may have left half a line: what comes next begins on one of its own. */
async function endLastLine(path: string): Promise<void> {
  const file = await open(path, 'r+').catch((cause: unknown) => {
    if (isMissing(cause)) return null;
    throw cause;
  });
  if (file === null) return;
  try {
    const { size } = await file.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    if (size > 0 && last.toString() !== '\n') await file.write('\n', size);
  } finally {
    await file.close();
  }
}
