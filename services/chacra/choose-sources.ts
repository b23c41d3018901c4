import type { Origin } from '../domain/generation.ts';
import { repoPath } from '../domain/identity.ts';
import type { Repo } from '../domain/repo.ts';
import { chooseExtra } from './choose-extra.ts';
import type { FindRepo } from './choose-extra.ts';
import type { DistroLevel, ProjectLevel } from './ports.ts';
import { ALL_REFS, extrasOf, GENERIC_VERSIONS, isGeneric } from './project-rules.ts';
import type { ProjectRules } from './project-rules.ts';

/** Another repo whose files stand in a repo, and where. */
export interface Source {
  readonly repo: Repo;
  readonly origin: Origin;
  /** deb: the codenames under which they stand; elsewhere one, which is empty. */
  readonly suites: readonly string[];
}

/** What a repo is made of beside its own files. */
export interface Sources {
  /** By path, each once. */
  readonly from: readonly Source[];
  /** deb: the codenames it has, its own first; elsewhere none. */
  readonly suites: readonly string[];
}

/**
 * Which other repos a repo takes files from: those of its sha1 that it is combined with or that fit
 * every version of its distro, and the extras of other projects. It follows from what there is now,
 * not from the order in which that came. What a source takes from others is not taken over.
 */
export function chooseSources(repo: Repo, tree: ProjectLevel, rules: ProjectRules): Sources {
  const own = repo.identity.distroVersion;
  switch (repo.head.type) {
    case 'raw':
    case null:
      return { from: [], suites: [] };
    case 'rpm': {
      if (isGeneric(own)) return { from: [], suites: [] };
      const gather = new Gather(repo, tree, rules);
      gather.extras(own, ['']);
      gather.generics(['']);
      return { from: gather.sorted(), suites: [] };
    }
    case 'deb': {
      if (isGeneric(own)) return { from: [], suites: [own] };
      const gather = new Gather(repo, tree, rules);
      const combined = rules.combined.filter((codename) => codename !== own);
      for (const codename of combined) gather.combined(codename);
      for (const codename of [own, ...combined]) gather.extras(codename, [codename]);
      const suites = [own, ...combined.filter((codename) => gather.has(codename))];
      gather.generics(suites);
      return { from: gather.sorted(), suites };
    }
  }
}

class Gather {
  readonly #found = new Map<string, Source>();
  readonly #repo: Repo;
  readonly #siblings: DistroLevel;
  readonly #project: string;
  /** Each ref of another project that extras name, and the setting that names it. */
  readonly #refs;

  constructor(repo: Repo, tree: ProjectLevel, rules: ProjectRules) {
    const { project, ref, sha1 } = repo.identity;
    this.#repo = repo;
    this.#project = `chacra.projects.${project}`;
    this.#siblings = tree.get(project)?.get(ref)?.get(sha1) ?? new Map();
    this.#refs = extrasOf(rules, ref).flatMap(({ under, project: other, refs }) => {
      const level = tree.get(other);
      const named = refs.includes(ALL_REFS) ? [...(level?.keys() ?? [])] : refs;
      const setting = `${this.#project}.extras.${under}.${other}`;
      return named.flatMap((each) => {
        const sha1s = level?.get(each);
        return sha1s === undefined ? [] : [{ setting, sha1s }];
      });
    });
  }

  combined(codename: string): void {
    const { flavor } = this.#repo.identity;
    const origin = { kind: 'combined', setting: `${this.#project}.combined` } as const;
    // A codename names its distro, but for derived distros: then both are meant.
    for (const versions of this.#siblings.values())
      this.#add(versions.get(codename)?.get(flavor), origin, [codename]);
  }

  /** The extras for one version; an apt repo takes them by codename, from whatever distro. */
  extras(version: string, suites: readonly string[]): void {
    const { distro } = this.#repo.identity;
    const isDeb = this.#repo.head.type === 'deb';
    this.#addExtras(suites, (distros, flavor) => {
      const here = distros.get(distro)?.get(version)?.get(flavor);
      if (here !== undefined || !isDeb) return here;
      const others = [...distros].sort(([a], [b]) => (a < b ? -1 : 1));
      return others.map(([, versions]) => versions.get(version)?.get(flavor)).find(isThere);
    });
  }

  /** What fits every version of the distro: of the repo's own sha1, and of the extras. */
  generics(suites: readonly string[]): void {
    const { distro, flavor } = this.#repo.identity;
    for (const version of GENERIC_VERSIONS) {
      const own = this.#siblings.get(distro)?.get(version)?.get(flavor);
      this.#add(own, { kind: 'generic', setting: null }, suites);
      this.#addExtras(suites, (distros, f) => distros.get(distro)?.get(version)?.get(f));
    }
  }

  has(suite: string): boolean {
    return [...this.#found.values()].some(({ suites }) => suites.includes(suite));
  }

  sorted(): Source[] {
    return [...this.#found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, source]) => source);
  }

  #addExtras(suites: readonly string[], find: FindRepo): void {
    for (const { setting, sha1s } of this.#refs)
      this.#add(chooseExtra(sha1s, this.#repo.identity, find), { kind: 'extra', setting }, suites);
  }

  #add(
    repo: Repo | undefined,
    origin: Pick<Origin, 'kind' | 'setting'>,
    suites: readonly string[],
  ): void {
    if (repo === undefined || repo.head.type === 'raw') return;
    const path = repoPath(repo.identity);
    if (path === repoPath(this.#repo.identity) || this.#found.has(path)) return;
    this.#found.set(path, { repo, origin: { ...origin, repo: repo.identity }, suites });
  }
}

function isThere(repo: Repo | undefined): repo is Repo {
  return repo !== undefined;
}
