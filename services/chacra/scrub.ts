import { repoPath } from '../domain/identity.ts';
import type { Verification } from '../domain/verification.ts';
import { isKept } from './kept-generations.ts';
import { Pace } from './pace.ts';
import { verifyStorage } from './verify-storage.ts';
import type { VerifyCollaborators } from './verify-storage.ts';

const MOST_SHOWN = 10;

export interface ScrubCollaborators extends Omit<VerifyCollaborators, 'pace'> {
  /** Null switches it off. */
  readonly bytesPerSecond: number | null;
}

/** Looks at everything that is stored, slowly and again and again, while the service does its work. */
export class Scrub {
  readonly #with: ScrubCollaborators;
  readonly #pace: Pace;
  #last: Verification | null = null;
  #running: Promise<void> | null = null;

  constructor(collaborators: ScrubCollaborators) {
    this.#with = collaborators;
    this.#pace = new Pace(collaborators.clock, collaborators.bytesPerSecond);
  }

  /** How far the look under way is, or what the last one found. */
  get last(): Verification | null {
    return this.#last;
  }

  /** Learns what the last look found, so that nobody is told that all is well before the next one. */
  async load(): Promise<void> {
    this.#last = await this.#with.verifications.read();
  }

  /** Goes on at once with a look that was broken off; called once, when everything runs. */
  start(): void {
    if (this.#last !== null && this.#last.ended === null) void this.run();
  }

  /** Looks at everything, or at what is left when an earlier look was broken off; null when it is under way. */
  async run(): Promise<Pick<Verification, 'blobs' | 'bytes' | 'ended'> | null> {
    if (this.#running !== null || this.#pace.isStopped) return null;
    if (this.#with.bytesPerSecond === null) return null;
    const running = this.#verify();
    this.#running = running.finally(() => {
      this.#running = null;
    });
    await this.#running;
    const { blobs = 0, bytes = 0, ended = null } = this.#last ?? {};
    return { blobs, bytes, ended };
  }

  /** Leaves off after the blob that is being read. */
  async stop(): Promise<void> {
    this.#pace.stop();
    await this.#running?.catch(() => undefined);
  }

  /** What is lost and was not uploaded again, each with who to ask what needs it. */
  async warnings(): Promise<string[]> {
    const lost = await this.#stillLost();
    const shown = lost.slice(0, MOST_SHOWN).map(({ sha256, reason }) => {
      return `the bytes ${sha256} are lost (${reason}): /api/v1/blobs/${sha256} says what needs them`;
    });
    const rest = lost.length - shown.length;
    const generations = (this.#last?.generations ?? [])
      .filter(({ identity, number }) => isKept(this.#with.repos.get(identity), number))
      .map(
        ({ identity, number, reason }) =>
          `generation ${number} of ${repoPath(identity)} is lost: ${reason}`,
      );
    return [...shown, ...(rest > 0 ? [`and ${rest} more`] : []), ...generations];
  }

  /** How many blobs are lost and were not uploaded again. */
  async lost(): Promise<number> {
    return (await this.#stillLost()).length;
  }

  async #stillLost() {
    const lost = this.#last?.lost ?? [];
    const there = await Promise.all(lost.map(({ sha256 }) => this.#with.blobs.has(sha256)));
    return lost.filter((_blob, at) => there[at] !== true);
  }

  async #verify(): Promise<void> {
    const { log } = this.#with;
    try {
      this.#last = await verifyStorage(
        { ...this.#with, pace: this.#pace.take },
        {
          isNew: false,
          isStopped: () => this.#pace.isStopped,
          onProgress: (verification) => (this.#last = verification),
        },
      );
    } catch (cause) {
      log.error({ err: cause }, 'looking at what is stored broke off; the next time goes on');
    }
  }
}
