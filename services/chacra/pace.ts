import type { Clock } from './ports.ts';

/** Waits shorter than this cost more than they hold back. */
const SHORTEST_MILLISECONDS = 5;

/** Lets so many bytes a second pass, so that reading everything leaves the disk to others. */
export class Pace {
  readonly #clock: Clock;
  /** Null lets everything pass. */
  readonly #bytesPerSecond: number | null;
  #freeAt = 0;
  #endWait: (() => void) | null = null;
  #isStopped = false;

  constructor(clock: Clock, bytesPerSecond: number | null) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  readonly take = async (bytes: number): Promise<void> => {
    if (this.#bytesPerSecond === null || this.#isStopped) return;
    const now = this.#clock.now().getTime();
    this.#freeAt = Math.max(this.#freeAt, now) + (bytes / this.#bytesPerSecond) * 1000;
    const wait = this.#freeAt - now;
    if (wait < SHORTEST_MILLISECONDS) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(wait, resolve);
      this.#endWait = () => {
        cancel();
        resolve();
      };
    });
  };

  /** Ends a wait; from now on nothing is held back. */
  stop(): void {
    this.#isStopped = true;
    this.#endWait?.();
  }
}
