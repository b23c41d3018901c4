import type { Origin } from './generation.ts';
import type { PackageHeader } from './package-header.ts';
import type { Binary, Repo } from './repo.ts';

/** A repo, itself or another one, whose files stand in the explained one. */
export interface ExplainedSource {
  readonly repo: Repo;
  /** Null for the repo itself. */
  readonly origin: Origin | null;
  readonly suites: readonly string[];
  /** Whether the live generation was made of it as it is now. */
  readonly isPublished: boolean;
}

/** A repo that holds the files of the explained one. */
export interface ExplainedDependent {
  readonly repo: Repo;
  readonly origin: Origin;
  readonly suites: readonly string[];
}

/**
 * `published`: in the live generation. `next`: comes with the next publish. `ends`: goes with it.
 * `left-out`: stored, but not in the index, for a reason. `file`: none that an index of this type lists.
 */
export type PackageState = 'published' | 'next' | 'ends' | 'left-out' | 'file';

/** A file of one of the sources, and what becomes of it. */
export interface UnreadPackage {
  readonly name: string;
  /** Null for what `ends`, whose upload is gone. */
  readonly binary: Binary | null;
  readonly sha256: string;
  readonly suite: string;
  readonly path: string | null;
  readonly state: PackageState;
  readonly reason: string | null;
  readonly source: ExplainedSource | null;
}

export interface ExplainedPackage extends UnreadPackage {
  /** Null for a file that is no package. */
  readonly header: PackageHeader | null;
}

/** Why a repo holds what it holds, and what depends on it. */
export interface Explanation {
  readonly repo: Repo;
  readonly suites: readonly string[];
  readonly sources: readonly ExplainedSource[];
  readonly dependents: readonly ExplainedDependent[];
  /** Some at a time: there may be tens of thousands, each with a header of some size. */
  readonly packages: AsyncIterable<readonly ExplainedPackage[]>;
}
