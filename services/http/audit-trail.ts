import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import type { Route } from '../api/route.ts';
import type { Audit } from '../platform/audit-log.ts';
import type { Caller } from '../platform/auth.ts';
import { clientAddress } from '../platform/forwarded.ts';
import { urlParts } from './url-parts.ts';

/** Adds to the audit line of a request what its URL does not say. Never a secret. */
export type Tell = (what: Readonly<Record<string, unknown>>) => void;

/** For requests that change nothing. */
const NOBODY_ASKS: Tell = () => undefined;

/**
 * Takes a request down that may change something, when it is over: who, from where, what, and what
 * came of it. What nobody with a key sent changes nothing and is left out.
 */
export function auditTrail(audit: Audit, trusted: BlockList) {
  return (
    request: IncomingMessage,
    response: ServerResponse,
    {
      route,
      caller,
      requestId,
    }: { readonly route: Route; readonly caller: Caller | null; readonly requestId: string },
  ): Tell => {
    const { method } = request;
    const isWrite = route.scope !== null && method !== 'GET' && method !== 'HEAD';
    if (!isWrite || caller === null) return NOBODY_ASKS;
    const address = clientAddress(request, trusted);
    const path = pathOf(request, route);
    const told: Record<string, unknown> = {};
    response.once('close', () => {
      audit.add({
        ...{ request_id: requestId, user: caller.user, address, method, path },
        // Null: the connection broke before anybody was told how it ended.
        status: response.writableFinished ? response.statusCode : null,
        ...told,
      });
    });
    return (what) => void Object.assign(told, what);
  };
}

/** With the parameters that the route knows: what else stands there may be a key in the wrong place. */
function pathOf({ url = '' }: IncomingMessage, route: Route): string {
  const { path, query } = urlParts(url);
  const known = Object.keys(route.query ?? {});
  const kept = new URLSearchParams(
    [...new URLSearchParams(query ?? '')].filter(([name]) => known.includes(name)),
  );
  return kept.size === 0 ? path : `${path}?${kept.toString()}`;
}
