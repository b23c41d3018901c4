import { DEFAULT_FLAVOR } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Repo } from '../domain/repo.ts';
import type { DistroLevel, Sha1Level } from './ports.ts';

/** The repo of one sha1 that would fit, in this flavor. */
export type FindRepo = (distros: DistroLevel, flavor: string) => Repo | undefined;

/**
 * Which sha1 of another project's ref a repo takes its extras from: its own where there is that, or
 * else the newest. One that was published comes before one that may be half there. A flavor that the
 * other project does not have is its `default`.
 */
export function chooseExtra(
  sha1s: Sha1Level,
  { sha1, flavor }: RepoIdentity,
  find: FindRepo,
): Repo | undefined {
  for (const wanted of new Set([flavor, DEFAULT_FLAVOR])) {
    const same = sha1s.get(sha1);
    const own = same === undefined ? undefined : find(same, wanted);
    if (own !== undefined) return own;
    let best: Repo | undefined;
    for (const distros of sha1s.values()) {
      const repo = find(distros, wanted);
      if (repo !== undefined && (best === undefined || isBetter(repo, best))) best = repo;
    }
    if (best !== undefined) return best;
  }
  return undefined;
}

/** A repo is as old as its first upload: to build an old sha1 again does not make it the newest. */
function isBetter(a: Repo, b: Repo): boolean {
  const isPublished = a.head.live !== null;
  if (isPublished !== (b.head.live !== null)) return isPublished;
  if (a.head.created !== b.head.created) return a.head.created > b.head.created;
  return a.identity.sha1 > b.identity.sha1;
}
