import type { Build } from './build.ts';
import type { Moment, ShamanRepo } from './shaman-repo.ts';

/** All that shaman knows of one sha1 of a project: what is stored together. */
export interface Commit {
  readonly project: string;
  readonly sha1: string;
  /** ref -> when the sha1 was first seen under it, by a repo or a build: what "newest" goes by. */
  readonly seen: ReadonlyMap<string, Moment>;
  /** By `chacraUrl`, without tombstones. */
  readonly repos: ReadonlyMap<string, ShamanRepo>;
  /** By `buildKey`. */
  readonly builds: ReadonlyMap<string, Build>;
}
