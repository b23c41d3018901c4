import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';

/** Where a service listens. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['kib', 2 ** 10],
  ['mib', 2 ** 20],
  ['gib', 2 ** 30],
  ['tib', 2 ** 40],
]);

/** Reads HOST:PORT, also for command line flags; null when it is none. Port 0 takes a free one. */
export function parseListen(text: string): ListenAddress | null {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (host === undefined || port > 65535) return null;
  return { host, port };
}

function parseSize(text: string): number | null {
  const parts = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text);
  const unit = UNITS.get((parts?.[2] ?? '').toLowerCase());
  if (parts === null || unit === undefined) return null;
  return Math.floor(Number(parts[1]) * unit);
}

function parseBaseUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (!['http:', 'https:'].includes(url.protocol)) return null;
  // A password in a URL would be printed with it.
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return null;
  }
  return url.href.endsWith('/') ? url.href : `${url.href}/`;
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}

/** A setting's type made of a parser that answers null for what it refuses; `expected` names it for people. */
function parsed<T>(expected: string, parse: (text: string) => T | null) {
  return z
    .string({ error: (issue) => (issue.input === undefined ? undefined : `expected ${expected}`) })
    .transform((text, context) => {
      const value = parse(text);
      if (value !== null) return value;
      context.addIssue({ code: 'custom', message: `expected ${expected}` });
      return z.NEVER;
    })
    .meta({ kind: expected });
}

/** A path; a relative one starts at the folder of the configuration file. */
export const pathFrom = (folder: string) =>
  parsed('a path', (text) => (text === '' ? null : resolve(folder, text)));

/** Where a service listens, as HOST:PORT. */
export const listenAddress = () => parsed('HOST:PORT', parseListen);

/** The address of a service; answered with a slash at its end. */
export const baseUrl = () => parsed('an http or https URL without a password', parseBaseUrl);

/** An address, or a network as ADDRESS/PREFIX. */
export const network = () =>
  parsed('an IP address or ADDRESS/PREFIX', (text) => (isNetwork(text) ? text : null));

/** A location of nginx: an absolute path that ends in a slash and names no way up. */
export const nginxLocation = () =>
  parsed('a path that begins and ends with "/"', (text) =>
    /^\/(?:[^/?#\p{Cc}]+\/)+$/u.test(text) && !/\/\.\.?\//.test(text) ? text : null,
  );

/** What `gitbuilder key user` prints. */
export const keyHash = () =>
  parsed('a hash as `gitbuilder key user` prints it', (text) =>
    /^sha256\$[0-9a-f]{32}\$[0-9a-f]{64}$/.test(text) ? text : null,
  );

/** A user's name: everything HTTP Basic can carry before its first ":". */
export const userName = () =>
  parsed('a name without ":" and blanks', (text) => (/^[^\s:]+$/.test(text) ? text : null));

/** Bytes: a whole number, or one with KiB, MiB, GiB or TiB. */
export const byteSize = () => {
  const expected = 'bytes, or a size such as 64 GiB';
  return z
    .union([z.int().min(0), parsed(expected, parseSize)], { error: `expected ${expected}` })
    .meta({ kind: expected });
};
