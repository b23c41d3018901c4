import type { IncomingMessage } from 'node:http';
import { errorPage, lacks, logInFirst } from './answers.ts';
import type { Answer, Stamp } from './answers.ts';
import type { ComputerAsker } from './computer-json.ts';
import { parseTree, prune } from './tree.ts';
import { may } from './users.ts';
import type { Login, Permission, User } from './users.ts';
import type { Language } from './why.ts';

/** A request, read once. */
export interface Ask extends ComputerAsker, Stamp {
  readonly method: string;
  /** Decoded; `/a/b/` is `['a', 'b']`. */
  readonly path: readonly string[];
  readonly rawPath: string;
  readonly query: URLSearchParams;
  /** Query and form fields together. */
  readonly form: URLSearchParams;
  readonly body: string;
  readonly user: User | null;
  /** As the request's Host and X-Forwarded-Proto have it, for `Location`. */
  readonly origin: string;
}

/** Reads what a handler needs of a request whose body is read and whose user is known. */
export function readAsk(
  request: IncomingMessage,
  body: string,
  login: Login,
  given: Stamp & { readonly rootUrl: string },
): Ask {
  const { headers, method = 'GET', url = '/' } = request;
  const { pathname, searchParams } = new URL(url, 'http://jenkins.invalid');
  const form = new URLSearchParams(searchParams);
  if (/^application\/x-www-form-urlencoded/.test(headers['content-type'] ?? ''))
    for (const [key, value] of new URLSearchParams(body)) form.append(key, value);
  const user = login.kind === 'user' ? login.user : null;
  const proto = headers['x-forwarded-proto'];
  return {
    ...given,
    method,
    path: pathname.split('/').filter(Boolean).map(decoded),
    rawPath: pathname,
    query: searchParams,
    form,
    body,
    user,
    origin: `${typeof proto === 'string' ? proto : 'http'}://${headers.host ?? 'localhost'}/`,
    language: languageOf(headers['accept-language']),
    mayReadJobs: may(user, 'Job/Read'),
    mayConnect: may(user, 'Agent/Connect'),
  };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function languageOf(header: string | undefined): Language {
  return /^de\b/.test(header ?? '') ? 'de' : 'en';
}

/** The refusal of somebody who lacks a permission; null when there is nothing in the way. */
export function missing(ask: Ask, permission: Permission): Answer | null {
  if (may(ask.user, permission)) return null;
  return ask.user === null ? logInFirst(ask, ask.rawPath) : lacks(ask, ask.user, permission);
}

/** What `tree` or `depth` leave of an answer; without either, what depth 0 shows. */
export function shown<T>(ask: Ask, value: T, atDepth0: (value: T) => unknown): unknown {
  const tree = ask.query.get('tree');
  if (tree !== null) return prune(value, parseTree(tree));
  return Number(ask.query.get('depth') ?? '0') > 0 ? value : atDepth0(value);
}

/** 405 of a GET on what only POST may do; null for a POST. */
export function notPosted(ask: Ask): Answer | null {
  return ask.method === 'POST' ? null : errorPage(ask, 405);
}
