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
  for (const before of told.reverse().map(withoutPort)) {
    if (isIP(before) === 0 || !isTrusted(address, trusted)) break;
    address = before;
  }
  return address;
}

/** Some proxies add the port, and brackets around an IPv6 address before it. */
function withoutPort(told: string): string {
  const text = told.trim();
  return /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^([\d.]+):\d+$/, '$1');
}

/**
 * What limits per address count: of IPv6 the network of 64 bits, which is what one client is given and
 * may use every address of; of IPv4 the address, however it is written.
 */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=[\d.]+$)/i, '');
  if (isIP(plain) !== 6) return plain;
  const [left = '', right = ''] = plain.replace(/%.*$/, '').split('::');
  const before = left === '' ? [] : left.split(':');
  const after = right === '' ? [] : right.split(':');
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  const groups = [...before, ...zeros, ...after].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
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
