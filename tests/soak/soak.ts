/** What a piece of the soak is given. */
export interface Soak {
  /** An empty folder on a real disk. */
  readonly folder: (name: string) => string;
  readonly say: (sentence: string) => void;
  /** Random numbers from 0 up to 1 that a seed repeats. */
  readonly random: () => number;
}

/** Thrown when something that must always hold did not. */
export class Violation extends Error {}

/** Random numbers that a seed repeats (mulberry32): a round that fails can be run again. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of the items; there must be one. */
export function oneOf<T>(items: readonly T[], random: () => number): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError('nothing to choose from');
  return item;
}
