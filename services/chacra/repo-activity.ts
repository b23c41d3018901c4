import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Clock } from './ports.ts';

interface Reads {
  open: number;
  last: number;
}

/** Knows who is at work with a repo at this moment: nothing is taken away under their hands. */
export class RepoActivity {
  readonly #clock: Clock;
  /** A store hands out one identity for each repo it has; what is gone is forgotten with it. */
  readonly #reads = new WeakMap<RepoIdentity, Reads>();
  readonly #uploads = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A file of the repo was asked for. Takes the identity that the store handed out. */
  read(identity: RepoIdentity): void {
    this.#readsOf(identity).last = this.#clock.now().getTime();
  }

  /** As `read`, for as long as its bytes are sent: until the answer is called. */
  reading(identity: RepoIdentity): () => void {
    const reads = this.#readsOf(identity);
    reads.open += 1;
    return () => {
      reads.open -= 1;
      reads.last = this.#clock.now().getTime();
    };
  }

  /** A file for the repo, which may not be there yet, is under way until the answer is called. */
  uploading(identity: RepoIdentity): () => void {
    const key = repoPath(identity);
    this.#uploads.set(key, (this.#uploads.get(key) ?? 0) + 1);
    return () => {
      const left = (this.#uploads.get(key) ?? 0) - 1;
      if (left > 0) this.#uploads.set(key, left);
      else this.#uploads.delete(key);
    };
  }

  /** When somebody read last, in milliseconds since 1970: never over while they still do. */
  lastRead(identity: RepoIdentity): number {
    const reads = this.#reads.get(identity);
    if (reads === undefined) return -Infinity;
    return reads.open > 0 ? Infinity : reads.last;
  }

  isUploading(identity: RepoIdentity): boolean {
    return this.#uploads.size > 0 && this.#uploads.has(repoPath(identity));
  }

  #readsOf(identity: RepoIdentity): Reads {
    const known = this.#reads.get(identity);
    if (known !== undefined) return known;
    const made = { open: 0, last: this.#clock.now().getTime() };
    this.#reads.set(identity, made);
    return made;
  }
}
