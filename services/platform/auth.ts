import { GitbuilderError } from '../domain/errors.ts';
import { allows } from '../domain/scope.ts';
import type { Scope } from '../domain/scope.ts';
import { hashKey, makeKey, matchesKey } from './keys.ts';

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

/**
 * Knows the users. Each attempt costs the same whether or not the user exists. A name may stand
 * there more than once: two keys of one user, while one takes the place of the other.
 */
export function authenticator(users: readonly User[]): Authenticate {
  // Its key is known to nobody.
  const nobody: User = { name: '', keyHash: hashKey(makeKey()), scopes: [] };

  function basic(encoded: string): Caller | null {
    const decoded = Buffer.from(encoded, 'base64').toString();
    // Only the first colon divides: keys may hold more of them.
    const colon = decoded.indexOf(':');
    if (colon < 0) return null;
    const named = users.filter((user) => user.name === decoded.slice(0, colon));
    return holderOf(decoded.slice(colon + 1), named.length === 0 ? [nobody] : named);
  }

  return (authorization) => {
    const [, scheme = '', credentials = ''] = /^(\S+) +(\S+) *$/.exec(authorization ?? '') ?? [];
    switch (scheme.toLowerCase()) {
      case 'basic':
        return basic(credentials);
      case 'bearer':
        return holderOf(credentials, users);
      default:
        return null;
    }
  };
}

/** Tries every candidate, also after one has matched, so that the time tells nothing. */
function holderOf(key: string, candidates: readonly User[]): Caller | null {
  const found = candidates.filter((user) => matchesKey(key, user.keyHash))[0];
  return found === undefined ? null : { user: found.name, scopes: found.scopes };
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
