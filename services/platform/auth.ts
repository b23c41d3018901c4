import { GitbuilderError } from '../domain/errors.ts';
import { allows } from '../domain/scope.ts';
import type { Scope } from '../domain/scope.ts';
import { hashKey, matchesKey } from './keys.ts';

/** Somebody who has a key. */
export interface User {
  readonly name: string;
  readonly keyHash: string;
  readonly scopes: readonly Scope[];
}

/** Who sent a request, and what they may do. */
export interface Caller {
  readonly user: string;
  readonly scopes: readonly Scope[];
}

/** Reads an Authorization header; null for one that is absent, unreadable or wrong. */
export type Authenticate = (authorization: string | undefined) => Caller | null;

/** Knows the users. Each attempt costs the same whether or not the user exists. */
export function authenticator(users: readonly User[]): Authenticate {
  const nobody: User = { name: '', keyHash: hashKey(''), scopes: [] };
  const byName = new Map(users.map((user) => [user.name, user]));

  function basic(encoded: string): Caller | null {
    const decoded = Buffer.from(encoded, 'base64').toString();
    // Only the first colon divides: keys may hold more of them.
    const colon = decoded.indexOf(':');
    if (colon < 0) return null;
    const user = byName.get(decoded.slice(0, colon));
    const right = matchesKey(decoded.slice(colon + 1), (user ?? nobody).keyHash);
    return user !== undefined && right ? callerOf(user) : null;
  }

  function bearer(key: string): Caller | null {
    // A key alone names nobody, so every user is tried, also after one has matched.
    const found = users.filter((user) => matchesKey(key, user.keyHash));
    return found[0] === undefined ? null : callerOf(found[0]);
  }

  return (authorization) => {
    const [, scheme = '', credentials = ''] = /^(\S+) +(\S+) *$/.exec(authorization ?? '') ?? [];
    switch (scheme.toLowerCase()) {
      case 'basic':
        return basic(credentials);
      case 'bearer':
        return bearer(credentials);
      default:
        return null;
    }
  };
}

function callerOf(user: User): Caller {
  return { user: user.name, scopes: user.scopes };
}

/** Lets a caller with the scope through; throws UNAUTHENTICATED or FORBIDDEN for all others. */
export function requireScope(caller: Caller | null, scope: Scope): Caller {
  if (caller === null) throw new GitbuilderError('UNAUTHENTICATED');
  if (!allows(caller.scopes, scope)) {
    throw new GitbuilderError('FORBIDDEN', { user: caller.user, scope });
  }
  return caller;
}

/** The header that a client of ours sends. */
export function basicAuthorization(user: string, key: string): string {
  return `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}`;
}
