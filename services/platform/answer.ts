import type { ServerResponse } from 'node:http';

export type Headers = Readonly<Record<string, string | number>>;

/** What a handler gives back; one function turns it into bytes on the wire. */
export type Answer =
  | {
      readonly kind: 'json';
      readonly status?: number;
      readonly body: unknown;
      readonly headers?: Headers;
    }
  | {
      readonly kind: 'text';
      readonly status?: number;
      readonly body: string;
      readonly type?: string;
      readonly headers?: Headers;
    }
  | {
      readonly kind: 'bytes';
      readonly body: Uint8Array;
      readonly type: string;
      readonly headers?: Headers;
    }
  | { readonly kind: 'empty'; readonly status: number; readonly headers?: Headers }
  | { readonly kind: 'redirect'; readonly location: string }
  /** The handler has written the response itself. */
  | { readonly kind: 'sent' };

/** An answer of plain data. */
export function json(body: unknown): Answer {
  return { kind: 'json', body };
}

/** Writes an answer; HEAD gets the same headers and no body. */
export function sendAnswer(response: ServerResponse, answer: Answer): void {
  switch (answer.kind) {
    case 'json':
      sendText(response, answer.status ?? 200, JSON.stringify(answer.body), {
        'Content-Type': 'application/json',
        ...answer.headers,
      });
      return;
    case 'text':
      sendText(response, answer.status ?? 200, answer.body, {
        'Content-Type': answer.type ?? 'text/plain; charset=utf-8',
        ...answer.headers,
      });
      return;
    case 'bytes':
      sendBytes(response, 200, answer.body, { 'Content-Type': answer.type, ...answer.headers });
      return;
    case 'empty':
      response.writeHead(answer.status, answer.headers);
      response.end();
      return;
    case 'redirect':
      sendText(response, 302, `Found: ${answer.location}\n`, {
        Location: answer.location,
        'Content-Type': 'text/plain; charset=utf-8',
      });
      return;
    case 'sent':
      return;
  }
}

/** A text of up to so many characters is sent as one string with its head: cheaper than a head and a buffer. */
const ONE_PIECE = 32 * 1024;

function sendText(response: ServerResponse, status: number, text: string, headers: Headers): void {
  if (text.length > ONE_PIECE) {
    sendBytes(response, status, Buffer.from(text), headers);
    return;
  }
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

function sendBytes(
  response: ServerResponse,
  status: number,
  body: Uint8Array,
  headers: Headers,
): void {
  response.writeHead(status, { ...headers, 'Content-Length': body.length });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
