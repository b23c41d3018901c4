import type { IncomingMessage } from 'node:http';

interface Validated {
  readonly size: number;
  readonly etag: string;
  /** Null where other bytes can come twice within a second: HTTP dates do not tell those apart. */
  readonly modified: Date | null;
}

/** A file that changed within the last second could change again within the same one. */
const SETTLED = 2000;

/**
 * ETag and Last-Modified. HTTP dates count seconds: a file younger than that gets none, or a client
 * that asks by date would be told "unchanged" after a second change in the same second.
 */
export function validators({ etag, modified }: Validated, now: Date): Record<string, string> {
  if (modified === null || now.getTime() - modified.getTime() < SETTLED) return { ETag: etag };
  return { ETag: etag, 'Last-Modified': modified.toUTCString() };
}

/**
 * Whether the client has these bytes already (RFC 9110, 13.2.2): the ETag decides, else a date that
 * is ours to the letter. A later one is the client's own clock: apt asks by that when it was told no
 * date, and would not hear of what was published in the second in which it asked last.
 */
export function isUnchanged(request: IncomingMessage, { etag, modified }: Validated): boolean {
  const tags = request.headers['if-none-match'];
  if (tags !== undefined) {
    return tags.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));
  }
  return modified !== null && request.headers['if-modified-since'] === modified.toUTCString();
}

/** A byte range, its end exclusive; null for none, or for several, which are answered whole. */
export function parseRange(
  request: IncomingMessage,
  { size, etag, modified }: Validated,
): { start: number; end: number } | 'unsatisfiable' | null {
  const header = request.headers.range;
  const match = header === undefined ? null : /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  if (match === null) return null;
  const condition = request.headers['if-range'];
  if (condition !== undefined && condition !== etag && condition !== modified?.toUTCString())
    return null;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return null;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size };
  }
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== '' && Number(last) < start) return null;
  return start >= size ? 'unsatisfiable' : { start, end };
}
