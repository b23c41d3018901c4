import { ByteCache } from '../platform/byte-cache.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';
import type { RepoRecords, Where } from '../shaman/ports.ts';

const ALL_BYTES = 32 * 1024 * 1024;
/** A longer answer costs its way to the client more than it costs to be made. */
const MOST_BYTES = 256 * 1024;

interface Kept {
  readonly where: Where;
  /** What the index answered. It never changes: after a change, the index answers another list. */
  readonly records: readonly ShamanRepo[];
  readonly body: Uint8Array;
}

/**
 * Answers to searches that were asked before: the same few are asked again and again by all who
 * poll. One is good for as long as the index answers with the very list that it came from.
 */
export class KeptSearches {
  readonly #repos: Pick<RepoRecords, 'find'>;
  readonly #kept = new ByteCache<Kept>(ALL_BYTES);

  constructor(repos: Pick<RepoRecords, 'find'>) {
    this.#repos = repos;
  }

  /** The answer to a question, as it was asked to the letter. */
  get(question: string): Uint8Array | undefined {
    const kept = this.#kept.get(question);
    if (kept === undefined) return undefined;
    if (this.#repos.find(kept.where) === kept.records) return kept.body;
    this.#kept.delete(question);
    return undefined;
  }

  /** Keeps an answer that was made of what the index has there now, and of nothing else. */
  set(question: string, where: Where, body: Uint8Array): void {
    if (body.length > MOST_BYTES) return;
    const records = this.#repos.find(where);
    // Some lists are made for each question.
    if (this.#repos.find(where) !== records) return;
    this.#kept.set(question, { where, records, body }, question.length + body.length);
  }
}
