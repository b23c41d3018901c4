import type { Build } from '../domain/build.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';
import type { BuildRecords, Clock, RepoRecords } from './ports.ts';

/** Something that can be asked until the answer settles it. */
export interface OpenQuestion<T> {
  /** Questions with one name are one question, and asked once for all who wait. */
  readonly name: string;
  /** What it is about: nothing else is looked at. A sha1, or else a ref, of a project. */
  readonly topic: { readonly project: string; readonly sha1: string | null; readonly ref: string };
  ask(): T;
  isSettled(answer: T): boolean;
  /** A cheap look whether changes of these sha1s can have settled it. */
  couldSettle?(sha1s: Iterable<string>): boolean;
}

/** Those who wait for one question. */
interface Group {
  readonly question: OpenQuestion<unknown>;
  readonly waiting: Set<(answer: unknown) => void>;
  /** Of what has changed since it was asked last; null when it is not due. */
  changed: Set<string> | null;
}

interface Collaborators {
  readonly repos: Pick<RepoRecords, 'watch'>;
  readonly builds: Pick<BuildRecords, 'watch'>;
  readonly clock: Clock;
  /** Does a piece of work soon, and not many of them at once. */
  readonly soon: (work: () => void) => void;
}

/**
 * Those who wait until something is so. A change finds the questions about its sha1 and its ref by an
 * index, so that what a thousand waiters cost does not depend on how much happens elsewhere.
 */
export class Waiters {
  readonly #clock: Clock;
  readonly #soon: (work: () => void) => void;
  /** Topic -> name -> group. */
  readonly #topics = new Map<string, Map<string, Group>>();

  constructor({ repos, builds, clock, soon }: Collaborators) {
    this.#clock = clock;
    this.#soon = soon;
    repos.watch(({ before, after }) => this.#noteBoth(before, after));
    builds.watch(({ before, after }) => this.#noteBoth(before, after));
  }

  /** The answer, as soon as it settles the question; else the one of the moment when the time is up or the signal comes. */
  wait<T>(question: OpenQuestion<T>, milliseconds: number, signal: AbortSignal): Promise<T> {
    const first = question.ask();
    if (question.isSettled(first) || milliseconds <= 0 || signal.aborted) {
      return Promise.resolve(first);
    }
    return new Promise((resolve) => {
      // Groups are found by the question's name, so the answer is of its type.
      const settle = (answer: unknown) => finish(answer as T);
      const finish = (answer: T) => {
        leave();
        cancel();
        signal.removeEventListener('abort', giveUp);
        resolve(answer);
      };
      const giveUp = () => finish(question.ask());
      const leave = this.#join(question, settle);
      const cancel = this.#clock.after(milliseconds, giveUp);
      signal.addEventListener('abort', giveUp);
    });
  }

  #join(question: OpenQuestion<unknown>, settle: (answer: unknown) => void): () => void {
    const topic = topicOf(question.topic);
    const groups = this.#topics.get(topic) ?? new Map<string, Group>();
    this.#topics.set(topic, groups);
    const group = groups.get(question.name) ?? { question, waiting: new Set(), changed: null };
    groups.set(question.name, group);
    group.waiting.add(settle);
    return () => {
      group.waiting.delete(settle);
      if (group.waiting.size > 0) return;
      groups.delete(question.name);
      if (groups.size === 0) this.#topics.delete(topic);
    };
  }

  #noteBoth(before: ShamanRepo | Build | undefined, after: ShamanRepo | Build | undefined): void {
    if (before !== undefined) this.#note(before);
    if (after !== undefined) this.#note(after);
  }

  #note({ identity: { project, sha1, ref } }: ShamanRepo | Build): void {
    for (const topic of [topicOf({ project, sha1, ref }), topicOf({ project, sha1: null, ref })]) {
      for (const group of this.#topics.get(topic)?.values() ?? []) {
        if (group.changed !== null) group.changed.add(sha1);
        else {
          group.changed = new Set([sha1]);
          this.#soon(() => this.#askAgain(group));
        }
      }
    }
  }

  #askAgain(group: Group): void {
    const { question, waiting, changed } = group;
    group.changed = null;
    if (waiting.size === 0 || changed === null) return;
    if (question.couldSettle?.(changed) === false) return;
    const answer = question.ask();
    if (!question.isSettled(answer)) return;
    for (const settle of [...waiting]) settle(answer);
  }
}

function topicOf({
  project,
  sha1,
  ref,
}: {
  readonly project: string;
  readonly sha1: string | null;
  readonly ref: string;
}): string {
  return sha1 === null ? `${project}\nref\n${ref}` : `${project}\nsha1\n${sha1}`;
}
