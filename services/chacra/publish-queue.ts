import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { isPending } from '../domain/repo-status.ts';
import type { Repo } from '../domain/repo.ts';
import { atStart } from './mark-repo.ts';
import type { Clock, Log, RepoStore } from './ports.ts';
import { rulesOfRepo } from './project-rules.ts';
import type { RulesOf } from './project-rules.ts';
import { announceState } from './request-update.ts';

const PATIENCE = 10;
/** After a publish whose end could not even be recorded, as on a full disk. */
const PAUSE_MILLISECONDS = 10_000;

interface Quiet {
  readonly since: number;
  readonly cancel: () => void;
}

/**
 * Decides when each repo is published: one publish of a repo at a time, a bounded number over all.
 * What is owed stands in the repos' own documents, so nothing here has to survive a restart.
 */
export class PublishQueue {
  readonly #repos: RepoStore;
  readonly #rulesOf: RulesOf;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #publish: (identity: RepoIdentity) => Promise<void>;
  readonly #quietMilliseconds: number;
  readonly #parallel: number;
  readonly #quiet = new Map<string, Quiet>();
  readonly #waiting = new Map<string, RepoIdentity>();
  readonly #running = new Map<string, Promise<void>>();
  #stopped = false;

  constructor(options: {
    readonly repos: RepoStore;
    readonly rulesOf: RulesOf;
    readonly clock: Clock;
    readonly log: Log;
    readonly publish: (identity: RepoIdentity) => Promise<void>;
    readonly quietMilliseconds: number;
    readonly parallel: number;
  }) {
    this.#repos = options.repos;
    this.#rulesOf = options.rulesOf;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#publish = options.publish;
    this.#quietMilliseconds = options.quietMilliseconds;
    this.#parallel = options.parallel;
  }

  /** Takes up what a former process left owed, and what the rules of now make of it: called once, after the start. */
  resume(): void {
    for (const { identity } of [...this.#repos.all()]) {
      const repo = this.#repos.changeSoon(identity, (current) => {
        if (current === undefined) return null;
        const head = atStart(current, rulesOfRepo(this.#rulesOf, identity));
        return head === current.head ? null : { head };
      });
      if (repo !== undefined && isPending(repo.head.status)) this.start(identity);
    }
  }

  /** How many repos wait for their quiet time or a free place, and how many are being published. */
  get depth(): { waiting: number; running: number } {
    return { waiting: this.#quiet.size + this.#waiting.size, running: this.#running.size };
  }

  /** Publishes a repo as soon as there is a place. */
  start(identity: RepoIdentity): void {
    const key = repoPath(identity);
    this.#quiet.get(key)?.cancel();
    this.#quiet.delete(key);
    if (this.#stopped) return;
    this.#waiting.set(key, identity);
    this.#fill();
  }

  /**
   * Publishes a repo once nothing has come for the quiet time. Steady uploads cannot put it off for
   * ever: after ten quiet times it is published anyway, and again for what came later.
   */
  startWhenQuiet(identity: RepoIdentity): void {
    const key = repoPath(identity);
    const status = this.#repos.get(identity)?.head.status;
    if (this.#stopped || status !== 'requested' || this.#waiting.has(key)) return;
    const now = this.#clock.now().getTime();
    const before = this.#quiet.get(key);
    before?.cancel();
    const since = before?.since ?? now;
    const latest = since + PATIENCE * this.#quietMilliseconds;
    const wait = Math.max(0, Math.min(this.#quietMilliseconds, latest - now));
    const cancel = this.#clock.after(wait, () => this.start(identity));
    this.#quiet.set(key, { since, cancel });
  }

  /** Takes no more work and waits for what is being published; the rest stays owed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { cancel } of this.#quiet.values()) cancel();
    this.#quiet.clear();
    this.#waiting.clear();
    await Promise.all(this.#running.values());
  }

  #fill(): void {
    for (const [key, identity] of this.#waiting) {
      if (this.#running.size >= this.#parallel) return;
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      const run = this.#run(identity).then((isRecorded) => {
        this.#running.delete(key);
        if (isRecorded) this.#afterwards(identity);
        else this.#startLater(identity);
        this.#fill();
      });
      this.#running.set(key, run);
    }
  }

  /** True when the outcome stands in the repo's record. */
  async #run(identity: RepoIdentity): Promise<boolean> {
    try {
      const repo = this.#repos.changeSoon(identity, (current) => this.#enqueue(current));
      if (repo?.head.status === 'queued' || repo?.head.status === 'building') {
        await this.#publish(identity);
      }
      return true;
    } catch (cause) {
      // A publish records its own failures; this is one that could not even be recorded.
      this.#log.error({ repo: repoPath(identity), err: cause }, 'publishing broke off');
      return false;
    }
  }

  /** Repos that waited for quiet announce themselves from `queued` on. */
  #enqueue(repo: Repo | undefined): { head: Repo['head'] } | null {
    if (repo?.head.status !== 'requested') return null;
    const queued = { ...repo.head, status: 'queued' as const };
    return { head: announceState(repo, queued, 'queued', this.#clock.now()) };
  }

  #startLater(identity: RepoIdentity): void {
    const status = this.#repos.get(identity)?.head.status;
    if (this.#stopped || status === undefined || !isPending(status)) return;
    const since = this.#clock.now().getTime();
    const cancel = this.#clock.after(PAUSE_MILLISECONDS, () => this.start(identity));
    const key = repoPath(identity);
    this.#quiet.get(key)?.cancel();
    this.#quiet.set(key, { since, cancel });
  }

  #afterwards(identity: RepoIdentity): void {
    const status = this.#repos.get(identity)?.head.status;
    if (status === 'queued') this.start(identity);
    if (status === 'requested') this.startWhenQuiet(identity);
  }
}
