import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Test } from 'tap';
import { shortFolder } from '../fixtures/test-folder.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Something on a socket that answers like a Docker engine in trouble. */
export class DockerApi {
  readonly socket: string;
  /** What was asked: `GET /containers/json`, without the query. */
  readonly asked: string[] = [];
  readonly queries: URLSearchParams[] = [];
  #answer: Answer = hang;
  readonly #server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://engine');
    this.asked.push(`${request.method ?? ''} ${url.pathname}`);
    this.queries.push(url.searchParams);
    request.resume();
    this.#answer(request, response);
  });

  private constructor(socket: string) {
    this.socket = socket;
  }

  static async start(t: Test): Promise<DockerApi> {
    const api = new DockerApi(join(shortFolder(t), 's'));
    await new Promise<void>((resolve) => api.#server.listen(api.socket, resolve));
    t.teardown(() => {
      api.#server.closeAllConnections();
      api.#server.close();
    });
    return api;
  }

  /** From now on, every request gets this. */
  answers(answer: Answer): void {
    this.#answer = answer;
  }
}

/** Never says anything. */
export const hang: Answer = () => undefined;

/** This status, with this as its body; JSON unless it is a text. */
export function says(status: number, body: unknown): Answer {
  return (_request, response) => {
    const isText = typeof body === 'string';
    response.writeHead(status, { 'Content-Type': isText ? 'text/html' : 'application/json' });
    response.end(isText ? body : JSON.stringify(body));
  };
}

/** Begins to answer, and then is gone. */
export function breaksAfter(start: string, more = 1000): Answer {
  return (request, response) => {
    response.writeHead(200, { 'Content-Length': start.length + more });
    response.write(start, () => setImmediate(() => request.socket.destroy()));
  };
}

/** Begins to answer, and then says nothing more. */
export function stopsAfter(start: string): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'Content-Length': start.length + 1000 });
    response.write(start);
  };
}

/** Lines of a stream, one after the other; it stays open when told to. */
export function streams(lines: readonly (object | string)[], { open = false } = {}): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    for (const line of lines)
      response.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`);
    if (!open) response.end();
  };
}
