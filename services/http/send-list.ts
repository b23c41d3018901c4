import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Answer } from '../platform/answer.ts';

/** Up to so many rows are one write; more go out in blocks, so that others are served in between. */
const BLOCK = 4000;
const TYPE = 'application/json';

/** Answers a JSON list whose rows are texts already. */
export function listAnswer<T>(
  response: ServerResponse,
  rows: readonly T[],
  textOf: (row: T) => string,
): Answer | Promise<Answer> {
  if (rows.length > BLOCK) return sendInBlocks(response, rows, textOf);
  return { kind: 'text', type: TYPE, body: `[${joined(rows, textOf)}]` };
}

function joined<T>(rows: readonly T[], textOf: (row: T) => string): string {
  return rows.map(textOf).join(',');
}

async function sendInBlocks<T>(
  response: ServerResponse,
  rows: readonly T[],
  textOf: (row: T) => string,
): Promise<Answer> {
  response.writeHead(200, { 'Content-Type': TYPE });
  if (response.req.method !== 'HEAD') {
    for (let from = 0; from < rows.length && !response.destroyed; from += BLOCK) {
      const text = joined(rows.slice(from, from + BLOCK), textOf);
      const hasRoom = response.write(`${from === 0 ? '[' : ','}${text}`);
      // Also when there is room: other requests come first.
      if (hasRoom) await new Promise(setImmediate);
      else await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
    response.write(']');
  }
  response.end();
  return { kind: 'sent' };
}
