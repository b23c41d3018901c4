import type { Build } from '../domain/build.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';
import type { BuildRecords, Commits, RepoRecords } from './ports.ts';

/** A change that is durable, as listeners are told of it. */
export type FeedEvent = {
  /** Grows with each event: about the microseconds since 1970. */
  readonly id: number;
  /** The status before; null for a new record. */
  readonly was: string | null;
  /** The record is on no list any more. */
  readonly isGone: boolean;
} & (
  | { readonly kind: 'repo'; readonly record: ShamanRepo; readonly before: ShamanRepo | undefined }
  | { readonly kind: 'build'; readonly record: Build; readonly before: Build | undefined }
);

/** Which changes somebody listens to: all given parts together. */
export interface FeedFilter {
  readonly project: string | null;
  readonly ref: string | null;
  readonly sha1: string | null;
}

/** One listener. It takes what it can when it is woken, so nothing piles up for slow ones. */
export interface Subscription {
  /** The next events, oldest first; `isLost` when events before them were forgotten meanwhile. */
  take(atMost: number): { readonly events: readonly FeedEvent[]; readonly isLost: boolean };
  /** True while there is something to take; it is woken when that becomes true. */
  readonly isBehind: boolean;
  /** The id from which somebody who has taken everything so far goes on. */
  readonly position: number;
  close(): void;
}

interface Listener {
  readonly filter: FeedFilter;
  readonly wake: () => void;
  /** The place in the feed of the first event not taken yet; null when there is none. */
  next: number | null;
}

interface Collaborators {
  readonly repos: Pick<RepoRecords, 'watch'>;
  readonly builds: Pick<BuildRecords, 'watch'>;
  readonly commits: Pick<Commits, 'newest'>;
}

/**
 * The last changes, in order, for those who listen and for those who come back. An event finds its
 * listeners by an index: what the others cost does not depend on it.
 */
export class EventFeed {
  readonly #capacity: number;
  readonly #ring: FeedEvent[] = [];
  /** Place of the first event in the ring; places count from the start of the process. */
  #first = 0;
  /** Every event after this id is in the ring. */
  #floor: number;
  #newest: number;
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor({ repos, builds, commits }: Collaborators, capacity: number) {
    this.#capacity = capacity;
    this.#floor = commits.newest;
    this.#newest = commits.newest;
    repos.watch(({ before, after }) => {
      const record = after ?? before;
      if (record === undefined) return;
      const isGone = after === undefined || after.status === 'deleted';
      // Retention forgets a tombstone: everybody knows of it.
      if (isGone && (before === undefined || before.status === 'deleted')) return;
      const was = before === undefined || before.status === 'deleted' ? null : before.status;
      this.#add({ ...this.#stamp(record), kind: 'repo', record, before, was, isGone });
    });
    builds.watch(({ before, after }) => {
      const record = after ?? before;
      if (record === undefined) return;
      const was = before?.status ?? null;
      const isGone = after === undefined;
      this.#add({ ...this.#stamp(record), kind: 'build', record, before, was, isGone });
    });
  }

  /** The id of the newest event: who starts after it misses nothing that comes. */
  get newest(): number {
    return this.#newest;
  }

  /**
   * Starts to listen: from now on, or from where somebody stopped before. Null when that is not known
   * any more; then only a look at the records tells what happened.
   */
  subscribe(filter: FeedFilter, after: number | null, wake: () => void): Subscription | null {
    if (after !== null && (after < this.#floor || after > this.#newest)) return null;
    const next = after === null ? null : this.#placeAfter(after);
    const listener: Listener = { filter, wake, next };
    const key = keyOf(filter);
    const others = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, others.add(listener));
    const positionOf = () => this.#positionOf(listener);
    return {
      take: (atMost) => this.#take(listener, atMost),
      get isBehind() {
        return listener.next !== null;
      },
      get position() {
        return positionOf();
      },
      close: () => {
        others.delete(listener);
        if (others.size === 0 && this.#listeners.get(key) === others) this.#listeners.delete(key);
      },
    };
  }

  /** Two events of one change, and one without a moment of its own, get ids of their own. */
  #stamp({ modified }: ShamanRepo | Build): { readonly id: number } {
    this.#newest = Math.max(this.#newest + 1, modified.order);
    return { id: this.#newest };
  }

  #add(event: FeedEvent): void {
    const place = this.#first + this.#ring.length;
    this.#ring.push(event);
    // Cut in large pieces: taking the first off a long list each time would copy it.
    if (this.#ring.length >= this.#capacity * 2) {
      const cut = this.#ring.splice(0, this.#ring.length - this.#capacity);
      this.#first += cut.length;
      this.#floor = cut.at(-1)?.id ?? this.#floor;
    }
    for (const key of keysOf(event)) {
      for (const listener of this.#listeners.get(key) ?? []) {
        if (listener.next !== null || !fits(listener.filter, event)) continue;
        listener.next = place;
        listener.wake();
      }
    }
  }

  #take(
    listener: Listener,
    atMost: number,
  ): { readonly events: readonly FeedEvent[]; readonly isLost: boolean } {
    const events: FeedEvent[] = [];
    if (listener.next === null) return { events, isLost: false };
    const isLost = listener.next < this.#first;
    let at = isLost ? 0 : listener.next - this.#first;
    for (; at < this.#ring.length && events.length < atMost; at += 1) {
      const event = this.#ring[at];
      if (event !== undefined && fits(listener.filter, event)) events.push(event);
    }
    listener.next = at < this.#ring.length ? this.#first + at : null;
    return { events, isLost };
  }

  #placeAfter(id: number): number | null {
    let low = 0;
    let high = this.#ring.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ring[middle]?.id ?? 0) <= id) low = middle + 1;
      else high = middle;
    }
    return low < this.#ring.length ? this.#first + low : null;
  }

  #positionOf({ next }: Listener): number {
    if (next === null) return this.#newest;
    return this.#ring[next - this.#first - 1]?.id ?? this.#floor;
  }
}

function fits({ project, ref, sha1 }: FeedFilter, { record, before }: FeedEvent): boolean {
  for (const each of [record, before]) {
    if (each === undefined) continue;
    const { identity } = each;
    if (project !== null && identity.project !== project) continue;
    if (ref !== null && identity.ref !== ref) continue;
    if (sha1 !== null && identity.sha1 !== sha1) continue;
    return true;
  }
  return false;
}

/** Each listener stands under the narrowest part of its filter. */
function keyOf({ project, ref, sha1 }: FeedFilter): string {
  if (sha1 !== null) return `sha1\n${sha1}`;
  if (ref !== null) return `ref\n${ref}`;
  return project === null ? 'all' : `project\n${project}`;
}

function keysOf({ record, before }: FeedEvent): Set<string> {
  const keys = new Set(['all']);
  for (const each of [record, before]) {
    if (each === undefined) continue;
    const { project, ref, sha1 } = each.identity;
    keys.add(`sha1\n${sha1}`).add(`ref\n${ref}`).add(`project\n${project}`);
  }
  return keys;
}
