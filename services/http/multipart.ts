import type { IncomingMessage } from 'node:http';
import { Busboy } from '@fastify/busboy';
import type { BusboyFileStream, BusboyInstance } from '@fastify/busboy';
import type { ByteFlow } from '../chacra/ports.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { reasonOf } from '../domain/reason.ts';
import { flow } from './byte-flow.ts';
import { FormFeed, unreadable } from './form-feed.ts';

type OnFile<T> = (fileName: string, file: ByteFlow, isForced: () => boolean) => Promise<T>;

/**
 * Reads a form with one file in a field `file` and perhaps a field `force` (of any value), in any
 * order. The file ends for its reader only when the whole form has ended, so that `force` is known.
 */
export async function readMultipart<T>(
  request: IncomingMessage,
  body: ByteFlow,
  onFile: OnFile<T>,
): Promise<T> {
  const parser = makeParser(request);
  const feed = new FormFeed(parser);
  let forced = false;
  let stored: Promise<T> | null = null;
  parser.on('field', (name: string) => {
    if (name === 'force') forced = true;
  });
  parser.on('file', (field: string, stream: BusboyFileStream, fileName: string | undefined) => {
    // What goes wrong with a file is met by its reader.
    stream.on('error', () => undefined);
    if (field !== 'file' || fileName === undefined || fileName === '') {
      stream.resume();
      return;
    }
    if (stored !== null) {
      stream.resume();
      const reason = 'the form holds two files: send each in a form of its own';
      feed.fail(new GitbuilderError('REQUEST_INVALID', { reason }));
      return;
    }
    feed.ended.catch((cause: Error) => stream.destroy(cause));
    stored = onFile(fileName, untilEnd(stream, feed), () => forced);
    stored.catch((cause: unknown) => feed.fail(cause));
  });
  try {
    await feed.takeAll(body);
  } catch (cause) {
    // Nobody shall hear of it before what was kept of it is gone.
    await given(stored);
    throw cause;
  }
  if (stored === null) throw new GitbuilderError('FILE_FIELD_MISSING');
  return stored;
}

/** Waits for the end of what may have been started, whichever it is. */
async function given(stored: Promise<unknown> | null): Promise<void> {
  await stored?.catch(() => undefined);
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
    throw unreadable(reasonOf(cause));
  }
}

/** A file that broke off did so because the form did; the form's failure says why. */
function untilEnd(stream: BusboyFileStream, feed: FormFeed): ByteFlow {
  return async (take) => {
    await flow(stream, take, (cause) => feed.failure ?? cause);
    await feed.ended;
  };
}
