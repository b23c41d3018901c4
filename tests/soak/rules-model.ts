import { repoPath } from '../../services/domain/identity.ts';
import type { RepoIdentity } from '../../services/domain/identity.ts';

/** What the configuration says of a project. */
export interface ModelRules {
  readonly automatic: boolean;
  readonly disabled: boolean;
  readonly combined: readonly string[];
  readonly extras: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

export type Kind = 'deb' | 'rpm' | 'raw';

/** An uploaded package. */
export interface ModelBinary {
  readonly arch: string;
  readonly file: string;
  readonly name: string;
  readonly version: string;
  readonly packageArch: string;
  readonly sha256: string;
  /** Seconds. */
  readonly time: number;
}

/** What clients see of a repo. */
export interface Shown {
  readonly kind: Kind;
  readonly suites: readonly string[];
  /** Codename or folder, and the sha256 of what stands there. */
  readonly entries: readonly string[];
  readonly revision: number;
  readonly isSigned: boolean;
}

interface Live extends Shown {
  readonly sources: readonly string[];
}

export interface ModelRepo {
  readonly identity: RepoIdentity;
  readonly path: string;
  readonly created: number;
  readonly binaries: Map<string, ModelBinary>;
  /** By the number of the generation that has its files. */
  readonly shown: Map<number, Shown>;
  kind: Kind;
  revision: number;
  live: Live | null;
}

interface Source {
  readonly repo: ModelRepo;
  readonly suites: readonly string[];
  /** Of two equals the one of the lower rank is published. */
  readonly rank: number;
}

const GENERIC = ['generic', 'universal', 'any'];
const MOST_ROUNDS = 50;

/** What a storage node publishes, as docs/operations.md tells it: written without a look at the code. */
export class RulesModel {
  readonly repos = new Map<string, ModelRepo>();
  rules: Readonly<Record<string, ModelRules>> = {};
  isSigning = false;

  put(identity: RepoIdentity, binary: ModelBinary, now: number): void {
    const path = repoPath(identity);
    const repo: ModelRepo = this.repos.get(path) ?? {
      ...{ identity, path, created: now, binaries: new Map(), shown: new Map() },
      ...{ kind: binary.file.endsWith('.rpm') ? 'rpm' : 'deb', revision: 0, live: null },
    };
    this.repos.set(path, repo);
    const key = `${binary.arch}/${binary.file}`;
    if (repo.binaries.get(key)?.sha256 === binary.sha256) return;
    repo.binaries.set(key, binary);
    this.#changed(repo);
  }

  remove(repo: ModelRepo, key: string): void {
    repo.binaries.delete(key);
    if (repo.binaries.size === 0) this.repos.delete(repo.path);
    else this.#changed(repo);
  }

  /** Made so by the next publish. */
  setKind(repo: ModelRepo, kind: Kind): void {
    if (repo.kind !== kind) repo.revision += 1;
    repo.kind = kind;
  }

  update(repo: ModelRepo): void {
    const sources = this.sourcesOf(repo);
    repo.live = { ...this.#show(repo, sources), sources: sources.map(asTaken) };
  }

  goBack(repo: ModelRepo, shown: Shown): void {
    const sources = this.sourcesOf(repo).map(asTaken);
    repo.live = { ...shown, isSigned: this.isSigning, sources };
  }

  unpublished({ live, revision, binaries }: ModelRepo): number {
    return live === null ? binaries.size : revision - live.revision;
  }

  rulesOf({ identity: { project } }: ModelRepo): ModelRules {
    const rules = this.rules[project];
    if (rules === undefined) throw new Error(`nothing is said of ${project}`);
    return rules;
  }

  /** A start publishes what never was, where that is automatic by now. */
  start(): void {
    for (const repo of this.repos.values())
      if (repo.live === null && this.#isAutomatic(repo)) this.update(repo);
  }

  /** Publishes what the changes of others bring, until there is nothing left. */
  settle(): void {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const owing = [...this.repos.values()].filter((repo) => this.#owes(repo));
      if (owing.length === 0) return;
      for (const repo of owing) this.update(repo);
    }
    throw new Error('the model comes to no end');
  }

  sourcesOf(repo: ModelRepo): Source[] {
    const { distro, distroVersion: own } = repo.identity;
    if (repo.kind === 'raw' || GENERIC.includes(own)) return [];
    const isDeb = repo.kind === 'deb';
    const found = new Map<string, Source>();
    const add = (other: ModelRepo | undefined, suites: readonly string[], rank: number) => {
      if (other === undefined || other === repo || other.kind === 'raw') return;
      if (!found.has(other.path)) found.set(other.path, { repo: other, suites, rank });
    };
    const codenames = isDeb ? this.rulesOf(repo).combined.filter((name) => name !== own) : [];
    for (const codename of codenames) {
      const isMeant = ({ identity }: ModelRepo) => identity.distroVersion === codename;
      for (const other of this.#ofBuild(repo).filter(isMeant)) add(other, [codename], 1);
    }
    const extras = this.#extrasOf(repo);
    for (const version of [own, ...codenames]) {
      const suites = isDeb ? [version] : [''];
      for (const [project, ref] of extras)
        add(this.#newest(repo, project, ref, { version, anyDistro: isDeb }), suites, 2);
    }
    const suites = isDeb ? this.#suitesOf(repo, [...found.values()]) : [''];
    for (const version of GENERIC) {
      for (const other of this.#ofBuild(repo)) {
        const { identity } = other;
        if (identity.distro === distro && identity.distroVersion === version) add(other, suites, 1);
      }
      for (const [project, ref] of extras)
        add(this.#newest(repo, project, ref, { version, anyDistro: false }), suites, 2);
    }
    return [...found.values()];
  }

  #changed(repo: ModelRepo): void {
    repo.revision += 1;
    if (this.#isAutomatic(repo)) this.update(repo);
  }

  #isAutomatic(repo: ModelRepo): boolean {
    const { automatic, disabled } = this.rulesOf(repo);
    return automatic && !disabled && !GENERIC.includes(repo.identity.distroVersion);
  }

  #owes(repo: ModelRepo): boolean {
    const { live } = repo;
    if (live === null || this.rulesOf(repo).disabled) return false;
    const sources = this.sourcesOf(repo);
    const now = sources.map(asTaken);
    const gone = live.sources.filter((taken) => !now.some((one) => pathIn(one) === pathIn(taken)));
    const changed = sources.filter((source) => !live.sources.includes(asTaken(source)));
    if (this.#isAutomatic(repo)) return gone.length + changed.length > 0;
    if (this.unpublished(repo) > 0) return false;
    const build = repo.path.split('/', 3).join('/');
    return (
      gone.some((taken) => taken.startsWith(`${build}/`)) ||
      changed.some(
        (source) => source.repo.path.startsWith(`${build}/`) && this.unpublished(source.repo) === 0,
      )
    );
  }

  /** The repos of its build, in its flavor. */
  #ofBuild({ identity: { project, ref, sha1, flavor } }: ModelRepo): ModelRepo[] {
    return this.#all().filter(
      ({ identity: one }) =>
        one.project === project && one.ref === ref && one.sha1 === sha1 && one.flavor === flavor,
    );
  }

  #all(): ModelRepo[] {
    return [...this.repos.values()];
  }

  /** The refs of other projects whose packages it takes; a project below the ref itself wins over `all`. */
  #extrasOf(repo: ModelRepo): [project: string, ref: string][] {
    const { extras } = this.rulesOf(repo);
    const taken = { ...extras['all'], ...extras[repo.identity.ref] };
    return Object.entries(taken).flatMap(([project, refs]) => {
      const ofProject = this.#all().filter(({ identity }) => identity.project === project);
      const every = new Set(ofProject.map(({ identity }) => identity.ref));
      return [...(refs.includes('all') ? every : refs)].map((ref): [string, string] => [
        project,
        ref,
      ]);
    });
  }

