import type { IndexFile } from './generation.ts';

/** An index file, and the generation that made it last. */
export interface KeptIndex {
  readonly file: IndexFile;
  readonly generation: number;
  readonly date: Date;
}

/** A file of an exported folder: a package, whose bytes are a blob, or an index file. */
export type TreeFile =
  | { readonly kind: 'package'; readonly path: string; readonly sha256: string }
  | {
      readonly kind: 'index';
      readonly path: string;
      readonly sha256: string;
      readonly index: KeptIndex;
    };

/** The two folders that a repo is exported as. */
export interface ExportTrees {
  /** Exactly what the live generation has: what is copied from here holds nothing that was replaced. */
  readonly live: readonly TreeFile[];
  /** What only older kept generations have: for those who read on in what was live when they began. */
  readonly older: readonly TreeFile[];
}
