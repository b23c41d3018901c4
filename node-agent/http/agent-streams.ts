import type { ServerResponse } from 'node:http';
import type { AgentRecords, Clock } from '../ports.ts';
import type { Agent } from '../rules/agent.ts';

const BEAT_MILLISECONDS = 15_000;
const KEPT_EVENTS = 2000;
/** A reader that does not take this much is cut off, and comes back with the last id that it has. */
const MOST_WAITING_BYTES = 1024 * 1024;

interface Event {
  readonly id: number;
  readonly text: string;
}

/**
 * Each step of each agent to whoever listens (server-sent events, WHATWG HTML 9.2). Ids are about the
 * microseconds since 1970, so that they grow over restarts; an id that is not known gets `resync`.
 */
export class AgentStreams {
  readonly #clock: Clock;
  readonly #dataOf: (agent: Agent) => object;
  readonly #open = new Set<ServerResponse>();
  #kept: Event[] = [];
  #newest: number;
  /** Everything after this id is kept. */
  #floor: number;
  #cancelBeat: () => void = () => undefined;

  constructor(agents: AgentRecords, clock: Clock, dataOf: (agent: Agent) => object) {
    this.#clock = clock;
    this.#dataOf = dataOf;
    this.#newest = clock.now().getTime() * 1000;
    this.#floor = this.#newest;
    agents.watch((before, after) => {
      if (after === undefined || before?.state === after.state) return;
      this.#add(after, before?.state ?? null);
    });
  }

  get count(): number {
    return this.#open.size;
  }

  /** Begins a stream: from now on, or after an event. The answer ends it. */
  open(response: ServerResponse, after: number | null): () => void {
    response.removeHeader('Transfer-Encoding');
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
      Connection: 'close',
    });
    const isKnown = after === null || (after >= this.#floor && after <= this.#newest);
    response.write(`retry: 3000\nid: ${isKnown && after !== null ? after : this.#newest}\n\n`);
    if (!isKnown) {
      response.write(
        'event: resync\ndata: {"reason":"events after your last one are not known any more"}\n\n',
      );
    } else if (after !== null) {
      for (const { id, text } of this.#kept) if (id > after) response.write(text);
    }
    if (this.#open.size === 0) this.#beatLater();
    this.#open.add(response);
    response.once('close', () => {
      this.#open.delete(response);
      if (this.#open.size === 0) this.#cancelBeat();
    });
    return () => response.end();
  }

  #add(agent: Agent, was: string | null): void {
    this.#newest = Math.max(this.#newest + 1, this.#clock.now().getTime() * 1000);
    const data = JSON.stringify({ ...this.#dataOf(agent), was });
    const event = {
      id: this.#newest,
      text: `id: ${this.#newest}\nevent: agent\ndata: ${data}\n\n`,
    };
    this.#kept.push(event);
    if (this.#kept.length > KEPT_EVENTS * 2) {
      this.#floor = this.#kept[KEPT_EVENTS - 1]?.id ?? this.#floor;
      this.#kept = this.#kept.slice(KEPT_EVENTS);
    }
    for (const response of this.#open) send(response, event.text);
  }

  #beatLater(): void {
    this.#cancelBeat = this.#clock.after(BEAT_MILLISECONDS, () => {
      for (const response of this.#open) send(response, `:\nid: ${this.#newest}\n\n`);
      this.#beatLater();
    });
  }
}

function send(response: ServerResponse, text: string): void {
  if (response.writableLength > MOST_WAITING_BYTES) response.destroy();
  else response.write(text);
}
