import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** The addresses whose X-Forwarded-* headers are believed; nobody else can name our own URL. */
export function trustedProxies(addresses: readonly string[]): BlockList {
  const list = new BlockList();
  for (const address of addresses) {
    const [host = '', prefix] = address.split('/');
    const family = isIP(host) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(host, family);
    else list.addSubnet(host, Number(prefix), family);
  }
  return list;
}

/** The URL, with a slash at its end, under which the client reached this service. */
export function requestBase(request: IncomingMessage, trusted: BlockList): string {
  const encrypted = 'encrypted' in request.socket;
  const direct = { proto: encrypted ? 'https' : 'http', host: request.headers.host ?? 'localhost' };
  if (!isTrusted(request.socket.remoteAddress, trusted)) return `${direct.proto}://${direct.host}/`;
  const proto = first(request.headers['x-forwarded-proto']) ?? direct.proto;
  const host = first(request.headers['x-forwarded-host']) ?? direct.host;
  const safe = /^https?$/.test(proto) && /^[\w.:[\]-]+$/.test(host);
  return safe ? `${proto}://${host}/` : `${direct.proto}://${direct.host}/`;
}

/** The address of the client: behind trusted proxies, the last one that none of them is. */
export function clientAddress(request: IncomingMessage, trusted: BlockList): string {
  let address = request.socket.remoteAddress ?? '';
  const told = String(request.headers['x-forwarded-for'] ?? '').split(',');
  // Each proxy adds at the end who came to it; what stands before an untrusted one may be invented.
  for (const before of told.reverse().map((part) => part.trim())) {
    if (isIP(before) === 0 || !isTrusted(address, trusted)) break;
    address = before;
  }
  return address;
}

/** Whether an address is that of a trusted proxy. */
export function isTrusted(address: string | undefined, trusted: BlockList): boolean {
  if (address === undefined) return false;
  const plain = address.replace(/^::ffff:/, '');
  const family = isIP(plain);
  return family !== 0 && trusted.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

function first(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  const value = text?.split(',')[0]?.trim();
  return value === '' ? undefined : value;
}
