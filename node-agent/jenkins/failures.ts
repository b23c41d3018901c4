import { failed } from '../rules/outcome.ts';
import type { Outcome } from '../rules/outcome.ts';
import type { JenkinsFailure } from '../rules/jenkins-facts.ts';
import { headerOf } from './answer.ts';
import type { Answer } from './answer.ts';

/** A controller that has just started says 401 to a good token until its users are read. */
const STARTING_MILLISECONDS = 10_000;

const LONGEST_REASON = 300;

/** What an answer that is no success means. `startedAgo`: milliseconds since the last 503, null without one. */
export function failureIn(what: string, answer: Answer, startedAgo: number | null): JenkinsFailure {
  const { status } = answer;
  const error = headerOf(answer, 'x-error')?.replace(/\s+/g, ' ').trim() ?? null;
  const reason = `${what}: ${error ?? said(answer)}`.slice(0, LONGEST_REASON);
  if (status === 503) return { kind: 'starting', reason };
  // A proxy before a controller that does not answer it.
  if (status === 502 || status === 504) return { kind: 'unreachable', reason };
  if (status === 401)
    return startedAgo !== null && startedAgo < STARTING_MILLISECONDS
      ? { kind: 'starting', reason }
      : { kind: 'unauthenticated', reason: `${reason}: check user and token` };
  if (status === 403) return forbidden(what, answer);
  if (status === 404) return { kind: 'absent', reason };
  if (status === 400 && error !== null && /already exists/i.test(error))
    return { kind: 'name-taken', reason };
  if (status >= 400 && status < 500) return { kind: 'refused', reason };
  return { kind: 'nonsense', reason };
}

function forbidden(what: string, answer: Answer): JenkinsFailure {
  const permission = headerOf(answer, 'x-required-permission');
  const user = headerOf(answer, 'x-you-are-authenticated-as');
  const lacks = permission === null ? said(answer) : `${user ?? 'the user'} lacks ${permission}`;
  const wantsCrumb = typeof answer.body === 'string' && /No valid crumb/.test(answer.body);
  const advice = wantsCrumb ? '; use an API token, a password would need a crumb' : '';
  return { kind: 'forbidden', reason: `${what}: ${lacks}${advice}`, permission };
}

function said(answer: Answer): string {
  const { status } = answer;
  const location = headerOf(answer, 'location');
  if (status >= 300 && status < 400 && location !== null)
    return `${status}, to ${withoutQuery(location)}: is the URL of the controller right?`;
  const type = (headerOf(answer, 'content-type') ?? 'nothing').split(';')[0] ?? '';
  return `${status} with ${type}`;
}

function withoutQuery(location: string): string {
  return location.replace(/[?#].*$/s, '');
}

/** An answer of success whose content is not what was asked for. */
export function nonsense(what: string, answer: Answer): Outcome<never, JenkinsFailure> {
  return failed({ kind: 'nonsense', reason: `${what}: ${said(answer)}, which is not the answer` });
}
