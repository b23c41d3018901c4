import { GitbuilderError } from '../domain/errors.ts';

/** Bytes that break their format; the message says why, so that the uploader can act on it. */
export class Malformed extends Error {
  constructor(reason: string, options: { cause?: unknown } = {}) {
    super(reason, options);
    this.name = 'Malformed';
  }
}

/** Names the file that a reader found malformed; other errors are faults of ours and stay as they are. */
export function malformedAs(name: string, error: unknown): unknown {
  if (!(error instanceof Malformed)) return error;
  return new GitbuilderError(
    'PACKAGE_MALFORMED',
    { name, reason: error.message },
    { cause: error },
  );
}

/** Text out of a package as it may stand in a message: quoted, short, without control characters. */
export function shown(text: string): string {
  const short = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  // JSON leaves the upper control characters as they are.
  return short.replace(
    /[\u007f-\u009f]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
