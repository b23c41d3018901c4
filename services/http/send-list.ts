import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Answer } from '../platform/answer.ts';

/** Up to so many rows are one write; more go out in blocks, so that others are served in between. */
export const SHORT = 4000;
const HEADERS = { 'Content-Type': 'application/json' };
const [OPEN, COMMA, CLOSE] = [0x5b, 0x2c, 0x5d];

/** Answers a JSON list whose rows are bytes already. */
export function sendList<T>(
  response: ServerResponse,
  rows: readonly T[],
  bytesOf: (row: T) => Uint8Array,
): Answer | Promise<Answer> {
  if (rows.length <= SHORT) return sendBytes(response, listBytes(rows, bytesOf));
  response.writeHead(200, HEADERS);
  if (response.req.method !== 'HEAD') return sendInBlocks(response, rows, bytesOf);
  response.end();
  return { kind: 'sent' };
}

/** The JSON list of rows that are bytes already. */
export function listBytes<T>(rows: readonly T[], bytesOf: (row: T) => Uint8Array): Uint8Array {
  return joined(rows.map(bytesOf), OPEN, CLOSE);
}

/** Answers a JSON list that is bytes already. */
export function sendBytes(response: ServerResponse, body: Uint8Array): Answer {
  response.writeHead(200, { ...HEADERS, 'Content-Length': body.length });
  response.end(response.req.method === 'HEAD' ? undefined : body);
  return { kind: 'sent' };
}

async function sendInBlocks<T>(
  response: ServerResponse,
  rows: readonly T[],
  bytesOf: (row: T) => Uint8Array,
): Promise<Answer> {
  async function* blocks(): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < rows.length; from += SHORT) {
      const isLast = from + SHORT >= rows.length;
      const part = rows.slice(from, from + SHORT).map(bytesOf);
      yield joined(part, from === 0 ? OPEN : COMMA, isLast ? CLOSE : null);
      // Also when the client is quick: other requests come first.
      await new Promise(setImmediate);
    }
  }
  try {
    await pipeline(blocks, response);
  } catch (cause) {
    // A client that went away needs no answer.
    if (!response.destroyed) throw cause;
  }
  return { kind: 'sent' };
}

/** The rows with commas between them; one copy of each is what a long answer costs. */
function joined(rows: readonly Uint8Array[], before: number, after: number | null): Uint8Array {
  let length = Math.max(rows.length, 1) + (after === null ? 0 : 1);
  for (const row of rows) length += row.length;
  const bytes = Buffer.allocUnsafe(length);
  bytes[0] = before;
  let at = 1;
  for (const [index, row] of rows.entries()) {
    if (index > 0) bytes[at++] = COMMA;
    bytes.set(row, at);
    at += row.length;
  }
  if (after !== null) bytes[at] = after;
  return bytes;
}
