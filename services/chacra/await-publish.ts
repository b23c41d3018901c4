import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { isPending } from '../domain/repo-status.ts';
import type { Repo, RepoHead } from '../domain/repo.ts';
import type { Clock, RepoStore } from './ports.ts';

/** Whether a publish that was asked for is live, or nothing is under way that would make it so. */
export function isOver({ live, status }: RepoHead, generation: number): boolean {
  return (live !== null && live.number >= generation) || !isPending(status);
}

type Look = (head: RepoHead) => void;

/** Those who wait until what they asked to be published is served. */
export class PublishWaiters {
  readonly #repos: Pick<RepoStore, 'get' | 'watch'>;
  readonly #clock: Clock;
  /** By the repo's path. */
  readonly #waiting = new Map<string, Set<Look>>();

  constructor({
    repos,
    clock,
  }: {
    readonly repos: Pick<RepoStore, 'get' | 'watch'>;
    readonly clock: Clock;
  }) {
    this.#repos = repos;
    this.#clock = clock;
    repos.watch((repo) => this.#note(repo));
  }

  /**
   * Resolves when a generation of a repo, or a later one, is live, when nothing is under way that
   * would make it so, and when the time is up or the signal comes.
   */
  wait(
    identity: RepoIdentity,
    generation: number,
    milliseconds: number,
    signal: AbortSignal,
  ): Promise<void> {
    const now = this.#repos.get(identity);
    if (now === undefined || signal.aborted || isOver(now.head, generation)) {
      return Promise.resolve();
    }
    const key = repoPath(identity);
    return new Promise((resolve) => {
      const finish = () => {
        this.#leave(key, look);
        cancel();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const look: Look = (head) => {
        if (isOver(head, generation)) finish();
      };
      const cancel = this.#clock.after(milliseconds, finish);
      signal.addEventListener('abort', finish);
      const others = this.#waiting.get(key) ?? new Set();
      this.#waiting.set(key, others.add(look));
    });
  }

  #note({ identity, head }: Repo): void {
    if (this.#waiting.size === 0) return;
    for (const look of [...(this.#waiting.get(repoPath(identity)) ?? [])]) look(head);
  }

  #leave(key: string, look: Look): void {
    const others = this.#waiting.get(key);
    others?.delete(look);
    if (others?.size === 0) this.#waiting.delete(key);
  }
}
