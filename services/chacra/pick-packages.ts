import type { Origin, Picked } from '../domain/generation.ts';
import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Repo, TakenFrom } from '../domain/repo.ts';
import { chooseSources } from './choose-sources.ts';
import type { RepoStore } from './ports.ts';
import type { RulesOf } from './project-rules.ts';

/** What stands in a repo; publishing does not ask why. */
export interface Picks {
  readonly picks: readonly Picked[];
  /** deb: its codenames, its own first; elsewhere none. */
  readonly suites: readonly string[];
  /** The other repos among them, as they are at this moment. */
  readonly sources: readonly TakenFrom[];
  readonly others: readonly RepoIdentity[];
}

/** Makes the picker: a repo holds what was uploaded to it, and what the rules of its project add. */
export function packagePicker({
  repos,
  rulesOf,
}: {
  readonly repos: Pick<RepoStore, 'tree'>;
  readonly rulesOf: RulesOf;
}): (repo: Repo) => Picks {
  return (repo) => {
    const { project, distroVersion } = repo.identity;
    const { from, suites } = chooseSources(repo, repos.tree(), rulesOf(project));
    const own = repo.head.type === 'deb' ? [distroVersion] : [''];
    const picks = filesOf(repo, own, null);
    for (const { repo: other, origin, suites: where } of from)
      picks.push(...filesOf(other, where, origin));
    const others = from.map((source) => source.repo.identity);
    return { picks, suites, sources: from.map((source) => takenFrom(source.repo)), others };
  };
}

/** A source as it is now: when this differs, what was picked from it may, too. */
export function takenFrom({ identity, head }: Repo): TakenFrom {
  return { repo: repoPath(identity), created: head.created, revision: head.revision };
}

function filesOf(repo: Repo, suites: readonly string[], origin: Origin | null): Picked[] {
  const picks: Picked[] = [];
  for (const { name, arch, blob, modified } of repo.binaries.values()) {
    // What was only announced is named where it was announced.
    if (blob === null && origin !== null) continue;
    const time = Math.floor(Date.parse(modified) / 1000);
    for (const suite of suites) picks.push({ name, arch, blob, time, suite, origin });
  }
  return picks;
}
