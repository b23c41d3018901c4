import { request as plainRequest } from 'node:http';
import type { Agent, IncomingMessage, RequestOptions } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Heard } from './answer.ts';

/** A request that the package cannot make. */
export interface RawRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent: Agent;
  readonly timeoutMilliseconds: number;
  /** More than this is no answer. */
  readonly longestBody: number;
}

/** Sends it on a connection of its own and brings all of the answer as bytes; follows no redirect. */
export function sendRaw(raw: RawRequest): Promise<Heard> {
  const { body, method, agent } = raw;
  const headers = {
    ...raw.headers,
    ...(method === 'POST' ? { 'Content-Length': String(Buffer.byteLength(body ?? '')) } : {}),
  };
  const signal = AbortSignal.timeout(raw.timeoutMilliseconds);
  const options: RequestOptions = { method, headers, agent, signal };
  const send = raw.url.startsWith('https:') ? tlsRequest : plainRequest;
  return new Promise((resolve) => {
    const silent = (error: Error) =>
      resolve({ kind: 'silence', reason: signal.aborted ? timedOut(raw) : error.message });
    const sent = send(raw.url, options, (response) => {
      response.on('error', silent);
      collect(response, raw.longestBody, (bytes) => {
        if (bytes === null) {
          sent.destroy();
          resolve({ kind: 'silence', reason: `an answer of over ${raw.longestBody} bytes` });
          return;
        }
        const { statusCode = 0, headers: heard } = response;
        resolve({ kind: 'answer', answer: { status: statusCode, headers: heard, body: bytes } });
      });
    });
    sent.on('error', silent);
    sent.end(body);
  });
}

function timedOut({ timeoutMilliseconds }: RawRequest): string {
  return `no answer within ${timeoutMilliseconds / 1000} s`;
}

function collect(
  response: IncomingMessage,
  longest: number,
  done: (bytes: Buffer | null) => void,
): void {
  const parts: Buffer[] = [];
  let length = 0;
  response.on('data', (part: Buffer) => {
    parts.push(part);
    length += part.length;
    if (length > longest) done(null);
  });
  response.on('end', () => done(Buffer.concat(parts)));
}
