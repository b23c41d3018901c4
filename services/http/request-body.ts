import type { IncomingMessage, ServerResponse } from 'node:http';
import { GitbuilderError } from '../domain/errors.ts';

export interface BodyOptions {
  readonly stallMilliseconds: number;
  /** Answers the client while there is still a connection to answer on. */
  readonly refuse: (error: GitbuilderError) => void;
}

/**
 * The bytes of a request as they come. A client that says `Expect: 100-continue` is told to go on
 * here, where nothing is left to refuse. The clock that drops a stalled client starts again with
 * every byte, so that no upload is too slow, only too silent.
 */
export async function* wholeBody(
  request: IncomingMessage,
  response: ServerResponse,
  { stallMilliseconds, refuse }: BodyOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
  let received = 0;
  let stalled: GitbuilderError | null = null;
  const onStall = () => {
    stalled = new GitbuilderError('BODY_STALLED', { seconds: stallMilliseconds / 1000 });
    response.once('finish', () => request.destroy());
    refuse(stalled);
  };
  // Without a listener on the request itself, Node would cut the connection before any answer.
  request.on('timeout', onStall);
  request.setTimeout(stallMilliseconds);
  try {
    // A refusal in the middle must leave the connection open, or the client never reads why.
    for await (const chunk of request.iterator({
      destroyOnReturn: false,
    }) as AsyncIterable<Buffer>) {
      received += chunk.length;
      yield chunk;
    }
  } catch (cause) {
    throw stalled ?? new GitbuilderError('BODY_INTERRUPTED', { received }, { cause });
  } finally {
    request.setTimeout(0);
    request.off('timeout', onStall);
    // Node drains only what nobody began to read, and many clients send everything before they read.
    request.resume();
  }
  if (!request.complete) throw new GitbuilderError('BODY_INTERRUPTED', { received });
}
