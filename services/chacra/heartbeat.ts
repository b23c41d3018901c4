import { reasonOf } from '../domain/reason.ts';
import type { Clock, Log, NodeRegistry, NodeReport } from './ports.ts';

const PAUSE = 30_000;

export interface HeartbeatOptions {
  readonly shaman: NodeRegistry;
  readonly clock: Clock;
  readonly log: Log;
  /** host[:port] of the public URL. */
  readonly host: string;
  readonly report: () => Promise<NodeReport>;
}

/** Tells shaman at the start, and each 30 s, that this node is there and how much room it has. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #cancel: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();
  #isKnown = false;
  /** Why shaman did not take the last report; null when it did. */
  #trouble: string | null = null;
  #stopped = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#beat();
  }

  /** For an operator: a node that shaman does not know gets no uploads. */
  warnings(): readonly string[] {
    return this.#trouble === null ? [] : [`shaman does not know this node: ${this.#trouble}`];
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  async #beat(): Promise<void> {
    const { shaman, clock, log, host, report } = this.#options;
    try {
      await shaman.reportNode(host, await report());
      if (!this.#isKnown) log.info({ host }, 'shaman knows this node');
      this.#isKnown = true;
      this.#trouble = null;
    } catch (cause) {
      const reason = reasonOf(cause);
      if (this.#trouble !== reason)
        log.warn({ host, err: cause }, 'shaman does not know this node');
      this.#isKnown = false;
      this.#trouble = reason;
    }
    if (!this.#stopped) this.#cancel = clock.after(PAUSE, () => this.start());
  }
}
