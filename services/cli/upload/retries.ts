import type { Clock } from '../../domain/clock.ts';
import { reasonOf } from '../../domain/reason.ts';
import { SilenceError } from './http-client.ts';
import type { Answered } from './http-client.ts';
import { Problem } from './problem.ts';

/** Half a minute in all: a service that restarts is back by then. */
const PAUSES_SECONDS: readonly number[] = [0.5, 1, 2, 4, 8, 16];
const LONGEST_PAUSE_SECONDS = 60;
/** What a network may get over; a wrong certificate or a name that nobody knows stays wrong. */
const PASSING: ReadonlySet<string> = new Set([
  ...['ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EAI_AGAIN'],
]);

export type TellRetry = (reason: string, seconds: number) => void;

/**
 * Tries requests again with longer and longer pauses. Once one of them was given up, the others are
 * tried once each until something is answered again: thousands of files do not wait for a dead node.
 */
export class Retries {
  readonly #clock: Clock;
  readonly #tell: TellRetry;
  #isHopeless = false;

  constructor(clock: Clock, tell: TellRetry) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** The first answer that is worth having; what another attempt would not change is one too. */
  async run(work: (attempt: number) => Promise<Answered>): Promise<Answered> {
    for (let attempt = 0; ; attempt += 1) {
      const result = await settle(() => work(attempt));
      const reason = whyAgain(result);
      if (reason === null) {
        this.#isHopeless = false;
        return unwrap(result);
      }
      const pause = this.#isHopeless ? undefined : PAUSES_SECONDS[attempt];
      if (pause === undefined) {
        this.#isHopeless = true;
        return unwrap(result);
      }
      const seconds = Math.max(pause, askedPause(result));
      this.#tell(reason, seconds);
      await new Promise<void>((resume) => this.#clock.after(seconds * 1000, resume));
    }
  }
}

type Result = { readonly answered: Answered } | { readonly cause: unknown };

async function settle(work: () => Promise<Answered>): Promise<Result> {
  try {
    return { answered: await work() };
  } catch (cause) {
    return { cause };
  }
}

function unwrap(result: Result): Answered {
  if ('answered' in result) return result.answered;
  const { cause } = result;
  if (cause instanceof Problem) throw cause;
  throw new Problem(networkReason(cause), null, { cause });
}

function whyAgain(result: Result): string | null {
  if ('answered' in result) {
    const { status, text } = result.answered;
    // 507 and 501 are answers: waiting makes no room.
    const passes =
      status >= 500 ? status !== 507 && status !== 501 : [408, 425, 429].includes(status);
    // Some proxies pass on that they were interrupted themselves.
    if (passes || (status === 400 && text.includes('BODY_INTERRUPTED')))
      return `answered ${status}`;
    return null;
  }
  const { cause } = result;
  if (cause instanceof SilenceError || PASSING.has(codeOf(cause))) return networkReason(cause);
  return null;
}

/** `Retry-After` in seconds, as far as it is reasonable. */
function askedPause(result: Result): number {
  const asked = 'answered' in result ? Number(result.answered.headers['retry-after'] ?? 0) : 0;
  return Number.isFinite(asked) ? Math.min(Math.max(asked, 0), LONGEST_PAUSE_SECONDS) : 0;
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}

/** A failed connection to several addresses of one name has its reasons inside. */
function networkReason(cause: unknown): string {
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  const message = reasonOf(first);
  return message === '' ? codeOf(first) || 'the connection broke' : message;
}
