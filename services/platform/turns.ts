/** Half a millisecond of small writes. */
const AT_ONCE = 40;
/** Between two such pieces: most of the time stays with requests, and a thousand are told in 50 ms. */
const PAUSE_MILLISECONDS = 1;

/**
 * Work that comes in large numbers at one moment, such as telling a thousand listeners: done in its
 * order, a little at a time, so that requests are answered in between. The first few wait for nothing.
 */
export class Turns {
  readonly #atOnce: number;
  #waiting: Array<() => void> = [];
  #isDue = false;

  /** `atOnce`: pieces of work between two pauses, which are half a millisecond together or little more. */
  constructor({ atOnce = AT_ONCE }: { readonly atOnce?: number } = {}) {
    this.#atOnce = atOnce;
  }

  /** Does it soon. The work must not throw. */
  add(work: () => void): void {
    this.#waiting.push(work);
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#doSome());
  }

  /** Resolves when it is the caller's turn. */
  next(): Promise<void> {
    return new Promise((resolve) => this.add(resolve));
  }

  #doSome(): void {
    for (const work of this.#waiting.splice(0, this.#atOnce)) work();
    this.#isDue = this.#waiting.length > 0;
    if (this.#isDue) setTimeout(() => this.#doSome(), PAUSE_MILLISECONDS);
  }
}
