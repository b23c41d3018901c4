import type { Repo } from '../domain/repo.ts';
import { Pauses } from './pauses.ts';
import type { Pause } from './pauses.ts';
import type { Clock, RepoStore } from './ports.ts';

/** To ask again sooner tells nothing new, and looking at all binaries takes a while. */
const KEPT_MILLISECONDS = 30_000;

/** What a project, or a ref of it, takes. Older generations, which end within a day, are not counted. */
export interface Use {
  sha1s: number;
  repos: number;
  binaries: number;
  /** Every binary counted: what uploaders sent and clients see. */
  bytes: number;
  /** Each blob counted once, also one that others name too. */
  storedBytes: number;
  /** Of blobs that nobody else names: what would come free without it. */
  exclusiveBytes: number;
}

export interface RefUse extends Use {
  readonly ref: string;
}

export interface ProjectUse extends Use {
  readonly project: string;
  readonly refs: RefUse[];
}

export interface DiskUse {
  /** RFC 3339 UTC. */
  readonly at: string;
  readonly total: Use;
  readonly projects: readonly ProjectUse[];
}

/** Who names a blob: the last one seen, and whether it is the only one. */
interface Named {
  readonly size: number;
  ref: RefUse;
  project: ProjectUse;
  isOneRef: boolean;
  isOneProject: boolean;
}

/** Adds up the binaries of all repos, a little at a time, and remembers the answer for a moment. */
export class DiskUses {
  readonly #repos: RepoStore;
  readonly #clock: Clock;
  readonly #pause: Pause;
  #last: { readonly until: number; readonly use: Promise<DiskUse> } | null = null;

  constructor(options: {
    readonly repos: RepoStore;
    readonly clock: Clock;
    readonly pause: Pause;
  }) {
    this.#repos = options.repos;
    this.#clock = options.clock;
    this.#pause = options.pause;
  }

  /** Of at most half a minute ago; all who ask at once share one calculation. */
  current(): Promise<DiskUse> {
    const now = this.#clock.now();
    if (this.#last === null || this.#last.until <= now.getTime()) {
      const use = addUp(this.#repos, new Pauses(this.#pause), now.toISOString());
      this.#last = { until: now.getTime() + KEPT_MILLISECONDS, use };
    }
    return this.#last.use;
  }
}

async function addUp(repos: RepoStore, pauses: Pauses, at: string): Promise<DiskUse> {
  const projects = new Map<string, ProjectUse>();
  const total = noUse();
  const blobs = new Map<string, Named>();
  for (const group of refsOf(repos).values()) {
    const [{ identity }] = group;
    const project = projects.get(identity.project) ?? newProject(identity.project);
    projects.set(identity.project, project);
    const ref: RefUse = { ref: identity.ref, ...noUse() };
    project.refs.push(ref);
    const sha1s = new Set(group.map((repo) => repo.identity.sha1)).size;
    for (const row of [ref, project, total]) row.sha1s += sha1s;
    for (const repo of group) {
      for (const row of [ref, project, total]) row.repos += 1;
      for (const { blob } of repo.binaries.values()) {
        for (const row of [ref, project, total]) row.binaries += 1;
        if (blob !== null) count(blobs, blob, ref, project, total);
      }
      await pauses.after(repo.binaries.size);
    }
  }
  for (const { size, ref, project, isOneRef, isOneProject } of blobs.values()) {
    total.exclusiveBytes += size;
    if (isOneRef) ref.exclusiveBytes += size;
    if (isOneProject) project.exclusiveBytes += size;
    await pauses.after(1);
  }
  return { at, total, projects: [...projects.values()] };
}

/** Repos by project and ref, in the order of their names: each group is counted in one go. */
function refsOf(repos: RepoStore): Map<string, [Repo, ...Repo[]]> {
  const groups = new Map<string, [Repo, ...Repo[]]>();
  for (const repo of repos.all()) {
    if (repo.head.status === 'deleted') continue;
    const key = `${repo.identity.project}\n${repo.identity.ref}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [repo]);
    else group.push(repo);
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function count(
  blobs: Map<string, Named>,
  { sha256, size }: { readonly sha256: string; readonly size: number },
  ref: RefUse,
  project: ProjectUse,
  total: Use,
): void {
  for (const row of [ref, project, total]) row.bytes += size;
  const known = blobs.get(sha256);
  if (known === undefined) {
    blobs.set(sha256, { size, ref, project, isOneRef: true, isOneProject: true });
    for (const row of [ref, project, total]) row.storedBytes += size;
    return;
  }
  if (known.ref !== ref) {
    ref.storedBytes += size;
    known.isOneRef = false;
    known.ref = ref;
  }
  if (known.project !== project) {
    project.storedBytes += size;
    known.isOneProject = false;
    known.project = project;
  }
}

function noUse(): Use {
  return { sha1s: 0, repos: 0, binaries: 0, bytes: 0, storedBytes: 0, exclusiveBytes: 0 };
}

function newProject(project: string): ProjectUse {
  return { project, refs: [], ...noUse() };
}
