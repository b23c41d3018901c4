import type { Corpus } from './corpus/corpus.ts';

/** A tool a row stands on, and the Debian package that brings it; or the Docker engine of the tests. */
export type Needed = readonly [command: string, broughtBy: string] | 'engine';

/** One line of the table. */
export interface Finding {
  readonly what: string;
  readonly ours: string;
  /** The real tool on the same bytes, or the figure that was seen elsewhere. */
  readonly beside: string;
  readonly ratio: string;
  /** Null for what is only reported beside. */
  readonly target: string | null;
  readonly reached: boolean | null;
}

export interface Bench {
  readonly runs: number;
  readonly quick: boolean;
  /** Real packages, made or fetched at the first use and kept for the next bench. */
  readonly debs: () => Promise<Corpus>;
  readonly rpms: () => Promise<Corpus>;
  /** Many small packages of one megabyte or less. */
  readonly smallDebs: (count: number) => Corpus;
  readonly smallRpms: (count: number) => Corpus;
  /** An empty folder, on tmpfs where there is one; emptied when asked for again, removed at the end. */
  readonly folder: (name: string) => string;
  readonly say: (sentence: string) => void;
}

/** A row or a group of rows of the table in docs/performance.md. */
export interface Row {
  readonly name: string;
  /** The table that has its lines, where it is not the one of the storage node. */
  readonly table?: 'shaman' | 'agents';
  readonly needs: readonly Needed[];
  run(bench: Bench): Promise<readonly Finding[]>;
}
