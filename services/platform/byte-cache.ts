interface Entry<T> {
  readonly value: T;
  readonly bytes: number;
  /** Since it came, or was passed over. */
  isUsed: boolean;
}

/**
 * Keeps what was used lately, up to a number of bytes. When room is needed, the oldest goes unless it
 * was used meanwhile: then it is the newest again. Moving it at each use instead would leave a trail
 * of outgrown hash tables, each of which keeps the next from the garbage collector for a while.
 */
export class ByteCache<T> {
  readonly #limit: number;
  readonly #entries = new Map<string, Entry<T>>();
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    entry.isUsed = true;
    return entry.value;
  }

  /** Something larger than all there is room for is not kept. */
  set(key: string, value: T, bytes: number): void {
    this.delete(key);
    if (bytes > this.#limit) return;
    this.#entries.set(key, { value, bytes, isUsed: false });
    this.#bytes += bytes;
    // A Map keeps the order of insertion, also for what is moved to its end in the loop.
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#limit) return;
      if (oldest === key) continue;
      this.#entries.delete(oldest);
      if (entry.isUsed) this.#entries.set(oldest, { ...entry, isUsed: false });
      else this.#bytes -= entry.bytes;
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
