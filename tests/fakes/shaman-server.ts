import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

/** An event as it came over the wire. */
export interface Told {
  readonly path: string;
  readonly authorization: string;
  readonly contentType: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** How it answers an event: a status; `break` the connection; `hold` it without an answer. */
export type Mood = number | 'break' | 'hold';

/** A shaman over real HTTP that remembers what it was told and can be away in every way. */
export class ShamanServer {
  /** What it took, in order. */
  readonly taken: Told[] = [];
  /** Every event that came, taken or not. */
  readonly asked: Told[] = [];
  /** How it answers an event. */
  mood: (told: Told) => Mood = () => 200;
  /** How it answers a node that says that it is there. */
  nodeStatus = 200;
  #server: Server | null = null;
  #port = 0;
  #waiters: { readonly isOver: () => boolean; readonly resolve: () => void }[] = [];

  constructor(t: Test) {
    t.teardown(() => this.stop());
  }

  /** Ends in a slash; the same after it was away. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#server = server;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    // A TCP server's address is an object; only pipes have a string.
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  /** From now on connections are refused. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Resolves as soon as this holds; looked at whenever something came. */
  until(isOver: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ isOver, resolve });
      this.#tell();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    try {
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    } catch {
      // Who asked is gone.
      return;
    }
    const { url = '', headers } = request;
    if (!url.startsWith('/api/repos/')) {
      response.writeHead(this.nodeStatus).end('{}');
      return;
    }
    const told: Told = {
      path: `${request.method} ${url}`,
      authorization: headers.authorization ?? '',
      contentType: headers['content-type'] ?? '',
      // The node's own JSON: the tests hold its shape to the design.
      body: JSON.parse(Buffer.concat(parts).toString()) as Told['body'],
    };
    const mood = this.mood(told);
    this.asked.push(told);
    if (mood === 'break') response.destroy();
    else if (mood !== 'hold')
      response.writeHead(mood, { 'content-type': 'application/json' }).end('{}');
    if (mood === 200) this.taken.push(told);
    this.#tell();
  }

  #tell(): void {
    for (const { isOver, resolve } of this.#waiters) if (isOver()) resolve();
    this.#waiters = this.#waiters.filter(({ isOver }) => !isOver());
  }
}
