import type { Generation } from '../domain/generation.ts';
import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Repo } from '../domain/repo.ts';
import { exportTrees } from './export-trees.ts';
import { findBlobUses } from './find-blob-uses.ts';
import { unlessOver } from './kept-generations.ts';
import type { Pause } from './pauses.ts';
import type { Clock, ExportStore, GenerationStore, Log, RepoStore } from './ports.ts';
import type { RestoreIndex } from './restore-index.ts';

const PARALLEL = 2;
const PAUSE_MILLISECONDS = 60_000;

export interface ExportCollaborators {
  readonly repos: RepoStore;
  readonly generations: GenerationStore;
  readonly restoreIndex: RestoreIndex;
  readonly exported: ExportStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly pause: Pause;
  /** How long a replaced folder stays for those who are still reading in it. */
  readonly keepMilliseconds: number;
}

interface Changed {
  readonly identity: RepoIdentity;
  /** Of the first change that is not exported yet. */
  readonly number: number;
}

/**
 * Keeps the exported folders as the repositories are: after each switch, and after a start, when
 * every one is looked at once, for a crash may have come between a switch and its export.
 */
export class RepoExporter {
  readonly #with: ExportCollaborators;
  /** What each repo was last seen to publish, so that an upload alone exports nothing. */
  readonly #seen = new Map<string, string>();
  readonly #changed = new Map<string, Changed>();
  /** Looked at when nothing has changed; their files are compared too. */
  readonly #unchecked = new Map<string, { readonly identity: RepoIdentity }>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #failing = new Map<string, () => void>();
  /** Counts the changes. */
  #number = 0;
  #starting: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(collaborators: ExportCollaborators) {
    this.#with = collaborators;
  }

  /** Takes up every repo and everything that was exported before; called once. */
  start(): void {
    const { repos, log } = this.#with;
    repos.watch((repo) => this.#look(repo));
    for (const { identity, head } of repos.all())
      if (head.live !== null) this.#unchecked.set(repoPath(identity), { identity });
    this.#starting = this.#findExported().catch((cause: unknown) => {
      log.error({ err: cause }, 'cannot see whose folders are exported');
    });
    this.#fill();
  }

  /** How many repos are not exported as they are, and how many of them failed to be. */
  get depth(): { waiting: number; failing: number } {
    const waiting = this.#changed.size + this.#unchecked.size + this.#running.size;
    return { waiting: waiting + this.#failing.size, failing: this.#failing.size };
  }

  /**
   * Removes folders that were replaced long enough ago, after those of repos that were deleted up to
   * now: until then their links keep bytes on the disk.
   */
  async sweep(): Promise<void> {
    const { exported, clock, keepMilliseconds } = this.#with;
    // What changed comes before what is only looked at, so these are the next to run. What changes
    // later is not waited for: where something always does, there would be no end.
    const newest = this.#number;
    do await Promise.all(this.#running.values());
    while (!this.#stopped && this.#isDue(newest));
    await Promise.all(this.#running.values());
    if (this.#stopped) return;
    await exported.sweep(new Date(clock.now().getTime() - keepMilliseconds));
  }

  /** The exported files of these bytes are as damaged as they: what has them fails until it can be linked anew. */
  async relink(sha256: string): Promise<void> {
    const { published } = await findBlobUses(this.#with, new Set([sha256]));
    for (const { identity } of published) this.#unchecked.set(repoPath(identity), { identity });
    this.#fill();
  }

  /** Begins nothing more and waits for what is under way; the next start takes up the rest. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#starting;
    for (const cancel of this.#failing.values()) cancel();
    await Promise.all(this.#running.values());
  }

  /** Folders of repos that were deleted while nobody looked go too. */
  async #findExported(): Promise<void> {
    const { repos, exported } = this.#with;
    for (const identity of await exported.identities()) {
      if ((repos.get(identity)?.head.live ?? null) !== null) continue;
      this.#unchecked.set(repoPath(identity), { identity });
    }
    this.#fill();
  }

  #look(repo: Repo): void {
    const key = repoPath(repo.identity);
    const state = stateOf(repo);
    if ((this.#seen.get(key) ?? '') === state) return;
    if (state === '') this.#seen.delete(key);
    else this.#seen.set(key, state);
    this.#number += 1;
    const number = this.#changed.get(key)?.number ?? this.#number;
    this.#changed.set(key, { identity: repo.identity, number });
    this.#fill();
  }

  /** Whether something waits that had changed by then. */
  #isDue(newest: number): boolean {
    for (const { number } of this.#changed.values()) if (number <= newest) return true;
    return false;
  }

  #fill(): void {
    for (const [list, isCheck] of [
      [this.#changed, false],
      [this.#unchecked, true],
    ] as const) {
      for (const [key, { identity }] of list) {
        if (this.#stopped || this.#running.size >= PARALLEL) return;
        if (this.#running.has(key)) continue;
        list.delete(key);
        this.#failing.get(key)?.();
        this.#failing.delete(key);
        const run = this.#run(key, identity, isCheck).then(() => {
          this.#running.delete(key);
          this.#fill();
        });
        this.#running.set(key, run);
      }
    }
  }

  async #run(key: string, identity: RepoIdentity, isCheck: boolean): Promise<void> {
    const { repos, exported, clock, log } = this.#with;
    const repo = repos.get(identity);
    try {
      if (repo === undefined || repo.head.live === null) {
        await exported.remove(identity);
        return;
      }
      if (isCheck) this.#seen.set(key, stateOf(repo));
      await this.#export(repo, isCheck);
    } catch (cause) {
      // Of what was published meanwhile, another run is due anyway.
      if (this.#changed.has(key)) return;
      log.error({ repo: key, err: cause }, 'cannot export a repository; tried again later');
      const retry = (): void => {
        this.#failing.delete(key);
        this.#unchecked.set(key, { identity });
        this.#fill();
      };
      if (!this.#stopped) this.#failing.set(key, clock.after(PAUSE_MILLISECONDS, retry));
    }
  }

  async #export(repo: Repo, isCheck: boolean): Promise<void> {
    const { generations, restoreIndex, exported, clock } = this.#with;
    const { live, older } = repo.head;
    if (live === null) return;
    const kept: Generation[] = [];
    for (const { files } of older) {
      const generation = await unlessOver(generations.read(repo.identity, files));
      if (generation !== null && files !== live.files) kept.push(generation);
    }
    const trees = exportTrees(await generations.read(repo.identity, live.files), kept);
    await exported.put(repo.identity, trees, {
      bytes: (index) => restoreIndex(repo, index),
      now: clock.now(),
      isCheck,
    });
  }
}

/** What of a repo is exported; empty when nothing is. */
function stateOf({ head }: Repo): string {
  if (head.live === null) return '';
  return [head.live.files, ...head.older.map(({ files }) => files)].join();
}
