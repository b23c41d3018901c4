import type { IncomingMessage, ServerResponse } from 'node:http';
import { GitbuilderError } from '../domain/errors.ts';

/** Tells a client that says `Expect: 100-continue` to go on, when nothing is left to refuse. */
export function askForBody(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
}

/** The error of a body that broke off after so many bytes. */
export function interrupted(received: number, cause: unknown): GitbuilderError {
  return new GitbuilderError('BODY_INTERRUPTED', { received }, { cause });
}
