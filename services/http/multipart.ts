import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Busboy } from '@fastify/busboy';
import type { BusboyFileStream, BusboyInstance } from '@fastify/busboy';
import { GitbuilderError } from '../domain/errors.ts';

type OnFile<T> = (
  fileName: string,
  file: AsyncIterable<Uint8Array>,
  isForced: () => boolean,
) => Promise<T>;

/**
 * Reads a form with one file in a field `file` and perhaps a field `force` (of any value), in any
 * order. The file ends for its reader only when the whole form has ended, so that `force` is known.
 */
export async function readMultipart<T>(
  request: IncomingMessage,
  body: AsyncIterable<Uint8Array>,
  onFile: OnFile<T>,
): Promise<T> {
  const parser = makeParser(request);
  const ended = once(parser, 'finish');
  // Met where it is awaited; a form that fails before must not count as unhandled.
  ended.catch(() => undefined);
  let forced = false;
  let current: BusboyFileStream | null = null;
  let stored: Promise<T> | null = null;
  parser.on('field', (name: string) => {
    if (name === 'force') forced = true;
  });
  parser.on('file', (field: string, stream: BusboyFileStream, fileName: string | undefined) => {
    // What goes wrong with a file is met by its reader.
    stream.on('error', () => undefined);
    if (field !== 'file' || stored !== null || fileName === undefined || fileName === '') {
      stream.resume();
      return;
    }
    current = stream;
    stored = onFile(fileName, untilEnd(stream, ended), () => forced);
    stored.catch(() => undefined);
  });
  const feeding = feed(body, parser, () => stored);
  feeding.catch((error: unknown) => {
    const cause = error instanceof Error ? error : new Error(String(error));
    current?.destroy(cause);
    parser.destroy(cause);
  });
  await feeding;
  if (stored === null) throw new GitbuilderError('FILE_FIELD_MISSING');
  return stored;
}

function makeParser(request: IncomingMessage): BusboyInstance {
  try {
    return new Busboy({
      // The content type was matched before; the parser only wants it to be a string.
      headers: {
        ...request.headers,
        'content-type': request.headers['content-type'] ?? '',
      },
      // Names are checked, not repaired: a path in a name is refused.
      preservePath: true,
      limits: { fields: 16, fieldSize: 64 * 1024, parts: 32 },
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unreadable form';
    throw new GitbuilderError('REQUEST_INVALID', { reason }, { cause });
  }
}

async function* untilEnd(
  stream: BusboyFileStream,
  ended: Promise<unknown>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of stream as AsyncIterable<Buffer>) yield chunk;
  await ended;
}

/** Feeds the parser until the body ends, or until the file's reader has given up on it. */
async function feed(
  body: AsyncIterable<Uint8Array>,
  parser: BusboyInstance,
  stored: () => Promise<unknown> | null,
): Promise<void> {
  const failed = new Promise<never>((_resolve, reject) => {
    parser.once('error', (cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : 'unreadable form';
      reject(new GitbuilderError('REQUEST_INVALID', { reason }, { cause }));
    });
  });
  failed.catch(() => undefined);
  for await (const chunk of body) {
    if (parser.write(chunk)) continue;
    await Promise.race([once(parser, 'drain'), failed, rejection(stored())]);
  }
  const finished = once(parser, 'finish');
  finished.catch(() => undefined);
  parser.end();
  await Promise.race([finished, failed, rejection(stored())]);
}

/** Settles only when the promise rejects: its success is no reason to stop waiting for something else. */
function rejection(promise: Promise<unknown> | null): Promise<never> {
  return new Promise((_resolve, reject) => {
    promise?.catch(reject);
  });
}
