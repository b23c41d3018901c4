import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ByteFlow } from '../chacra/ports.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { flow } from './byte-flow.ts';
import { askForBody, interrupted } from './incoming-body.ts';

export interface BodyOptions {
  readonly stallMilliseconds: number;
  /** Answers the client while there is still a connection to answer on. */
  readonly refuse: (error: GitbuilderError) => void;
}

/**
 * The bytes of a request as they come; they are asked for when they are wanted. The clock that drops a
 * stalled client starts again with every byte, so that no upload is too slow, only too silent.
 */
export function wholeBody(
  request: IncomingMessage,
  response: ServerResponse,
  { stallMilliseconds, refuse }: BodyOptions,
): ByteFlow {
  return async (take) => {
    askForBody(request, response);
    let received = 0;
    let stalled: GitbuilderError | null = null;
    const onStall = () => {
      stalled = new GitbuilderError('BODY_STALLED', { seconds: stallMilliseconds / 1000 });
      response.once('finish', () => request.destroy());
      refuse(stalled);
    };
    const count = (chunk: Uint8Array) => {
      received += chunk.length;
      return take(chunk);
    };
    const broken = (cause?: Error) => stalled ?? interrupted(received, cause);
    // Without a listener on the request itself, Node would cut the connection before any answer.
    request.on('timeout', onStall);
    request.setTimeout(stallMilliseconds);
    try {
      await flow(request, count, broken);
    } finally {
      request.setTimeout(0);
      request.off('timeout', onStall);
      // A refusal in the middle must leave the connection open, or the client never reads why; and Node
      // drains only what nobody began to read, while many clients send everything before they read.
      request.resume();
    }
    if (!request.complete) throw broken();
  };
}
