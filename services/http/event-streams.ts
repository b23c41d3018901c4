import type { ServerResponse } from 'node:http';
import type { Turns } from '../platform/turns.ts';
import type { EventFeed, FeedEvent, FeedFilter, Subscription } from '../shaman/event-feed.ts';
import type { Clock } from '../shaman/ports.ts';

const BEAT_MILLISECONDS = 15_000;
/** A reader that takes nothing for so many beats is gone, or as good as gone. */
const SILENT_BEATS = 4;
/** What one stream writes before others have their turn. */
const BATCH_EVENTS = 32;
const BATCH_BYTES = 64 * 1024;
const RETRY_MILLISECONDS = 3000;

interface Options {
  readonly feed: EventFeed;
  readonly turns: Turns;
  readonly clock: Clock;
  /** What is told of an event, as JSON. */
  readonly dataOf: (event: FeedEvent) => object;
}

/**
 * Server-sent events to any number of listeners (WHATWG HTML, 9.2). Each event is rendered once for
 * all of them. A stream reads on in the feed only when its client has taken what was written, so a
 * slow one holds back nothing but itself; what it misses then, it is told to look up (`resync`).
 */
export class EventStreams {
  readonly #options: Options;
  readonly #rendered = new WeakMap<FeedEvent, Buffer>();
  readonly #streams = new Set<EventStream>();
  #cancelBeat: () => void = () => undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * Begins a stream on a response: from now on, or after an event. `after` is NaN for an id that
   * cannot be one. The answer ends it.
   */
  open(response: ServerResponse, filter: FeedFilter, after: number | null): () => void {
    const { feed, turns } = this.#options;
    // The stream ends with its connection. Chunks would cost three writes for each one here.
    response.removeHeader('Transfer-Encoding');
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
      Connection: 'close',
    });
    const stream = new EventStream(response, turns, (event) => this.#render(event));
    stream.begin(feed, filter, after);
    if (this.#streams.size === 0) this.#beatLater();
    this.#streams.add(stream);
    response.once('close', () => {
      stream.close();
      this.#streams.delete(stream);
      if (this.#streams.size === 0) this.#cancelBeat();
    });
    return () => response.end();
  }

  #beatLater(): void {
    this.#cancelBeat = this.#options.clock.after(BEAT_MILLISECONDS, () => {
      for (const stream of this.#streams) this.#options.turns.add(() => stream.beat());
      this.#beatLater();
    });
  }

  #render(event: FeedEvent): Buffer {
    const known = this.#rendered.get(event);
    if (known !== undefined) return known;
    const data = JSON.stringify(this.#options.dataOf(event));
    const bytes = Buffer.from(`id: ${event.id}\nevent: ${event.kind}\ndata: ${data}\n\n`);
    this.#rendered.set(event, bytes);
    return bytes;
  }
}

/** One stream: reads the feed when it is woken and its client keeps up. */
class EventStream {
  readonly #response: ServerResponse;
  readonly #turns: Turns;
  readonly #render: (event: FeedEvent) => Buffer;
  #subscription: Subscription | null = null;
  #isDue = false;
  /** The client has not taken what was written. */
  #isFull = false;
  #silentBeats = 0;

  constructor(response: ServerResponse, turns: Turns, render: (event: FeedEvent) => Buffer) {
    this.#response = response;
    this.#turns = turns;
    this.#render = render;
  }

  begin(feed: EventFeed, filter: FeedFilter, after: number | null): void {
    const wake = () => this.#sendSoon();
    const known = Number.isNaN(after) ? null : feed.subscribe(filter, after, wake);
    this.#subscription = known ?? feed.subscribe(filter, null, wake);
    const position = this.#subscription?.position ?? feed.newest;
    // Who is cut off before the first event comes back with this id.
    this.#write(`retry: ${RETRY_MILLISECONDS}\nid: ${position}\n\n`);
    if (known === null) this.#write(resync(position));
    this.#sendSoon();
  }

  close(): void {
    this.#subscription?.close();
    this.#subscription = null;
  }

  /** A comment, so that nobody thinks the connection dead, with the id from which to go on. */
  beat(): void {
    if (this.#subscription === null) return;
    if (this.#isFull) {
      this.#silentBeats += 1;
      if (this.#silentBeats >= SILENT_BEATS) this.#response.destroy();
      return;
    }
    this.#write(`:\nid: ${this.#subscription.position}\n\n`);
  }

  #sendSoon(): void {
    if (this.#isDue || this.#isFull || this.#subscription?.isBehind !== true) return;
    this.#isDue = true;
    this.#turns.add(() => {
      this.#isDue = false;
      this.#send();
    });
  }

  #send(): void {
    const subscription = this.#subscription;
    if (subscription === null || this.#isFull) return;
    const batch: Buffer[] = [];
    let size = 0;
    for (let count = 0; count < BATCH_EVENTS && size < BATCH_BYTES; count += 1) {
      const { events, isLost } = subscription.take(1);
      const [event] = events;
      if (event === undefined) break;
      const bytes = this.#render(event);
      if (isLost) batch.push(Buffer.from(resync(event.id - 1)));
      batch.push(bytes);
      size += bytes.length;
    }
    if (batch.length > 0) this.#write(Buffer.concat(batch));
    this.#sendSoon();
  }

  #write(text: string | Buffer): void {
    if (this.#response.destroyed || this.#response.writableEnded) return;
    if (this.#response.write(text)) return;
    this.#isFull = true;
    this.#response.once('drain', () => {
      this.#isFull = false;
      this.#silentBeats = 0;
      this.#sendSoon();
    });
  }
}

/** Some events are not known any more: whoever needs them must look at the records. */
function resync(position: number): string {
  return `id: ${position}\nevent: resync\ndata: {"reason":"events after your last one are not known any more"}\n\n`;
}
