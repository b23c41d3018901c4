import type Docker from 'dockerode';
import type { Clock } from '../../services/domain/clock.ts';
import type { Log } from '../../services/domain/log.ts';
import { reasonOf } from '../../services/domain/reason.ts';
import { labelName } from '../rules/container.ts';
import type { EngineListener } from '../ports.ts';
import { dieEvent, reading } from './engine-answers.ts';
import { jsonStream } from './json-stream.ts';
import { untilOrClosed } from './until-or-closed.ts';

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
const CONNECT_MILLISECONDS = 20_000;
/** A connection that died without a word is noticed no later than this; nothing is lost by it. */
const RENEW_MILLISECONDS = 60_000;

export interface EventFeedParts {
  readonly docker: Docker;
  readonly host: string;
  readonly service: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly closed: AbortSignal;
}

/** The ends of our containers, as the engine tells them. */
export class EventFeed {
  readonly #parts: EventFeedParts;
  readonly #listener: EngineListener;
  /** Second of the last event, by the engine's clock; null before the first subscription. */
  #since: number | null = null;
  /** Events of that second that were told: what is asked for since a second begins with it. */
  #told = new Set<string>();

  constructor(parts: EventFeedParts, listener: EngineListener) {
    this.#parts = parts;
    this.#listener = listener;
  }

  /**
   * Subscribes, and again after each break, until the engine is closed. An engine that restarts forgets
   * its events, so after a break everything must be compared as well.
   */
  async follow(): Promise<void> {
    const { closed, clock, log, host } = this.#parts;
    let pause = FIRST_PAUSE;
    let isRenewed = false;
    while (!closed.aborted) {
      const end = await this.#once(isRenewed);
      isRenewed = end.isRenewal;
      if (isRenewed || closed.aborted) continue;
      log.warn({ host, reason: end.reason }, 'the events of an engine broke off');
      pause = end.wasOpen ? FIRST_PAUSE : Math.min(pause * 2, LONGEST_PAUSE);
      await untilOrClosed(clock, pause, closed);
    }
  }

  /** One subscription, until it breaks or is old enough to be renewed. */
  async #once(
    isRenewed: boolean,
  ): Promise<{ readonly isRenewal: boolean; readonly wasOpen: boolean; readonly reason: string }> {
    const { closed, clock } = this.#parts;
    const round = new AbortController();
    const signal = AbortSignal.any([closed, round.signal]);
    let wasOpen = false;
    let isRenewal = false;
    let cancel = clock.after(CONNECT_MILLISECONDS, () => round.abort());
    try {
      const stream = await this.#subscribe(signal);
      cancel();
      cancel = clock.after(RENEW_MILLISECONDS, () => {
        isRenewal = true;
        round.abort();
      });
      wasOpen = true;
      if (!isRenewed) this.#listener.missed();
      for await (const value of jsonStream(stream)) this.#tell(value);
      return { isRenewal, wasOpen, reason: 'the engine closed the stream' };
    } catch (cause) {
      return { isRenewal, wasOpen, reason: reasonOf(cause) };
    } finally {
      cancel();
    }
  }

  async #subscribe(abortSignal: AbortSignal): Promise<NodeJS.ReadableStream> {
    const { docker, service } = this.#parts;
    const stream = await docker.getEvents({
      filters: {
        type: ['container'],
        event: ['die'],
        label: [`${labelName('service')}=${service}`],
      },
      ...(this.#since === null ? {} : { since: this.#since }),
      ...{ abortSignal },
    });
    this.#since ??= secondOf(stream);
    return stream;
  }

  #tell(value: unknown): void {
    const event = reading(dieEvent)(value);
    if (event === undefined) throw new Error(`no event: ${JSON.stringify(value).slice(0, 200)}`);
    const { Actor: container, time, timeNano } = event;
    const agent = container.Attributes[labelName('agent')];
    if (this.#since === null || time > this.#since) {
      this.#since = time;
      this.#told.clear();
    }
    const key = `${timeNano} ${container.ID}`;
    if (agent === undefined || this.#told.has(key)) return;
    this.#told.add(key);
    const exitCode = Number.parseInt(container.Attributes['exitCode'] ?? '', 10);
    this.#listener.died(container.ID, agent, Number.isNaN(exitCode) ? null : exitCode);
  }
}

/** The engine's own clock, from the head of its answer; ours may go differently. */
function secondOf(stream: NodeJS.ReadableStream): number | null {
  const headers = 'headers' in stream ? (stream.headers as Record<string, unknown>) : {};
  const time = Date.parse(String(headers['date']));
  return Number.isNaN(time) ? null : Math.floor(time / 1000);
}
