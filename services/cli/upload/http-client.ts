import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../domain/clock.ts';

const SILENCE_MILLISECONDS = 300_000;
const CONTINUE_MILLISECONDS = 1_000;
const LONGEST_ANSWER = 1_048_576;
/** From here on it pays to ask first whether a body is wanted; curl draws the line there too. */
const ASK_FIRST_BYTES = 1_048_576;

/** Bytes that are read while they are sent. */
export interface Body {
  readonly size: number;
  readonly chunks: () => AsyncIterable<Uint8Array>;
}

export interface Asked {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body | string;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * Requests over a few connections that stay open. Not `fetch`: that of Node 20 takes a streamed body
 * into memory as fast as it can be read.
 */
export class HttpClient {
  readonly #authorization: string;
  readonly #clock: Clock;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor(options: {
    readonly authorization: string;
    readonly connections: number;
    readonly clock: Clock;
  }) {
    const { authorization, connections, clock } = options;
    this.#authorization = authorization;
    this.#clock = clock;
    const settings = { keepAlive: true, maxSockets: connections };
    this.#http = new HttpAgent(settings);
    this.#https = new HttpsAgent(settings);
  }

  /** One request and its answer, whatever that says; redirects are not followed. */
  async send({ method, url, headers = {}, body }: Asked): Promise<Answered> {
    const size = typeof body === 'string' ? Buffer.byteLength(body) : (body?.size ?? 0);
    const asksFirst = size >= ASK_FIRST_BYTES;
    const options = {
      method,
      headers: {
        Accept: 'application/json, text/plain',
        Authorization: this.#authorization,
        ...(method === 'PUT' || method === 'POST' ? { 'Content-Length': String(size) } : {}),
        ...(asksFirst ? { Expect: '100-continue' } : {}),
        ...headers,
      },
    };
    const request = url.startsWith('https:')
      ? httpsRequest(url, { ...options, agent: this.#https })
      : httpRequest(url, { ...options, agent: this.#http });
    request.setTimeout(SILENCE_MILLISECONDS, () => {
      request.destroy(new SilenceError(`no byte for ${SILENCE_MILLISECONDS / 1000} s`));
    });
    let fail: (cause: unknown) => void = () => undefined;
    const answered = new Promise<Answered>((resolve, reject) => {
      fail = reject;
      request.on('error', reject);
      request.once('response', (response) => {
        readAnswer(response).then(resolve, reject);
      });
    });
    const write = () => {
      if (body === undefined || typeof body === 'string') request.end(body);
      // What breaks this destroys the request; `answered` tells of it.
      else void pipeline(readAhead(body, fail), request).catch(() => undefined);
    };
    const cancel = asksFirst ? this.#whenWanted(request, write) : () => undefined;
    if (!asksFirst) write();
    try {
      return await answered;
    } finally {
      cancel();
      // Refused before its end: the rest would be taken for the next request.
      if (!request.writableFinished) request.destroy();
    }
  }

  /** Ends the connections that were kept for more. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  /** Calls back when the server wants the body, or says nothing of it for a while, as old ones do. */
  #whenWanted(request: ReturnType<typeof httpRequest>, write: () => void): () => void {
    let isOver = false;
    const once = () => {
      if (isOver) return;
      isOver = true;
      write();
    };
    let cancelTimer: () => void = () => undefined;
    request.once('socket', (socket) => {
      const start = () => {
        if (!isOver) cancelTimer = this.#clock.after(CONTINUE_MILLISECONDS, once);
      };
      if (socket.connecting) socket.once('connect', start);
      else start();
    });
    request.once('continue', once);
    return () => {
      isOver = true;
      cancelTimer();
    };
  }
}

/** The other side went silent, which is as good as a broken connection. */
export class SilenceError extends Error {}

/**
 * Two chunks are read while one is sent. A source that fails says so itself: on a connection that was
 * used before, the request would only say that the line broke.
 */
function readAhead(body: Body, fail: (cause: unknown) => void): Readable {
  const chunks = async function* () {
    try {
      yield* body.chunks();
    } catch (cause) {
      fail(cause);
      throw cause;
    }
  };
  return Readable.from(chunks(), { objectMode: true, highWaterMark: 2 });
}

async function readAnswer(response: IncomingMessage): Promise<Answered> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= LONGEST_ANSWER) chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}
