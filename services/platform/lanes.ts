/** Lets a bounded number of works run at a time; the others wait in their order. */
export class Lanes {
  #free: number;
  #coming: Array<() => void> = [];
  /** Those who wait longest, the first one last: to take from the front of a long list is slow. */
  #next: Array<() => void> = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#coming.push(resolve));
    try {
      return await work();
    } finally {
      this.#handOn();
    }
  }

  #handOn(): void {
    if (this.#next.length === 0) {
      this.#next = this.#coming.reverse();
      this.#coming = [];
    }
    const next = this.#next.pop();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
