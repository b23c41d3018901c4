import { triedAgain } from './rules/back-off.ts';
import type { ImageStanding } from './rules/due-images.ts';

/** What is known of images on hosts. In memory only: an engine is asked again soon enough. */
export class KnownImages {
  readonly #known = new Map<string, ImageStanding>();
  /** How far pulls that go on have come. */
  readonly #pulls = new Map<string, string>();

  get(host: string, image: string): ImageStanding | undefined {
    return this.#known.get(keyOf(host, image));
  }

  /** The digest that a new agent would get there; null where it is not known. */
  digest(host: string, image: string): string | null {
    return this.get(host, image)?.digest ?? null;
  }

  /** Host -> digest. */
  digestsOf(image: string): Record<string, string> {
    return Object.fromEntries(
      [...this.#known.values()].flatMap((known) =>
        known.image === image && known.digest !== null ? [[known.host, known.digest]] : [],
      ),
    );
  }

  /** How far the pull of an image to a host has come; null where none goes on. */
  pullOf(host: string, image: string): string | null {
    return this.#pulls.get(keyOf(host, image)) ?? null;
  }

  pulling(host: string, image: string, done: string): void {
    this.#pulls.set(keyOf(host, image), done);
  }

  pullEnded(host: string, image: string): void {
    this.#pulls.delete(keyOf(host, image));
  }

  /** Those that could not be looked at or fetched when that was last tried. */
  get failing(): readonly ImageStanding[] {
    return [...this.#known.values()].filter(({ failed }) => failed !== null);
  }

  fetched(host: string, image: string, digest: string, now: Date): void {
    this.#known.set(keyOf(host, image), { host, image, digest, seen: now, failed: null });
  }

  failed(host: string, image: string, reason: string, now: Date): void {
    const before = this.get(host, image) ?? { host, image, digest: null, seen: null, failed: null };
    const failed = triedAgain(before.failed ?? undefined, reason, now);
    this.#known.set(keyOf(host, image), { ...before, failed });
  }

  /** Forgets what no template needs there any more, so that it troubles nobody. */
  keep(isWanted: (host: string, image: string) => boolean): void {
    for (const [key, { host, image }] of this.#known)
      if (!isWanted(host, image)) this.#known.delete(key);
  }
}

const keyOf = (host: string, image: string) => JSON.stringify([host, image]);
