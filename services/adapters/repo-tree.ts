import type { ProjectLevel } from '../chacra/ports.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Repo } from '../domain/repo.ts';

type Level<T> = Map<string, T>;
type Projects = Level<Level<Level<Level<Level<Level<Repo>>>>>>;

/** The repositories by the parts of their identity, so that listing a level looks at no other one. */
export class RepoTree {
  readonly #projects: Projects = new Map();

  get projects(): ProjectLevel {
    return this.#projects;
  }

  /** Adds a repo, or puts its new state in the place of the old one. */
  put(repo: Repo): void {
    const { project, ref, sha1, distro, distroVersion, flavor } = repo.identity;
    const sha1s = below(below(this.#projects, project), ref);
    below(below(below(sha1s, sha1), distro), distroVersion).set(flavor, repo);
  }

  /** Removes a repo, and every level that is empty without it. */
  remove({ project, ref, sha1, distro, distroVersion, flavor }: RepoIdentity): void {
    const refs = this.#projects.get(project);
    const sha1s = refs?.get(ref);
    const distros = sha1s?.get(sha1);
    const versions = distros?.get(distro);
    versions?.get(distroVersion)?.delete(flavor);
    prune(versions, distroVersion);
    prune(distros, distro);
    prune(sha1s, sha1);
    prune(refs, ref);
    prune(this.#projects, project);
  }
}

function below<T>(level: Level<Level<T>>, key: string): Level<T> {
  const known = level.get(key);
  if (known !== undefined) return known;
  const made: Level<T> = new Map();
  level.set(key, made);
  return made;
}

function prune(level: Level<{ readonly size: number }> | undefined, key: string): void {
  if (level?.get(key)?.size === 0) level.delete(key);
}
