import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { acknowledge } from '../domain/repo-events.ts';
import { isPending } from '../domain/repo-status.ts';
import type { PendingEvent, Repo } from '../domain/repo.ts';
import type { Clock, Log, Receipt, RepoStore, ShamanClient } from './ports.ts';

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
/** A refused event holds up its own repo only, and is offered again this much later. */
const REFUSED_PAUSE = 60_000;
const PARALLEL = 8;
/** Most publishes are over by then. */
const BEHIND_MILLISECONDS = 25;

/**
 * Brings every event to shaman, in order for each repo, at least once, however long shaman is away.
 * The events stand in the repos' documents until they are acknowledged. What leads to a publish is
 * told a moment later, with its outcome: told at once, it would hold up what it tells of.
 */
export class EventDelivery {
  readonly #repos: RepoStore;
  readonly #shaman: ShamanClient;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #body: (repo: Repo, event: PendingEvent) => object;
  readonly #waiting = new Map<string, RepoIdentity>();
  readonly #later = new Set<RepoIdentity>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #refused = new Map<string, () => void>();
  /** Set while shaman is away: nobody knocks until the pause is over, then one at a time. */
  #away: { readonly pause: number; readonly cancel: () => void; over: boolean } | null = null;
  /** Ends the wait of those that are told a moment later. */
  #timer: (() => void) | null = null;
  #stopped = false;

  constructor(options: {
    readonly repos: RepoStore;
    readonly shaman: ShamanClient;
    readonly clock: Clock;
    readonly log: Log;
    readonly body: (repo: Repo, event: PendingEvent) => object;
  }) {
    this.#repos = options.repos;
    this.#shaman = options.shaman;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#body = options.body;
  }

  /** Delivers what a former process left, and from now on whatever comes. */
  start(): void {
    this.#repos.watch((repo) => this.#hear(repo));
    for (const repo of this.#repos.all()) this.#offer(repo);
  }

  /** True while shaman does not answer. */
  get isAway(): boolean {
    return this.#away !== null;
  }

  /** Finishes the deliveries under way; the others stand in their documents. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#away?.cancel();
    this.#timer?.();
    for (const cancel of this.#refused.values()) cancel();
    this.#waiting.clear();
    await Promise.all(this.#running.values());
  }

  #hear(repo: Repo): void {
    if (this.#stopped || !isPending(repo.head.status)) {
      this.#offer(repo);
      return;
    }
    this.#later.add(repo.identity);
    this.#timer ??= this.#clock.after(BEHIND_MILLISECONDS, () => {
      this.#timer = null;
      const later = [...this.#later];
      this.#later.clear();
      for (const identity of later) {
        const now = this.#repos.get(identity);
        if (now !== undefined) this.#offer(now);
      }
    });
  }

  #offer(repo: Repo): void {
    if (this.#stopped || repo.head.events.length === 0) return;
    const key = repoPath(repo.identity);
    if (this.#running.has(key) || this.#refused.has(key)) return;
    this.#waiting.set(key, repo.identity);
    this.#fill();
  }

  #fill(): void {
    for (const [key, identity] of this.#waiting) {
      if (this.#stopped || this.#away?.over === false) return;
      if (this.#running.size >= (this.#away === null ? PARALLEL : 1)) return;
      this.#waiting.delete(key);
      const run = this.#deliver(key, identity).finally(() => {
        this.#running.delete(key);
        const repo = this.#repos.get(identity);
        if (repo !== undefined) this.#offer(repo);
        this.#fill();
      });
      this.#running.set(key, run);
    }
  }

  async #deliver(key: string, identity: RepoIdentity): Promise<void> {
    let event = this.#first(identity);
    for (;;) {
      const repo = this.#repos.get(identity);
      if (repo === undefined || event === undefined || this.#stopped) return;
      let receipt: Receipt;
      try {
        receipt = await this.#shaman.postRepo(identity.project, this.#body(repo, event));
      } catch (cause) {
        this.#goAway(cause);
        return;
      }
      this.#away?.cancel();
      this.#away = null;
      if (!receipt.taken) {
        this.#log.warn(
          { repo: key, status: event.status, reason: receipt.reason },
          'shaman refused an event',
        );
        this.#setAside(key, identity);
        return;
      }
      const { sequence } = event;
      const after = this.#repos.changeSoon(identity, (current) =>
        current === undefined ? null : { head: acknowledge(current.head, sequence) },
      );
      // A deleted repo is remembered only until shaman knows of it.
      if (after?.head.status === 'deleted') await this.#forget(identity);
      event = await this.#next(identity);
    }
  }

  #first(identity: RepoIdentity): PendingEvent | undefined {
    return this.#repos.get(identity)?.head.events[0];
  }

  /** One that came while another was told stands in memory before it is on the disk, which may refuse it. */
  async #next(identity: RepoIdentity): Promise<PendingEvent | undefined> {
    for (;;) {
      const event = this.#first(identity);
      await this.#repos.settled(identity).catch(() => undefined);
      if (this.#first(identity) === event) return event;
    }
  }

  async #forget(identity: RepoIdentity): Promise<void> {
    try {
      await this.#repos.drop(identity);
    } catch (cause) {
      // Shaman knows; what is left is a small file, and the next start tries again.
      this.#log.error({ repo: repoPath(identity), err: cause }, 'cannot forget a deleted repo');
    }
  }

  #goAway(cause: unknown): void {
    if (this.#stopped || this.#away?.over === false) return;
    if (this.#away === null) this.#log.warn({ err: cause }, 'shaman is away; events wait');
    const pause = Math.min((this.#away?.pause ?? FIRST_PAUSE / 2) * 2, LONGEST_PAUSE);
    const cancel = this.#clock.after(pause, () => {
      this.#away = { pause, cancel, over: true };
      this.#fill();
    });
    this.#away = { pause, cancel, over: false };
  }

  #setAside(key: string, identity: RepoIdentity): void {
    if (this.#stopped) return;
    const cancel = this.#clock.after(REFUSED_PAUSE, () => {
      this.#refused.delete(key);
      const repo = this.#repos.get(identity);
      if (repo !== undefined) this.#offer(repo);
    });
    this.#refused.set(key, cancel);
  }
}
