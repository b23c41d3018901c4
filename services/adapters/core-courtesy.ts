import { readFileSync, readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const NICENESS = 10;
/** More than it takes to be put on a core that is free, less than whoever has one keeps it. */
const LONG_WAIT_NANOSECONDS = 100_000;
/** About a millisecond of work. */
const PIECE_BYTES = 1024 * 1024;
/** Where every core is wanted all the time, a piece after each pause makes 25 MB/s. */
const PAUSE_MILLISECONDS = 40;

/**
 * Lets a thread for work that can wait use what cores have to spare, and no more. Niceness alone divides a
 * core that others want: each time they sleep for a moment this thread is put on it, and they wait to
 * have it back. So a thread that had to wait for a core pauses before its next piece of work.
 */
export class CoreCourtesy {
  readonly #waited: () => number;
  readonly #pause: (milliseconds: number) => Promise<unknown>;
  /** True while somebody waits for the work: then it takes its share like all others. */
  isSuspended = false;
  #seen: number;
  #bytes = 0;

  /** `waited` answers the nanoseconds that the thread has waited for a core in all. */
  constructor(
    waited: () => number = waitedForCore,
    pause: (milliseconds: number) => Promise<unknown> = setTimeout,
  ) {
    this.#waited = waited;
    this.#pause = pause;
    this.#seen = waited();
  }

  /** To be awaited after each piece of work, whose size says when it is time to look. */
  async after(bytes: number): Promise<void> {
    this.#bytes += bytes;
    if (this.#bytes < PIECE_BYTES) return;
    this.#bytes = 0;
    const isWanted = this.#waited() - this.#seen > LONG_WAIT_NANOSECONDS;
    if (isWanted && !this.isSuspended) await this.#pause(PAUSE_MILLISECONDS);
    this.#seen = this.#waited();
  }
}

/** Puts the calling thread behind all others that want the same core. */
export function beNice(): void {
  try {
    // Linux counts niceness by thread, and setpriority(2) takes a thread's id.
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), NICENESS);
  } catch {
    // Elsewhere all threads are equal.
  }
}

/** The second field of `/proc/<pid>/schedstat` (Linux, Documentation/scheduler/sched-stats); 0 elsewhere. */
function waitedForCore(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[1]);
  } catch {
    return 0;
  }
}
