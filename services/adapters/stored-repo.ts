import type { RepoIdentity } from '../domain/identity.ts';
import { binaryKey } from '../domain/repo.ts';
import type { Binary, Repo, RepoChange, RepoHead } from '../domain/repo.ts';
import type { LoadedRepo } from './load-repos.ts';
import type { RepoFiles } from './repo-files.ts';
import { headDifference, play } from './repo-record.ts';
import type { RepoLine } from './repo-record.ts';

/** A change in memory, how to take it back, and its journal line. */
interface Applied {
  readonly line: RepoLine;
  readonly undo: () => void;
}

interface Waiter {
  resolve(): void;
  reject(cause: unknown): void;
}

/** Changes that become durable together, and who waits for them. */
interface Batch {
  readonly changes: Applied[];
  readonly waiters: Waiter[];
}

/**
 * One repo in memory, ahead of its files by what is being written. Changes of one moment share one
 * write. When a write fails, everything that is not durable is taken back in the same tick, so that
 * memory again says what the disk holds and nobody decides on a state that was refused.
 */
export class StoredRepo {
  readonly identity: RepoIdentity;
  readonly #files: RepoFiles;
  readonly #onState: (repo: StoredRepo) => void;
  readonly #binaries: Map<string, Binary>;
  #n: number;
  #repo: Repo | undefined;
  /** Being written. */
  #carried: Batch = emptyBatch();
  /** To be written next. */
  #next: Batch = emptyBatch();
  #drops: Waiter[] = [];
  #running: Promise<void> | null = null;

  constructor(
    identity: RepoIdentity,
    files: RepoFiles,
    loaded: LoadedRepo['record'] | null,
    onState: (repo: StoredRepo) => void,
  ) {
    this.identity = loaded?.identity ?? identity;
    this.#files = files;
    this.#onState = onState;
    this.#n = loaded?.n ?? 0;
    this.#binaries = loaded?.binaries ?? new Map<string, Binary>();
    if (loaded !== null) this.#set(loaded.head);
  }

  /** Its head is of the moment; its binaries are a live view, for copying 20,000 at each change is too slow. */
  get repo(): Repo | undefined {
    return this.#repo;
  }

  /** True when there is neither a repo nor anything under way. */
  get isGone(): boolean {
    return this.#repo === undefined && this.#running === null;
  }

  /** Decides and changes memory in this tick; true when something changed. */
  apply(decide: (repo: Repo | undefined) => RepoChange | null): boolean {
    const change = decide(this.#repo);
    if (change === null) return false;
    const before = this.#repo?.head;
    const head = change.head ?? before;
    if (head === undefined) throw new Error('the first change of a repo must bring its head');
    const { put, remove } = change;
    this.#n += 1;
    const line: RepoLine = {
      n: this.#n,
      ...(change.head === undefined ? {} : { head: headDifference(before, head) }),
      ...(put === undefined ? {} : { put }),
      ...(remove === undefined ? {} : { remove }),
    };
    const replaced = this.#valuesOf(change);
    play(this.#binaries, line);
    this.#set(head);
    this.#next.changes.push({ line, undo: () => this.#takeBack(before, replaced) });
    return true;
  }

  /** Resolves when everything applied so far is durable. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      if (this.#next.changes.length > 0) {
        this.#next.waiters.push(waiter);
        this.#run();
      } else if (this.#carried.changes.length > 0) {
        this.#carried.waiters.push(waiter);
      } else {
        resolve();
      }
    });
  }

  /** Resolves when every change that somebody waits for is durable; begins no write of its own. */
  async settled(): Promise<void> {
    if (this.#next.waiters.length > 0) return this.flush();
    const { changes, waiters } = this.#carried;
    if (changes.length === 0) return;
    await new Promise<void>((resolve, reject) => waiters.push({ resolve, reject }));
  }

  /** Forgets a tombstone that has nothing left to tell, durably; any other repo stays. */
  drop(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#drops.push({ resolve, reject });
      this.#run();
    });
  }

  /** Writes what is not durable yet and leaves one tidy file; nothing may be changed any more. */
  async close(): Promise<void> {
    try {
      await this.flush();
      await this.#running;
      if (!this.#files.isTidy && this.#repo !== undefined)
        await this.#files.snapshot(this.#record(this.#repo));
    } finally {
      await this.#files.close();
    }
  }

  #run(): void {
    this.#running ??= this.#work();
  }

  async #work(): Promise<void> {
    // One turn later, so that changes of the same tick ride in the same write.
    await Promise.resolve();
    for (;;) {
      if (this.#next.waiters.length > 0) await this.#write();
      else if (this.#drops.length > 0) await this.#dropFiles(this.#drops.splice(0));
      else break;
    }
    // In the tick that found nothing to do: what comes later begins anew.
    this.#running = null;
    this.#onState(this);
  }

  async #write(): Promise<void> {
    const batch = this.#next;
    this.#carried = batch;
    this.#next = emptyBatch();
    try {
      if (this.#repo !== undefined) {
        const lines = batch.changes.map(({ line }) => line);
        await this.#files.save(this.#record(this.#repo), lines);
      }
      for (const waiter of batch.waiters) waiter.resolve();
    } catch (cause) {
      const later = this.#next;
      this.#next = emptyBatch();
      for (const { undo } of [...batch.changes, ...later.changes].reverse()) undo();
      this.#carried = emptyBatch();
      for (const waiter of [...batch.waiters, ...later.waiters]) waiter.reject(cause);
      // A first document may be there in spite of the failure; the next one would overwrite it, if one comes.
      if (this.#repo === undefined) await this.#files.remove().catch(() => undefined);
    }
    this.#carried = emptyBatch();
  }

  async #dropFiles(waiters: readonly Waiter[]): Promise<void> {
    try {
      if (isForgettable(this.#repo)) {
        await this.#files.remove();
        if (isForgettable(this.#repo)) this.#forget();
      }
      for (const waiter of waiters) waiter.resolve();
    } catch (cause) {
      for (const waiter of waiters) waiter.reject(cause);
    }
  }

  /** What is still to be written is part of what is forgotten. */
  #forget(): void {
    const { waiters } = this.#next;
    this.#next = emptyBatch();
    this.#binaries.clear();
    this.#set(undefined);
    for (const waiter of waiters) waiter.resolve();
  }

  #record({ head }: Repo) {
    return { n: this.#n, identity: this.identity, head, binaries: this.#binaries };
  }

  #valuesOf({ put = [], remove = [] }: RepoChange): Map<string, Binary | undefined> {
    const keys = [...put.map(({ arch, name }) => binaryKey(arch, name)), ...remove];
    return new Map(keys.map((key) => [key, this.#binaries.get(key)]));
  }

  #takeBack(head: RepoHead | undefined, values: ReadonlyMap<string, Binary | undefined>): void {
    for (const [key, binary] of values) {
      if (binary === undefined) this.#binaries.delete(key);
      else this.#binaries.set(key, binary);
    }
    this.#set(head);
  }

  #set(head: RepoHead | undefined): void {
    this.#repo =
      head === undefined ? undefined : { identity: this.identity, head, binaries: this.#binaries };
    this.#onState(this);
  }
}

function emptyBatch(): Batch {
  return { changes: [], waiters: [] };
}

function isForgettable(repo: Repo | undefined): boolean {
  return repo?.head.status === 'deleted' && repo.head.events.length === 0;
}
