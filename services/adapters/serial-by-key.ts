/** Runs work on one key at a time, in order; work on different keys runs side by side. */
export class SerialByKey {
  readonly #last = new Map<string, Promise<void>>();

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const result = before === undefined ? work() : before.then(work);
    const settled: Promise<void> = result.then(
      () => this.#end(key, settled),
      () => this.#end(key, settled),
    );
    this.#last.set(key, settled);
    return result;
  }

  /** Waits for what was asked for until now. */
  async settled(): Promise<void> {
    await Promise.all(this.#last.values());
  }

  #end(key: string, settled: Promise<void>): void {
    if (this.#last.get(key) === settled) this.#last.delete(key);
  }
}
