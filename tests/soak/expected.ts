import type { Target } from '../bench/target.ts';

/** What a repo must hold: what was acknowledged, and what may have happened though nobody said so. */
export class Expected {
  readonly target: Target;
  /** The sha256 under each name; null for a name that was deleted. */
  readonly #acknowledged = new Map<string, string | null>();
  readonly #asked = new Map<string, Set<string | null>>();
  #generation = 0;
  #counter = 0;

  constructor(target: Target) {
    this.target = target;
  }

  /** The number of the generation that was promised last. */
  get generation(): number {
    return this.#generation;
  }

  promise(generation: number): void {
    this.#generation = Math.max(this.#generation, generation);
  }

  /** A name that never stood here. */
  newName(): string {
    this.#counter += 1;
    return `crashed-${this.#counter}`;
  }

  /** Names that hold something, and that nobody is changing. */
  settledNames(): string[] {
    return [...this.#acknowledged].flatMap(([name, sha256]) =>
      sha256 === null || this.#asked.has(name) ? [] : [name],
    );
  }

  /** From now on the name may hold this. */
  ask(name: string, sha256: string | null): void {
    this.#asked.set(name, (this.#asked.get(name) ?? new Set()).add(sha256));
  }

  /** From now on the name must hold this. */
  acknowledge(name: string, sha256: string | null): void {
    this.#asked.delete(name);
    this.#acknowledged.set(name, sha256);
  }

  /**
   * Compares with what stands there after a crash, and takes it as acknowledged from now on: what a
   * client could see once must not vanish. Answers what is wrong, and the names whose fate was open.
   */
  settle(listed: ReadonlyMap<string, string>): { wrong: string[]; open: string[] } {
    const wrong: string[] = [];
    const open = [...this.#asked.keys()];
    for (const name of new Set([...this.#acknowledged.keys(), ...open, ...listed.keys()])) {
      const is = listed.get(name) ?? null;
      const allowed = this.#asked.get(name) ?? new Set();
      const before = this.#acknowledged.get(name) ?? null;
      if (is !== before && !allowed.has(is)) {
        wrong.push(`${name} holds ${is ?? 'nothing'} instead of ${before ?? 'nothing'}`);
      }
      this.acknowledge(name, is);
    }
    return { wrong, open };
  }
}
