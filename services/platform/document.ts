import { Low } from 'lowdb';
import { removeDurably } from './durable-file.ts';
import { DurableJsonAdapter } from './durable-json-adapter.ts';
import type { DocumentFormat } from './durable-json-adapter.ts';

interface State<T> {
  readonly data: T;
  /** False when there is no file: before the first change, and after a removal. */
  readonly present: boolean;
}

interface Change<T> {
  apply(state: State<T>): State<T>;
  /** Null for a change that nobody waits for. */
  readonly waiter: { resolve(data: T): void; reject(error: unknown): void } | null;
}

/**
 * One JSON file and its value in memory. Values are immutable: a change answers a new one and is
 * visible at once; its promise resolves when a write that began after it is on disk. Writes are
 * serial, and one write carries every change that waits.
 *
 * A write that fails rejects the changes it carried and takes them back; those made meanwhile are
 * decided again on what remains, so a `decide` must be pure.
 */
export class Document<T extends object> {
  readonly #path: string;
  readonly #low: Low<T>;
  readonly #initial: T;
  /** What the disk holds, as far as we know. */
  #stored: State<T>;
  #current: State<T>;
  #waiting: Change<T>[] = [];
  /** The changes in the write under way; null between writes. */
  #carried: Change<T>[] | null = null;
  /** A failed write may or may not have reached the disk: the next one settles it. */
  #uncertain = false;

  constructor(path: string, low: Low<T>, initial: T, present: boolean) {
    this.#path = path;
    this.#low = low;
    this.#initial = initial;
    this.#stored = { data: low.data, present };
    this.#current = this.#stored;
  }

  get data(): T {
    return this.#current.data;
  }

  /** Whether there is, or with the next write will be, a file. */
  get present(): boolean {
    return this.#current.present;
  }

  /**
   * Decides on the current value in this tick; resolves with the new one when it is durable. A
   * decision that answers the same value writes nothing, but waits for what it was made from.
   */
  change(decide: (data: T) => T): Promise<T> {
    return this.#add(deciding(decide));
  }

  /** As `change`, but durable only with the next durable change of this document, or at `flush`. */
  changeSoon(decide: (data: T) => T): T {
    const apply = deciding(decide);
    const next = apply(this.#current);
    if (next !== this.#current) {
      this.#current = next;
      this.#waiting.push({ apply, waiter: null });
    }
    return next.data;
  }

  /** Resolves when everything changed so far is durable. */
  async flush(): Promise<void> {
    await this.#add((state) => state);
  }

  /** Removes the file durably; the value is the initial one again, and a later change makes a new file. */
  async remove(): Promise<void> {
    const gone: State<T> = { data: this.#initial, present: false };
    await this.#add((state) => (state.present ? gone : state));
  }

  async #add(apply: Change<T>['apply']): Promise<T> {
    const next = apply(this.#current);
    const owed = next !== this.#current || this.#waiting.length > 0 || this.#uncertain;
    return new Promise((resolve, reject) => {
      const change = { apply, waiter: { resolve, reject } };
      if (owed) {
        this.#current = next;
        this.#waiting.push(change);
        if (this.#carried === null) void this.#writeAll();
      } else if (this.#carried !== null) {
        this.#carried.push(change);
      } else {
        resolve(next.data);
      }
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.some((change) => change.waiter !== null)) {
      this.#carried = [];
      // One turn later, so that changes of the same tick ride in the same write.
      await Promise.resolve();
      const carried = this.#waiting;
      const state = this.#current;
      this.#carried = carried;
      this.#waiting = [];
      try {
        await this.#write(state);
        this.#stored = state;
        this.#uncertain = false;
        for (const change of carried) change.waiter?.resolve(state.data);
      } catch (error) {
        this.#uncertain = true;
        this.#takeBack(carried);
        for (const change of carried) change.waiter?.reject(error);
      }
    }
    this.#carried = null;
  }

  async #write(state: State<T>): Promise<void> {
    if (state.present) {
      this.#low.data = state.data;
      await this.#low.write();
    } else {
      await removeDurably(this.#path);
    }
  }

  #takeBack(carried: readonly Change<T>[]): void {
    const kept = [...carried.filter((change) => change.waiter === null), ...this.#waiting];
    this.#current = this.#stored;
    this.#waiting = [];
    for (const change of kept) {
      try {
        this.#current = change.apply(this.#current);
        this.#waiting.push(change);
      } catch (error) {
        change.waiter?.reject(error);
      }
    }
  }
}

function deciding<T>(decide: (data: T) => T): (state: State<T>) => State<T> {
  return (state) => {
    const data = decide(state.data);
    return data === state.data ? state : { data, present: true };
  };
}

/** Opens the document at a path; without a file it holds `initial` and the first change makes one. */
export async function openDocument<T extends object>(
  path: string,
  format: DocumentFormat<T>,
  initial: T,
): Promise<Document<T>> {
  const adapter = new DurableJsonAdapter(path, format);
  const found = await adapter.read();
  const low = new Low<T>(adapter, found ?? initial);
  return new Document(path, low, initial, found !== null);
}
