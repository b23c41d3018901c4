/** Records by key that are listed newest first; one that changes moves to the front. */
export class OrderedRecords<T> {
  readonly #orderOf: (record: T) => number;
  /** Oldest first, unless `#sorted` is false. */
  #records = new Map<string, T>();
  #newest = 0;
  #sorted = true;
  /** Kept until the next change: most questions come between two changes. */
  #list: readonly T[] | null = null;

  constructor(orderOf: (record: T) => number) {
    this.#orderOf = orderOf;
  }

  get size(): number {
    return this.#records.size;
  }

  has(key: string): boolean {
    return this.#records.has(key);
  }

  put(key: string, record: T): void {
    const order = this.#orderOf(record);
    this.#records.delete(key);
    this.#records.set(key, record);
    if (order < this.#newest) this.#sorted = false;
    else this.#newest = order;
    this.#list = null;
  }

  delete(key: string): void {
    if (this.#records.delete(key)) this.#list = null;
  }

  /** Newest first. What is answered never changes. */
  list(): readonly T[] {
    if (!this.#sorted) {
      const sorted = [...this.#records].sort(([, a], [, b]) => this.#orderOf(a) - this.#orderOf(b));
      this.#records = new Map(sorted);
      this.#sorted = true;
    }
    this.#list ??= [...this.#records.values()].reverse();
    return this.#list;
  }
}
