import { Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import Jenkins from 'jenkins';
import { basicAuthorization } from '../../services/platform/auth.ts';
import type { Clock } from '../../services/domain/clock.ts';
import { done, failed } from '../rules/outcome.ts';
import type { FromJenkins } from '../ports.ts';
import { headerOf } from './answer.ts';
import type { Answer, Heard } from './answer.ts';
import { failureIn } from './failures.ts';
import { packageCall } from './package-call.ts';
import { sendRaw } from './raw-request.ts';

const TIMEOUT_MILLISECONDS = 10_000;
const LONGEST_BODY = 1024 * 1024;

/** Where the controller is, and who we are there. */
export interface JenkinsAccess {
  /** Ends in a slash, and holds no credentials. */
  readonly url: string;
  readonly user: string;
  /** An API token: with a password every change would need a crumb. */
  readonly token: string;
  readonly clock: Clock;
  /** Aborting it ends what is under way, and all calls after it. */
  readonly signal: AbortSignal;
  readonly timeoutMilliseconds?: number;
}

/** How one controller is spoken to: who we are, how long we wait, and what its answers told of itself. */
export interface ControllerLine {
  /** X-Jenkins of the last answer that carried one. */
  version(): string | null;
  /** A call of the package; `statuses` are those that mean success, for others it is a failure. */
  ask(
    what: string,
    statuses: readonly number[],
    call: (client: Jenkins) => Promise<unknown>,
  ): FromJenkins<Answer>;
  /** A request by our own hand, for what the package cannot; its body is bytes. */
  send(
    method: 'GET' | 'POST',
    path: string,
    statuses: readonly number[],
    options?: {
      readonly body?: string;
      readonly type?: string;
      /** How many times as long as others it may take. */
      readonly patience?: number;
      readonly longestBody?: number;
    },
  ): FromJenkins<Answer>;
}

/** Opens the line. Each call goes out on a connection of its own: a kept one is dead after a restart of the controller. */
export function openLine(access: JenkinsAccess): ControllerLine {
  const { url, signal, clock } = access;
  const timeout = access.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS;
  const agent = url.startsWith('https:') ? new TlsAgent() : new PlainAgent();
  signal.addEventListener('abort', () => agent.destroy());
  const headers = {
    Authorization: basicAuthorization(access.user, access.token),
    // `why` comes in the language of who asks.
    'Accept-Language': 'en',
  };
  let version: string | null = null;
  let startingAt: number | null = null;

  const judge = async (
    what: string,
    statuses: readonly number[],
    call: () => Promise<Heard>,
  ): FromJenkins<Answer> => {
    if (signal.aborted) return failed({ kind: 'unreachable', reason: `${what}: given up` });
    const heard = await call();
    if (heard.kind === 'silence')
      return failed({ kind: 'unreachable', reason: `${what}: ${heard.reason}` });
    const { answer } = heard;
    const now = clock.now().getTime();
    if (answer.status === 503) startingAt = now;
    version = headerOf(answer, 'x-jenkins') ?? version;
    if (statuses.includes(answer.status)) return done(answer);
    return failed(failureIn(what, answer, startingAt === null ? null : now - startingAt));
  };

  return {
    version: () => version,
    ask: (what, statuses, call) =>
      judge(what, statuses, () => {
        const client = new Jenkins({
          ...{ baseUrl: url.replace(/\/$/, ''), crumbIssuer: false, agent, timeout },
          headers,
        });
        return packageCall(client, call);
      }),
    send: (method, path, statuses, options = {}) =>
      judge(`${method} ${path.replace(/\?.*$/, '')}`, statuses, () =>
        sendRaw({
          ...{ method, url: url + path, agent },
          headers: { ...headers, ...(options.type ? { 'Content-Type': options.type } : {}) },
          ...(options.body === undefined ? {} : { body: options.body }),
          timeoutMilliseconds: timeout * (options.patience ?? 1),
          longestBody: options.longestBody ?? LONGEST_BODY,
        }),
      ),
  };
}
