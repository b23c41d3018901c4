import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Pauses } from '../chacra/pauses.ts';
import type { Answer, Headers } from '../platform/answer.ts';

/** Up to so many characters are one answer with a length; more go out as they come. */
const SHORT = 256 * 1024;
/** Rows that are made at once, and what one costs beside a look at a binary. */
const ROWS_AT_ONCE = 100;
const PIECES_OF_A_ROW = 20;

/**
 * Answers a text that is made bit by bit and no faster than its client takes it, so that neither the
 * memory nor the time of others grows with it. Whatever fails in a short one is answered as an error.
 */
export async function sendPieces(
  response: ServerResponse,
  pieces: AsyncIterable<string>,
  { type, headers = {} }: { readonly type: string; readonly headers?: Headers },
): Promise<Answer> {
  const rest = pieces[Symbol.asyncIterator]();
  let first = '';
  while (first.length < SHORT) {
    const next = await rest.next();
    if (next.done === true) return { kind: 'text', body: first, type, headers };
    first += next.value;
  }
  response.writeHead(200, { 'Content-Type': type, ...headers });
  if (response.req.method === 'HEAD') {
    response.end();
    await rest.return?.();
    return { kind: 'sent' };
  }
  let failure: { readonly cause: unknown } | null = null;
  async function* all(): AsyncGenerator<string> {
    try {
      yield first;
      yield* { [Symbol.asyncIterator]: () => rest };
    } catch (cause) {
      failure = { cause };
      throw cause;
    }
  }
  // A client that went away needs no answer.
  await pipeline(all, response).catch(() => undefined);
  throwFailure(failure);
  return { kind: 'sent' };
}

function throwFailure(failure: { readonly cause: unknown } | null): void {
  if (failure !== null) throw failure.cause;
}

/** Prints rows some at a time. */
export async function* printRows<T>(
  rows: readonly T[],
  pauses: Pauses,
  print: (row: T) => Promise<string>,
): AsyncGenerator<readonly string[]> {
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    const some = rows.slice(from, from + ROWS_AT_ONCE);
    yield await Promise.all(some.map(print));
    await pauses.after(PIECES_OF_A_ROW * some.length);
  }
}

/** Printed rows with commas between them, and what stands before and after. */
export async function* joinRows(
  blocks: AsyncIterable<readonly string[]>,
  before: string,
  after: string,
): AsyncGenerator<string> {
  let isFirst = true;
  for await (const rows of blocks) {
    if (rows.length === 0) continue;
    yield (isFirst ? before : ',') + rows.join(',');
    isFirst = false;
  }
  yield isFirst ? before + after : after;
}
