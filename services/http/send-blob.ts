import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlobReader } from '../chacra/ports.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { sendAnswer } from '../platform/answer.ts';
import type { Headers } from '../platform/answer.ts';
import { isUnchanged, parseRange, validators } from './conditions.ts';
import type { Borrowed, PieceBuffers } from './piece-buffers.ts';

/** What a client is told about the bytes it gets. */
export interface Representation {
  readonly size: number;
  readonly etag: string;
  readonly modified: Date | null;
  readonly now: Date;
  readonly headers: Headers;
  /** Where the proxy in front finds the same bytes, quoted; null when it shall get them from here. */
  readonly accelRedirect?: string | null;
}

/** Where the bytes come from, and through which memory. */
export interface BlobSource {
  readonly open: () => Promise<BlobReader>;
  readonly pieces: PieceBuffers;
}

/**
 * Sends a stored file, whole or a range of it (RFC 9110, 13 and 14). Where the proxy in front has the
 * bytes itself, it sees to ranges; whether the client has them already is always decided here.
 */
export async function sendBlob(
  request: IncomingMessage,
  response: ServerResponse,
  { open, pieces }: BlobSource,
  what: Representation,
): Promise<void> {
  const headers = { ...what.headers, ...validators(what, what.now), 'Accept-Ranges': 'bytes' };
  if (isUnchanged(request, what)) {
    sendAnswer(response, { kind: 'empty', status: 304, headers });
    return;
  }
  if (what.accelRedirect !== undefined && what.accelRedirect !== null) {
    // What is lost is told here, with a reason: the proxy would say 404.
    await (await openWhole(open, what)).close();
    const found = { ...headers, 'X-Accel-Redirect': what.accelRedirect, 'Content-Length': 0 };
    sendAnswer(response, { kind: 'empty', status: 200, headers: found });
    return;
  }
  const range = parseRange(request, what);
  if (range === 'unsatisfiable') {
    const unsatisfiable = {
      ...headers,
      'Content-Range': `bytes */${what.size}`,
      'Content-Length': 0,
    };
    sendAnswer(response, { kind: 'empty', status: 416, headers: unsatisfiable });
    return;
  }
  const { start, end } = range ?? { start: 0, end: what.size };
  const part = range === null ? {} : { 'Content-Range': `bytes ${start}-${end - 1}/${what.size}` };
  const head = { ...headers, ...part, 'Content-Length': end - start };
  if (request.method === 'HEAD') {
    response.writeHead(range === null ? 200 : 206, head).end();
    return;
  }
  const isLater = response.socket === null;
  if (isLater) {
    // What is lost is told while the head is not out. The head lets Node stop reading further requests.
    await (await openWhole(open, what)).close();
    response.writeHead(range === null ? 200 : 206, head).flushHeaders();
    await turnOf(response);
    if (response.destroyed) return;
  }
  const reader = await openWhole(open, what);
  const borrowed = pieces.borrow(end - start);
  try {
    if (!isLater) response.writeHead(range === null ? 200 : 206, head);
    await pump(reader, response, borrowed.pair, { start, end });
    borrowed.giveBack('unused');
    response.end();
  } catch (cause) {
    borrowed.giveBack('perhaps-in-use');
    // The head is out: an aborted connection is the only way left to say that this is not all.
    response.destroy(cause instanceof Error ? cause : undefined);
  } finally {
    await reader.close();
  }
}

/** A file that is cut off is told before the head goes out; the proxy in front would send it as if it were whole. */
async function openWhole(
  open: BlobSource['open'],
  { size, etag }: Representation,
): Promise<BlobReader> {
  const reader = await open();
  if (reader.size === size) return reader;
  await reader.close();
  const reason = `it has ${reader.size} bytes, and its record says ${size}`;
  throw new GitbuilderError('DATA_DAMAGED', { file: `the stored file ${etag}`, reason });
}

/**
 * Waits until all that was asked for before on this connection is sent, or it is closed. Hundreds of
 * requests come in one packet, and until then each would hold a file and half a megabyte.
 */
function turnOf(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.socket !== null || response.destroyed) resolve();
    response.once('socket', () => resolve());
    response.once('close', resolve);
  });
}

/** Two buffers in turn: one is read into while the other is on its way; several times a plain stream's speed. */
async function pump(
  reader: BlobReader,
  response: ServerResponse,
  [first, second]: Borrowed['pair'],
  { start, end }: { readonly start: number; readonly end: number },
): Promise<void> {
  let sending: Promise<void> = Promise.resolve();
  let position = start;
  for (let buffer = first; position < end; buffer = buffer === first ? second : first) {
    const wanted = Math.min(buffer.length, end - position);
    const count = await reader.read(buffer.subarray(0, wanted), position);
    if (count === 0) throw new Error('the stored file is shorter than its record');
    position += count;
    await sending;
    sending = write(response, buffer.subarray(0, count));
    // A failure is met at the next await; until then it must not count as unhandled.
    sending.catch(() => undefined);
  }
  await sending;
}

function write(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (response.destroyed) {
      reject(new Error('the client is gone'));
      return;
    }
    const gone = () => reject(new Error('the client is gone'));
    response.once('close', gone);
    response.write(chunk, (error) => {
      response.off('close', gone);
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
}
