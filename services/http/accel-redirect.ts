import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import { isTrusted } from '../platform/forwarded.ts';

/** Where the proxy that sent this request finds some bytes itself; null for whoever needs them from here. */
export type AccelRedirect = (request: IncomingMessage, sha256: string) => string | null;

/**
 * Lets nginx send what is stored (X-Accel-Redirect, ngx_http_proxy_module): `location` is its
 * internal one for the folder of blobs. nginx decodes the path, so it is quoted. Only a trusted proxy
 * is answered so: who comes past it would get no bytes at all.
 */
export function accelRedirect(location: string | null, trusted: BlockList): AccelRedirect {
  if (location === null) return () => null;
  const quoted = location.split('/').map(encodeURIComponent).join('/');
  return (request, sha256) =>
    isTrusted(request.socket.remoteAddress, trusted)
      ? `${quoted}${sha256.slice(0, 2)}/${sha256}`
      : null;
}
