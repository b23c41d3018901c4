import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Answer } from '../platform/answer.ts';

/** Up to so many rows are one write; more go out in blocks, so that others are served in between. */
const BLOCK = 4000;
const HEADERS = { 'Content-Type': 'application/json' };
const [OPEN, COMMA, CLOSE] = [0x5b, 0x2c, 0x5d];

/** Answers a JSON list whose rows are bytes already. */
export function sendList<T>(
  response: ServerResponse,
  rows: readonly T[],
  bytesOf: (row: T) => Uint8Array,
): Answer | Promise<Answer> {
  const isHead = response.req.method === 'HEAD';
  if (rows.length > BLOCK) {
    response.writeHead(200, HEADERS);
    if (!isHead) return sendInBlocks(response, rows, bytesOf);
    response.end();
  } else {
    const body = joined(rows.map(bytesOf), OPEN, CLOSE);
    response.writeHead(200, { ...HEADERS, 'Content-Length': body.length });
    response.end(isHead ? undefined : body);
  }
  return { kind: 'sent' };
}

async function sendInBlocks<T>(
  response: ServerResponse,
  rows: readonly T[],
  bytesOf: (row: T) => Uint8Array,
): Promise<Answer> {
  async function* blocks(): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < rows.length; from += BLOCK) {
      const isLast = from + BLOCK >= rows.length;
      const part = rows.slice(from, from + BLOCK).map(bytesOf);
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
