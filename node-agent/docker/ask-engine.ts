import type Docker from 'dockerode';
import type { EngineFailure } from '../rules/host.ts';
import { done, failed } from '../rules/outcome.ts';
import type { FromEngine } from '../ports.ts';
import type { RegistryLogin } from './registry-logins.ts';

/** How long one call may take, and what ends them all. */
export interface Patience {
  readonly milliseconds: number;
  /** Aborts when the service stops. */
  readonly closed: AbortSignal;
}

/**
 * One request as the API has it. dockerode's own calls write what they send into the URL as well, even
 * the value of a secret, and some of them cannot be aborted.
 */
export function requestEngine(
  docker: Docker,
  request: {
    readonly method: 'GET' | 'POST';
    readonly path: string;
    readonly query?: Readonly<Record<string, string | number>>;
    readonly body?: object;
    readonly login?: RegistryLogin | null;
  },
  abortSignal: AbortSignal,
): Promise<unknown> {
  const { method, path, query = {}, body, login = null } = request;
  const options = { _query: query, ...(body === undefined ? {} : { _body: body }) };
  const statusCodes = { 200: true, 201: true };
  const authconfig = login ?? undefined;
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      { path: `${path}?`, method, options, abortSignal, statusCodes, authconfig },
      (cause, answer) => {
        if (cause === null || cause === undefined) resolve(answer);
        // As docker-modem made it, with the status code that failureOf() reads.
        else reject(cause);
      },
    );
  });
}

/** GETs something. */
export function getJson(docker: Docker, path: string, abortSignal: AbortSignal): Promise<unknown> {
  return requestEngine(docker, { method: 'GET', path }, abortSignal);
}

/**
 * Asks the engine one thing. dockerode may leave a promise open for ever when an answer breaks off in
 * its middle, so the time-out ends the waiting as well as the request. `read` answers undefined for
 * what it cannot make sense of.
 */
export async function askEngine<T>(
  patience: Patience,
  call: (abortSignal: AbortSignal) => Promise<unknown>,
  read: (answer: unknown) => T | undefined,
): FromEngine<T> {
  const answered = await answerOf(patience, call);
  if (!answered.ok) return answered;
  const value = read(answered.value);
  if (value !== undefined) return done(value);
  return failed({
    kind: 'nonsense',
    reason: `its answer makes no sense: ${start(answered.value)}`,
  });
}

/** Has the engine do one thing; how it answers beside that does not matter. */
export async function tellEngine(
  patience: Patience,
  call: (abortSignal: AbortSignal) => Promise<unknown>,
): FromEngine<void> {
  const answered = await answerOf(patience, call);
  return answered.ok ? done(undefined) : answered;
}

async function answerOf(
  { milliseconds, closed }: Patience,
  call: (abortSignal: AbortSignal) => Promise<unknown>,
): FromEngine<unknown> {
  const late = AbortSignal.timeout(milliseconds);
  const ending = AbortSignal.any([late, closed]);
  let end = (): void => undefined;
  const ended = new Promise<never>((_, reject) => {
    end = () => reject(new Error('ended'));
    ending.addEventListener('abort', end);
  });
  try {
    ending.throwIfAborted();
    return done(await Promise.race([call(ending), ended]));
  } catch (cause) {
    if (closed.aborted) return failed({ kind: 'unreachable', reason: 'the service is stopping' });
    if (late.aborted) {
      const seconds = Math.round(milliseconds / 1000);
      return failed({ kind: 'unreachable', reason: `no answer within ${seconds} s` });
    }
    // It is so already: started, stopped.
    if (statusOf(cause) === 304) return done(null);
    return failed(failureOf(cause));
  } finally {
    ending.removeEventListener('abort', end);
  }
}

/** What a rejection of dockerode means: with a status code the engine said no, without it nobody did. */
export function failureOf(cause: unknown): EngineFailure {
  const status = statusOf(cause);
  const reason = reasonOf(cause);
  if (status === null) {
    return { kind: cause instanceof SyntaxError ? 'nonsense' : 'unreachable', reason };
  }
  // 502 to 504 come from what stands before an engine, and from an engine that starts or stops.
  if (status >= 502 && status <= 504) return { kind: 'unreachable', reason };
  if (status < 400) return { kind: 'nonsense', reason: `it answered ${status}` };
  if (status === 404) return { kind: 'absent', reason };
  return { kind: 'refused', reason };
}

/** The HTTP status of a rejection, null where there was no answer. */
export function statusOf(cause: unknown): number | null {
  if (typeof cause !== 'object' || cause === null || !('statusCode' in cause)) return null;
  return typeof cause.statusCode === 'number' ? cause.statusCode : null;
}

function reasonOf(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null) return String(cause);
  const told = 'json' in cause ? messageOf(cause.json) : null;
  if (told !== null) return told;
  const said = cause instanceof Error ? cause.message : JSON.stringify(cause);
  // How docker-modem begins the message of an answer that it did not read.
  return start(said.replace(/^\(HTTP code \d+\) [\w ]+ - /, '')) || 'no reason given';
}

function messageOf(json: unknown): string | null {
  if (typeof json !== 'object' || json === null || Buffer.isBuffer(json)) return null;
  return 'message' in json && typeof json.message === 'string' ? start(json.message) : null;
}

/** Enough of an answer to recognize it in a log: one line. */
function start(answer: unknown): string {
  const text =
    typeof answer === 'string' || Buffer.isBuffer(answer)
      ? answer.toString()
      : (JSON.stringify(answer) ?? String(answer));
  return text.replace(/\s+/g, ' ').trim().slice(0, 300);
}
