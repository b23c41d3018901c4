import type { IncomingMessage, ServerResponse } from 'node:http';
import { GitbuilderError } from '../domain/errors.ts';
import { allows } from '../domain/scope.ts';
import type { Scope } from '../domain/scope.ts';
import { requireScope } from '../platform/auth.ts';
import type { Caller } from '../platform/auth.ts';
import type { Tell } from './audit-trail.ts';

/** One request on its way: what every handler needs to know of it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly caller: Caller | null;
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The URL of this service as its clients know it, with a slash at its end. */
  readonly publicUrl: string;
  readonly tell: Tell;
}

/** Who may read when nobody said who he is. */
export type Anonymous = 'read' | 'none';

/** Lets a request pass that needs a scope, or that only reads. */
export function requireAccess(
  caller: Caller | null,
  scope: Scope | null,
  anonymous: Anonymous,
): void {
  if (scope !== null) requireScope(caller, scope);
  else if (anonymous === 'none' && caller === null) throw new GitbuilderError('UNAUTHENTICATED');
}

/** The user's name for the record; the scope was required before. */
export function userOf(exchange: Exchange, scope: Scope): string {
  const { caller } = exchange;
  if (caller === null || !allows(caller.scopes, scope))
    throw new GitbuilderError('UNAUTHENTICATED');
  return caller.user;
}

/** A path parameter that the route is known to have. */
export function param(exchange: Exchange, name: string): string {
  const value = exchange.params[name];
  if (value === undefined) throw new TypeError(`the route has no parameter ${name}`);
  return value;
}
