import type { Collaborators } from './collaborators.ts';
import { isDue, wantedImages } from './rules/due-images.ts';
import type { WantedImage } from './rules/due-images.ts';
import { isAway } from './rules/host.ts';

const LOOK_MILLISECONDS = 5000;

type Parts = Pick<Collaborators, 'agents' | 'standing' | 'situation' | 'clock' | 'log'>;

/**
 * Looks for the images of templates on their hosts before anybody waits for them, and fetches them as
 * their policy says: soon after a start or a change, and then again and again. One after the other on
 * each host, so that a slow registry holds up no other.
 */
export class ImageRefreshing {
  readonly #parts: Parts;
  readonly #refreshMilliseconds: number;
  readonly #busy = new Map<string, Promise<void>>();
  #cancel: () => void = () => undefined;
  #isStopped = false;

  constructor(parts: Parts, refreshMilliseconds: number) {
    this.#parts = parts;
    this.#refreshMilliseconds = refreshMilliseconds;
  }

  start(): void {
    this.#look();
  }

  /** Waits for what is under way, and begins nothing more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.quiet();
  }

  /** Resolves when no host fetches anything. */
  async quiet(): Promise<void> {
    await Promise.all(this.#busy.values());
  }

  /** Begins what is due on hosts that fetch nothing yet. */
  lookNow(): void {
    const { agents, standing, situation, clock } = this.#parts;
    const { drainedTemplates, drainedHosts, brakes } = standing.get();
    const hosts = situation.views(agents.all(), drainedHosts);
    const { templates } = situation;
    const now = clock.now();
    const wanted = wantedImages({ templates, hosts, drainedTemplates, brakes, now });
    situation.images.keep(
      (host, image) =>
        (situation.host(host)?.awayReason ?? null) !== null ||
        wanted.some((one) => one.host === host && one.image === image),
    );
    for (const { name } of situation.hosts.map(({ settings }) => settings)) {
      const due = wanted.filter(
        ({ host, image }) =>
          host === name && isDue(situation.images.get(host, image), this.#refreshMilliseconds, now),
      );
      if (due.length === 0 || this.#busy.has(name)) continue;
      this.#busy.set(
        name,
        this.#fetch(due).finally(() => this.#busy.delete(name)),
      );
    }
  }

  #look(): void {
    if (this.#isStopped) return;
    this.lookNow();
    this.#cancel = this.#parts.clock.after(LOOK_MILLISECONDS, () => this.#look());
  }

  async #fetch(due: readonly WantedImage[]): Promise<void> {
    const { situation, clock, log } = this.#parts;
    for (const { host, image, policy, timeoutMilliseconds } of due) {
      if (this.#isStopped) return;
      const engine = situation.host(host)?.engine;
      const fetched = await engine?.fetchImage({ image, policy, timeoutMilliseconds });
      situation.images.pullEnded(host, image);
      if (fetched === undefined || this.#isStopped) return;
      const before = situation.images.get(host, image);
      if (fetched.ok) {
        situation.images.fetched(host, image, fetched.value, clock.now());
        if (fetched.value !== before?.digest)
          log.info({ host, image, digest: fetched.value }, 'a new image is there');
        continue;
      }
      const { failure } = fetched;
      situation.hostFailed(host, failure);
      // Nothing is known of the image: the host is asked again when it answers.
      if (isAway(failure)) return;
      situation.images.failed(host, image, failure.reason, clock.now());
      if (failure.reason !== before?.failed?.reason)
        log.warn({ host, image, reason: failure.reason }, 'an image cannot be fetched');
    }
  }
}
