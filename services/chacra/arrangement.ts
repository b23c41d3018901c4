import type { Picked, PublishedPackage } from '../domain/generation.ts';
import type { PackageHeader } from '../domain/package-header.ts';
import type { LeftOut, RepoType } from '../domain/repo.ts';

/** A picked file and what is known of its inside; no header for files that are no package. */
export interface Candidate {
  readonly pick: Picked;
  readonly header: PackageHeader | null;
}

/** Where every file of a repo stands, and what stands nowhere and why. */
export interface Arrangement {
  readonly type: RepoType;
  readonly suites: readonly string[];
  readonly singleRoot: boolean;
  /** In an order that does not depend on the order of uploads. */
  readonly packages: readonly PublishedPackage[];
  readonly shadowed: readonly LeftOut[];
  readonly superseded: readonly LeftOut[];
  readonly incomplete: readonly LeftOut[];
}

/** What `arrange…` adds to the type and roots: the outcome of one type's rules. */
export type Arranged = Pick<Arrangement, 'packages' | 'shadowed' | 'superseded' | 'incomplete'>;

/** The sha256 that a kept generation serves at a path, so that an old index never leads to new bytes. */
export type TakenPath = (path: string) => string | undefined;
