/** Half a millisecond of small writes. */
const AT_ONCE = 48;

/**
 * Work that comes in large numbers at one moment, such as telling a thousand listeners: done in its
 * order, a little in each turn of the event loop, so that requests are answered in between.
 */
export class Turns {
  #waiting: Array<() => void> = [];
  #isDue = false;

  /** Does it soon. The work must not throw. */
  add(work: () => void): void {
    this.#waiting.push(work);
    this.#schedule();
  }

  /** Resolves when it is the caller's turn. */
  next(): Promise<void> {
    return new Promise((resolve) => this.add(resolve));
  }

  #schedule(): void {
    if (this.#isDue || this.#waiting.length === 0) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      for (const work of this.#waiting.splice(0, AT_ONCE)) work();
      this.#schedule();
    });
  }
}
