import { reasonOf } from '../domain/reason.ts';
import type { WebhookEvent, WebhookRule } from '../domain/webhook.ts';
import { wants } from '../domain/webhook.ts';
import type { Clock, Log, WebhookOutbox, WebhookSender } from './ports.ts';

const FIRST_PAUSE = 1000;
/** Docker kills what has not ended after ten seconds. */
const STOP_GRACE = 2_000;
const LONGEST_PAUSE = 5 * 60_000;

/**
 * Tells one receiver of changes: in their order, at least once, and again with growing pauses for as
 * long as it takes. What it was not told yet stands in its outbox.
 */
export class WebhookDelivery {
  readonly #rule: WebhookRule;
  readonly #outbox: WebhookOutbox;
  readonly #sender: WebhookSender;
  readonly #clock: Clock;
  readonly #log: Log;
  #running: Promise<void> | null = null;
  #cancelPause: (() => void) | null = null;
  #pause = 0;
  /** Ends the delivery that is under way. */
  #sending: AbortController | null = null;
  #stopped = false;

  constructor(options: {
    readonly rule: WebhookRule;
    readonly outbox: WebhookOutbox;
    readonly sender: WebhookSender;
    readonly clock: Clock;
    readonly log: Log;
  }) {
    this.#rule = options.rule;
    this.#outbox = options.outbox;
    this.#sender = options.sender;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /**
   * Delivers what a former process left, and what was changed after its last note: a crash comes
   * between a change and its note. A new receiver hears of nothing older than itself.
   */
  async start(records: Iterable<WebhookEvent>, newest: number): Promise<void> {
    const noted = this.#outbox.newest;
    if (noted === null) await this.#outbox.begin(newest);
    else {
      const missed = [...records].filter(
        (event) => event.order > noted && wants(this.#rule, event),
      );
      for (const event of missed.sort((a, b) => a.order - b.order)) await this.#outbox.add(event);
    }
    this.#work();
  }

  /** Takes a change up when its receiver wants it; durable in the outbox shortly after. */
  offer(event: WebhookEvent): void {
    if (this.#stopped || !wants(this.#rule, event)) return;
    this.#outbox.add(event).then(
      () => this.#work(),
      (cause: unknown) => {
        const fields = { webhook: this.#rule.name, order: event.order, err: cause };
        this.#log.error(fields, 'cannot save an event for a webhook');
      },
    );
  }

  get name(): string {
    return this.#rule.name;
  }

  /** How many events the receiver has not taken yet. */
  get waiting(): number {
    return this.#outbox.waiting;
  }

  /** A receiver that is silent then is told again after the next start: nobody waits long for the end. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelPause?.();
    const stopping = new Error('shaman is stopping');
    const cancel = this.#clock.after(STOP_GRACE, () => this.#sending?.abort(stopping));
    await this.#running;
    cancel();
    await this.#outbox.close();
  }

  #work(): void {
    if (this.#stopped || this.#running !== null || this.#cancelPause !== null) return;
    this.#running = this.#deliverAll().finally(() => {
      this.#running = null;
      // Added after the last look.
      if (this.#outbox.first() !== undefined) this.#work();
    });
  }

  async #deliverAll(): Promise<void> {
    for (let event = this.#outbox.first(); event !== undefined; event = this.#outbox.first()) {
      if (this.#stopped) return;
      this.#sending = new AbortController();
      const problem =
        (await this.#sender.send(this.#rule, event, this.#sending.signal)) ??
        (await this.#noteDelivered(event));
      if (problem !== null) {
        this.#waitAfter(problem, event);
        return;
      }
      this.#pause = 0;
    }
  }

  /** Why it could not be noted: it may be told again then, which receivers must bear. */
  async #noteDelivered(event: WebhookEvent): Promise<string | null> {
    try {
      await this.#outbox.delivered(event);
      return null;
    } catch (cause) {
      const reason = reasonOf(cause);
      return `it was taken, which could not be noted: ${reason}`;
    }
  }

  #waitAfter(problem: string, event: WebhookEvent): void {
    this.#pause = Math.min(Math.max(FIRST_PAUSE, this.#pause * 2), LONGEST_PAUSE);
    const fields = { webhook: this.#rule.name, order: event.order, problem, pause: this.#pause };
    this.#log.warn(fields, 'webhook not settled; tried again');
    if (this.#stopped) return;
    this.#cancelPause = this.#clock.after(this.#pause, () => {
      this.#cancelPause = null;
      this.#work();
    });
  }
}
