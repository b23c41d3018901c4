import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { unpublishedCount } from '../domain/repo.ts';
import type { Repo, TakenFrom } from '../domain/repo.ts';
import type { Source } from './choose-sources.ts';
import { takenFrom } from './pick-packages.ts';
import type { ProjectLevel, RefLevel } from './ports.ts';
import { ALL_REFS, isGeneric } from './project-rules.ts';
import type { ProjectRules } from './project-rules.ts';

/** The repos that may hold what was uploaded to another one: the same sha1's, and those that name it among their extras. */
export function* dependentsOf(
  { project, ref, sha1, distro, distroVersion, flavor }: RepoIdentity,
  tree: ProjectLevel,
  rules: ReadonlyMap<string, ProjectRules>,
): Iterable<Repo> {
  for (const versions of tree.get(project)?.get(ref)?.get(sha1)?.values() ?? []) {
    for (const flavors of versions.values()) {
      const repo = flavors.get(flavor);
      if (repo !== undefined) yield repo;
    }
  }
  const fitsAll = isGeneric(distroVersion);
  for (const [other, { combined, extras }] of rules) {
    for (const [under, taken] of extras) {
      const refs = taken.get(project);
      if (refs?.includes(ref) !== true && refs?.includes(ALL_REFS) !== true) continue;
      for (const repo of reposUnder(tree.get(other), under)) {
        const { identity } = repo;
        const fits = fitsAll
          ? identity.distro === distro
          : identity.distroVersion === distroVersion;
        if (fits || combined.includes(distroVersion)) yield repo;
      }
    }
  }
}

function* reposUnder(refs: RefLevel | undefined, ref: string): Iterable<Repo> {
  for (const [name, sha1s] of refs ?? []) {
    if (ref !== ALL_REFS && name !== ref) continue;
    for (const distros of sha1s.values())
      for (const versions of distros.values())
        for (const flavors of versions.values()) yield* flavors.values();
  }
}

/**
 * Whether a published repo is to be published again because what it is made of has changed. In a
 * project that publishes only when asked, the `update` of one repo is the asking for all that are
 * built of its sha1; a repo with uploads that nobody asked to publish still waits for its own.
 */
export function owesRepublish(
  repo: Repo,
  from: readonly Source[],
  { automatic, disabled }: ProjectRules,
): boolean {
  const { live } = repo.head;
  if (disabled || live === null) return false;
  const now = new Map(from.map((source) => [repoPath(source.repo.identity), source.repo]));
  const gone = live.sources.filter((taken) => !now.has(taken.repo));
  const before = new Map(live.sources.map((taken) => [taken.repo, taken]));
  const changed = [...now].flatMap(([path, source]) =>
    isSame(before.get(path), takenFrom(source)) ? [] : [source],
  );
  if (automatic) return gone.length > 0 || changed.length > 0;
  if (unpublishedCount(repo) > 0) return false;
  const isOfBuild = (path: string) => path.startsWith(buildPath(repo.identity));
  return (
    gone.some((taken) => isOfBuild(taken.repo)) ||
    changed.some(
      (source) =>
        isOfBuild(repoPath(source.identity)) && source.head.live?.revision === source.head.revision,
    )
  );
}

function isSame(before: TakenFrom | undefined, { created, revision }: TakenFrom): boolean {
  return before?.created === created && before.revision === revision;
}

/** How the paths of all repos of a sha1 begin. */
function buildPath(identity: RepoIdentity): string {
  return repoPath(identity).split('/').slice(0, 3).join('/') + '/';
}
