import type { Appended, NewFile, WrittenFile } from './file-writer.ts';

/** One thing for the file thread to do. */
export type FileJob =
  | ({ readonly kind: 'put' } & NewFile)
  | ({ readonly kind: 'append' } & Appended)
  | ({ readonly kind: 'finish' } & WrittenFile);

/** What the file thread is told: all that was asked for in one turn. */
export interface ToFileWorker {
  /** The number of the first job; the others count on. */
  readonly first: number;
  readonly jobs: readonly FileJob[];
}

/** A failure of the file system as it travels: an Error would lose its code on the way. */
export interface FileFailure {
  readonly message: string;
  readonly code: string | undefined;
}

/** What it answers: the jobs that are done, and which of them failed. */
export interface FromFileWorker {
  readonly done: readonly number[];
  readonly failures: readonly (readonly [number, FileFailure])[];
}
