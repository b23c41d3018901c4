import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../platform/auth.ts';
import type { Tell } from './audit-trail.ts';
import type { Exchange } from './exchange.ts';
import { urlParts } from './url-parts.ts';

/** What is known of a request when it is opened. */
interface Opened extends Omit<Exchange, 'query' | 'publicUrl'> {
  readonly baseOf: (request: IncomingMessage) => string;
}

/**
 * An exchange that works out only what is asked for. A class, since an object with getters of its own
 * costs a hidden class for each request, which only the slow collector takes, with all it leads to.
 */
export class OpenedExchange implements Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly caller: Caller | null;
  readonly params: Readonly<Record<string, string>>;
  readonly tell: Tell;
  readonly #baseOf: Opened['baseOf'];
  #query: URLSearchParams | null = null;

  constructor(opened: Opened) {
    this.request = opened.request;
    this.response = opened.response;
    this.requestId = opened.requestId;
    this.caller = opened.caller;
    this.params = opened.params;
    this.tell = opened.tell;
    this.#baseOf = opened.baseOf;
  }

  get query(): URLSearchParams {
    this.#query ??= queryOf(this.request);
    return this.#query;
  }

  get publicUrl(): string {
    return this.#baseOf(this.request);
  }
}

function queryOf(request: IncomingMessage): URLSearchParams {
  // express rewrites `url` below a mounted path; nothing is mounted here.
  return new URLSearchParams(urlParts(request.url ?? '').query ?? '');
}
