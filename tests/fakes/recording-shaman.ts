import type { Receipt, ShamanClient } from '../../services/chacra/ports.ts';

/** A shaman that remembers what it was told, and can be away, refuse, or take its time. */
export class RecordingShaman implements ShamanClient {
  /** What it took, in order. */
  readonly taken: object[] = [];
  /** How often it was asked, successfully or not. */
  posts = 0;
  isAway = false;
  /** Why it does not want an event; null for those it wants. */
  refuses: (body: object) => string | null = () => null;
  /** While set, answers wait. */
  #held: (() => void)[] | null = null;
  #waiters: { readonly isOver: () => boolean; readonly resolve: () => void }[] = [];

  async postRepo(_project: string, body: object): Promise<Receipt> {
    this.posts += 1;
    this.#tell();
    if (this.#held !== null) {
      const held = this.#held;
      await new Promise<void>((resolve) => held.push(resolve));
    }
    return this.#answer(body);
  }

  /** How many answers wait. */
  get held(): number {
    return this.#held?.length ?? 0;
  }

  hold(): void {
    this.#held ??= [];
  }

  /** Answers the first that waits. */
  releaseOne(): void {
    this.#held?.shift()?.();
  }

  /** Answers all that wait and takes no more time. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const resolve of held) resolve();
  }

  /** Resolves once it took so many events. */
  took(count: number): Promise<void> {
    return this.#until(() => this.taken.length >= count);
  }

  /** Resolves once it was asked so often. */
  asked(count: number): Promise<void> {
    return this.#until(() => this.posts >= count);
  }

  #answer(body: object): Receipt {
    if (this.isAway) throw new Error('connect ECONNREFUSED');
    const reason = this.refuses(body);
    if (reason !== null) return { taken: false, reason };
    this.taken.push(body);
    this.#tell();
    return { taken: true };
  }

  #until(isOver: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ isOver, resolve });
      this.#tell();
    });
  }

  #tell(): void {
    for (const { isOver, resolve } of this.#waiters) if (isOver()) resolve();
    this.#waiters = this.#waiters.filter(({ isOver }) => !isOver());
  }
}
