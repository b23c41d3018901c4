import { Malformed, shown } from './malformed.ts';

const BLOCK = 512;

export interface TarEntry {
  readonly name: string;
  /** The type flag of the header: `0` a file, `5` a folder, … */
  readonly type: string;
  /** A view of the archive. */
  readonly content: Uint8Array;
}

/**
 * The entries of a tar archive held in memory: ustar, GNU long names and pax (POSIX.1-2017 pax,
 * GNU tar manual "Basic Tar Format"). Each header is checked, so a damaged archive does not pass.
 */
export function tarEntries(tar: Uint8Array): TarEntry[] {
  const bytes = Buffer.from(tar.buffer, tar.byteOffset, tar.byteLength);
  const entries: TarEntry[] = [];
  let longName: string | undefined;
  let paxSize: number | undefined;
  for (let at = 0; at < bytes.length;) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.length < BLOCK) throw new Malformed('its tar is cut off in a header');
    if (header.every((byte) => byte === 0)) break;
    checkSum(header);
    const type = header.toString('latin1', 156, 157).replace('\0', '0');
    const isName = type === 'L' || type === 'x';
    const size = isName ? number(header, 124, 12) : (paxSize ?? number(header, 124, 12));
    const start = at + BLOCK;
    const content = bytes.subarray(start, start + size);
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    if (at > bytes.length) throw new Malformed('its tar is cut off in a file');
    if (type === 'L') {
      longName = text(content, 0, content.length);
    } else if (type === 'x') {
      const records = paxRecords(content);
      longName = records.get('path') ?? longName;
      const stated = records.get('size');
      paxSize = stated === undefined ? undefined : paxNumber(stated);
    } else if (type !== 'g' && type !== 'K') {
      entries.push({ name: longName ?? ustarName(header), type, content });
      longName = undefined;
      paxSize = undefined;
    }
  }
  return entries;
}

/** A regular file of the archive's top folder, stored as `NAME` or `./NAME`; it must be there once. */
export function fileInTar(tar: Uint8Array, wanted: string): Uint8Array {
  const found = tarEntries(tar).filter(({ name }) => isAt(name, wanted));
  const [entry, second] = found;
  if (entry === undefined) throw new Malformed(`its control archive holds no file ${wanted}`);
  if (second !== undefined) throw new Malformed(`its control archive holds ${wanted} twice`);
  if (entry.type !== '0' && entry.type !== '7') {
    throw new Malformed(`${wanted} in its control archive is not a regular file`);
  }
  return entry.content;
}

/** Whether a path is a name in the top folder; as patterns that keep no count, for it may be megabytes long. */
function isAt(path: string, name: string): boolean {
  if (!path.endsWith(name)) return false;
  const folder = path.slice(0, -name.length);
  return (
    folder === '' || (/^\.\//.test(folder) && folder.endsWith('/') && !/[^./]|\.\./.test(folder))
  );
}

/** The sum of all header bytes, those of the sum itself counted as blanks. */
function checkSum(header: Buffer): void {
  const isOfIt = (index: number) => index >= 148 && index < 156;
  const sum = header.reduce((all, byte, index) => all + (isOfIt(index) ? 0x20 : byte), 0);
  if (sum !== number(header, 148, 8)) throw new Malformed('a tar header has a wrong checksum');
}

/** Octal digits, or big-endian base 256 when the first bit is set (GNU). */
function number(header: Buffer, at: number, length: number): number {
  const field = header.subarray(at, at + length);
  if (((field[0] ?? 0) & 0x80) !== 0) {
    return checked(
      field.reduce((sum, byte, index) => sum * 256 + (index === 0 ? byte & 0x7f : byte), 0),
    );
  }
  const digits = text(header, at, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw new Malformed(`a tar header has the number ${shown(digits)}`);
  return checked(digits === '' ? 0 : Number.parseInt(digits, 8));
}

function checked(value: number): number {
  if (!Number.isSafeInteger(value)) throw new Malformed('a tar header has an impossible number');
  return value;
}

/** Up to the first NUL, as all texts in tar headers end. */
function text(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

/** ustar splits a long path in two; old GNU headers, with `ustar  `, keep other things there. */
function ustarName(header: Buffer): string {
  const name = text(header, 0, 100);
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Records of an extended header: `LENGTH KEY=VALUE\n`, the length counting all of it. */
function paxRecords(content: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < content.length;) {
    const blank = content.indexOf(0x20, at);
    const length = paxNumber(content.toString('latin1', at, blank < 0 ? at : blank));
    const record = content.toString('utf8', blank + 1, at + length);
    const equals = record.indexOf('=');
    if (length === 0 || equals < 0 || !record.endsWith('\n')) {
      throw new Malformed('a tar header has an unreadable pax record');
    }
    records.set(record.slice(0, equals), record.slice(equals + 1, -1));
    at += length;
  }
  return records;
}

function paxNumber(digits: string): number {
  if (!/^\d{1,15}$/.test(digits)) throw new Malformed('a tar header has an unreadable pax record');
  return Number(digits);
}
