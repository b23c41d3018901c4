import { GitbuilderError } from '../../domain/errors.ts';
import { reasonOf } from '../../domain/reason.ts';

/** Why one file or one request came to nothing, said to a person; trying again would not help. */
export class Problem extends Error {
  /** What to do about it, where there is something. */
  readonly advice: string | null;

  constructor(message: string, advice: string | null = null, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'Problem';
    this.advice = advice;
  }
}

/** Nothing answered, which may have reasons at either end. */
export function unreachable(who: string, reason: string, cause: unknown): Problem {
  return new Problem(
    `cannot reach ${who}: ${reason}`,
    'Is the address right, and does the service run? NODE_EXTRA_CA_CERTS names the certificates of a CA of your own.',
    { cause },
  );
}

/** A mistake in how the command was called. */
export class UsageError extends Error {}

/** Text of others in one line on a terminal: control characters are shown, not obeyed. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

/** An error as it is told. */
export interface Trouble {
  readonly message: string;
  readonly advice: string | null;
}

/** What to tell of anything that was thrown. */
export function troubleOf(cause: unknown): Trouble {
  const message = reasonOf(cause);
  const advises = cause instanceof Problem || cause instanceof GitbuilderError;
  return { message, advice: advises ? cause.advice : null };
}
