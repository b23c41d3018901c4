import type {
  DistroLevel,
  FlavorLevel,
  RefLevel,
  RepoStore,
  Sha1Level,
  VersionLevel,
} from '../chacra/ports.ts';
import { GitbuilderError } from '../domain/errors.ts';

/** The error of a name that leads nowhere. */
export function missing(what: string): GitbuilderError {
  return new GitbuilderError('NOT_FOUND', { what });
}

type Params = Readonly<Record<string, string>>;

/** Each level of the tree below a URL, asked for one by one; the first that is not there is a 404. */
export function descend(repos: RepoStore, params: Params) {
  const step = <T>(level: ReadonlyMap<string, T>, name: string): T => {
    const key = params[name] ?? '';
    const next = level.get(key);
    if (next === undefined) throw missing(`${name} ${key}`);
    return next;
  };
  return {
    get project(): RefLevel {
      return step(repos.tree(), 'project');
    },
    get ref(): Sha1Level {
      return step(this.project, 'ref');
    },
    get sha1(): DistroLevel {
      return step(this.ref, 'sha1');
    },
    get distro(): VersionLevel {
      return step(this.sha1, 'distro');
    },
    get version(): FlavorLevel {
      return step(this.distro, 'version');
    },
  };
}

/** A level's names, each with the names below it: how every listing looks. */
export function namesBelow(
  level: ReadonlyMap<string, ReadonlyMap<string, unknown>>,
): Record<string, string[]> {
  return Object.fromEntries([...level].map(([name, below]) => [name, [...below.keys()]]));
}