  /** Of a ref the own sha1, or else the newest, which is preferably published; in this flavor or its default. */
  #newest(
    { identity: own }: ModelRepo,
    project: string,
    ref: string,
    { version, anyDistro }: { readonly version: string; readonly anyDistro: boolean },
  ): ModelRepo | undefined {
    for (const flavor of [own.flavor, 'default']) {
      const fitting = this.#all().filter(
        ({ identity: one }) =>
          one.project === project &&
          one.ref === ref &&
          one.distroVersion === version &&
          one.flavor === flavor &&
          (anyDistro || one.distro === own.distro),
      );
      const [best] = fitting.sort(
        (a, b) =>
          Number(b.identity.sha1 === own.sha1) - Number(a.identity.sha1 === own.sha1) ||
          Number(b.live !== null) - Number(a.live !== null) ||
          b.created - a.created,
      );
      if (best !== undefined) return best;
    }
    return undefined;
  }

  #suitesOf(repo: ModelRepo, sources: readonly Source[]): string[] {
    const own = repo.identity.distroVersion;
    if (repo.kind !== 'deb') return [];
    if (GENERIC.includes(own)) return [own];
    const isThere = (codename: string) => sources.some(({ suites }) => suites.includes(codename));
    return [own, ...this.rulesOf(repo).combined.filter((name) => name !== own && isThere(name))];
  }

  #show(repo: ModelRepo, sources: readonly Source[]): Shown {
    const { kind, revision } = repo;
    const own = kind === 'deb' ? [repo.identity.distroVersion] : [''];
    const all = [{ repo, suites: own, rank: 0 }, ...sources].flatMap((source) =>
      [...source.repo.binaries.values()].flatMap((binary) =>
        source.suites.map((suite) => ({ binary, suite, rank: source.rank })),
      ),
    );
    all.sort(
      (a, b) =>
        a.rank - b.rank ||
        a.binary.time - b.binary.time ||
        compare(a.binary.arch, b.binary.arch) ||
        compare(a.binary.file, b.binary.file),
    );
    const winners = new Map<string, (typeof all)[number]>();
    for (const one of all) {
      const { name, version, packageArch, arch, file } = one.binary;
      const rivals = {
        // apt: one version of a package.
        deb: `${one.suite} ${name} ${packageArch}`,
        rpm: `${name} ${version} ${packageArch}`,
        raw: `${arch}/${file}`,
      }[kind];
      const before = winners.get(rivals);
      if (before === undefined || compare(version, before.binary.version) > 0)
        winners.set(rivals, one);
    }
    const entries = [...winners.values()].map(({ suite, binary }) => {
      const place = { deb: suite, rpm: binary.packageArch, raw: binary.arch }[kind];
      return `${place} ${binary.sha256}`;
    });
    return {
      ...{ kind, revision, isSigned: this.isSigning, entries: entries.sort() },
      suites: this.#suitesOf(repo, sources),
    };
  }
}

function asTaken({ repo: { path, created, revision } }: Source): string {
  return `${path} ${created} ${revision}`;
}

function pathIn(taken: string): string {
  return taken.slice(0, taken.indexOf(' '));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
