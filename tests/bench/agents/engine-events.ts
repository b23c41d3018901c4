import type Docker from 'dockerode';
import { jsonStream } from '../../../node-agent/docker/json-stream.ts';

const PATIENCE_MILLISECONDS = 120_000;
const ACTIONS = ['create', 'start', 'die', 'destroy'] as const;

/** What the engine says of a container. */
export interface EngineEvent {
  readonly action: (typeof ACTIONS)[number];
  readonly container: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, with fractions: by the clock that `Date.now()` reads too. */
  readonly at: number;
}

/** The engine's own story of its containers, as far as they carry one label; both contestants are timed by it. */
export class EngineEvents {
  /** Everything since it was opened. */
  readonly seen: EngineEvent[] = [];
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #closing = new AbortController();

  static async open(docker: Docker, label: string): Promise<EngineEvents> {
    const events = new EngineEvents();
    const type = ['container' as const];
    const filters = { type, event: [...ACTIONS], label: [label] };
    const abortSignal = events.#closing.signal;
    const stream = await docker.getEvents({ filters, abortSignal });
    void events.#follow(stream);
    return events;
  }

  /** The next so many of an action; to be asked before they can come. */
  next(
    action: EngineEvent['action'],
    count: number,
    matches: (event: EngineEvent) => boolean = () => true,
  ): Promise<EngineEvent[]> {
    const found: EngineEvent[] = [];
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(late);
        this.#listeners.delete(hear);
      };
      const hear = (event: EngineEvent) => {
        if (event.action !== action || !matches(event)) return;
        found.push(event);
        if (found.length < count) return;
        end();
        resolve(found);
      };
      const late = setTimeout(() => {
        end();
        reject(new Error(`the engine told of ${found.length} ${action}, not of ${count}`));
      }, PATIENCE_MILLISECONDS);
      this.#listeners.add(hear);
    });
  }

  close(): void {
    this.#closing.abort();
  }

  async #follow(stream: NodeJS.ReadableStream): Promise<void> {
    try {
      for await (const value of jsonStream(stream)) this.#hear(value as ApiEvent);
    } catch (cause) {
      if (!this.#closing.signal.aborted) throw cause;
    }
  }

  #hear({ Action, Actor, timeNano }: ApiEvent): void {
    const { ID: container, Attributes: labels } = Actor;
    const event = { action: Action, container, labels, at: timeNano / 1e6 };
    this.seen.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}

/** One line of `GET /events`. */
interface ApiEvent {
  readonly Action: EngineEvent['action'];
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly timeNano: number;
}

/** When the last of them happened. */
export function lastOf(events: readonly EngineEvent[]): number {
  return Math.max(...events.map(({ at }) => at));
}
