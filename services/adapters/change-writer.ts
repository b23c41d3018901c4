/** A change that memory shows already. */
export interface PendingChange<L> {
  readonly lines: readonly L[];
  /** Takes it back from memory: it could not be written. */
  undo(): void;
  /** It is durable. */
  done(): void;
}

interface Entry<L> extends PendingChange<L> {
  resolve(): void;
  reject(cause: unknown): void;
}

/**
 * Makes changes durable in groups: those that come while one group is being written make the next.
 * When a write fails, every change that is not durable is taken back in the same tick, newest first,
 * so that memory again says what the disk holds and nobody decides on a state that was refused.
 */
export class ChangeWriter<L> {
  readonly #write: (lines: readonly L[]) => Promise<void>;
  readonly #between: () => void;
  #next: Entry<L>[] = [];
  #running: Promise<void> | null = null;
  #failure: unknown = null;

  /** `between` is called after each group, when everything written before it is durable. */
  constructor(write: (lines: readonly L[]) => Promise<void>, between: () => void) {
    this.#write = write;
    this.#between = between;
  }

  /** Why the last group could not be written; null when it was. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Resolves when the change is durable. */
  add(change: PendingChange<L>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#next.push({ ...change, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when everything added so far is durable; rejects when it is not. */
  async settled(): Promise<void> {
    if (this.#running === null) return;
    await this.add({ lines: [], undo: nothing, done: nothing });
  }

  async #run(): Promise<void> {
    // One turn later, so that changes of the same tick are one group.
    await Promise.resolve();
    while (this.#next.length > 0) {
      const group = this.#next;
      this.#next = [];
      const lines = group.flatMap((entry) => entry.lines);
      try {
        if (lines.length > 0) await this.#write(lines);
        this.#failure = null;
      } catch (cause) {
        this.#failure = cause;
        this.#takeBack([...group, ...this.#next.splice(0)], cause);
        continue;
      }
      for (const entry of group) entry.done();
      for (const entry of group) entry.resolve();
      this.#between();
    }
    this.#running = null;
  }

  #takeBack(refused: readonly Entry<L>[], cause: unknown): void {
    for (const entry of [...refused].reverse()) entry.undo();
    for (const entry of refused) entry.reject(cause);
  }
}

function nothing(): void {}
