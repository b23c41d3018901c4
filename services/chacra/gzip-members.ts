import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';

const LEVEL = 6;
/** Several times as fast as `Buffer.from` for texts of this size. */
const UTF8 = new TextEncoder();
const EIGHT = '8'.charCodeAt(0);
const LONGEST_GROUP = 128;
/** A millisecond or two of work: handing it to another thread and waking up again takes as long. */
const AT_ONCE_BYTES = 96 * 1024;

/** A text that indices are made of; its key is the sha256 of the package it describes. */
export interface IndexEntry {
  readonly key: string;
  readonly text: string;
}

/** One index file, plain and compressed. */
export interface CompressedIndex {
  readonly plain: Uint8Array;
  readonly plainSha256: string;
  readonly gz: Uint8Array;
  readonly gzSha256: string;
}

const compress = promisify(gzip);

/**
 * Compresses indices as many gzip members, one for each group of entries, and remembers members:
 * one more package among thousands compresses one group again. apt, dnf and zypper read
 * multi-member gzip (RFC 1952, 2.2).
 */
export class GzipMembers {
  readonly #limit: number;
  readonly #members = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(options: { readonly cacheBytes: number }) {
    this.#limit = options.cacheBytes;
  }

  async compress(
    entries: readonly IndexEntry[],
    around: { readonly head: string; readonly tail: string } = { head: '', tail: '' },
  ): Promise<CompressedIndex> {
    const texts = groups(entries);
    if (around.head !== '') texts.unshift(around.head);
    if (around.tail !== '' || texts.length === 0) texts.push(around.tail);
    const plain = texts.map((text) => UTF8.encode(text));
    const members = await this.#membersOf(plain);
    const whole = Buffer.concat(plain);
    const gz = Buffer.concat(members);
    return { plain: whole, plainSha256: sha256(whole), gz, gzSha256: sha256(gz) };
  }

  async #membersOf(plain: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
    const parts = plain.map((bytes) => ({ bytes, key: sha256(bytes) }));
    const members = parts.map(({ key }) => this.#known(key));
    const missing = parts.filter((_, index) => members[index] === undefined);
    const isLittle = missing.reduce((sum, { bytes }) => sum + bytes.length, 0) <= AT_ONCE_BYTES;
    return Promise.all(
      parts.map(async ({ bytes, key }, index) => {
        const known = members[index];
        if (known !== undefined) return known;
        const level = { level: LEVEL };
        const member = isLittle ? gzipSync(bytes, level) : await compress(bytes, level);
        this.#remember(key, member);
        return member;
      }),
    );
  }

  #known(key: string): Uint8Array | undefined {
    const known = this.#members.get(key);
    if (known === undefined) return undefined;
    this.#members.delete(key);
    this.#members.set(key, known);
    return known;
  }

  #remember(key: string, member: Uint8Array): void {
    if (!this.#members.has(key)) this.#bytes += member.length;
    this.#members.set(key, member);
    for (const [oldest, { length }] of this.#members) {
      if (this.#bytes <= this.#limit) break;
      this.#members.delete(oldest);
      this.#bytes -= length;
    }
  }
}

/**
 * Cuts entries into groups where the entries themselves say so (after one in 32, by its hash), so
 * that an entry put in between leaves all groups but its own as they were. Larger groups compress
 * better (by 4 % at one in 64), but an entry falls into a large one more often than into a small one.
 */
function groups(entries: readonly IndexEntry[]): string[] {
  const texts: string[] = [];
  let group: string[] = [];
  for (const { key, text } of entries) {
    group.push(text);
    if (endsGroup(key) || group.length === LONGEST_GROUP) {
      texts.push(group.join(''));
      group = [];
    }
  }
  if (group.length > 0) texts.push(group.join(''));
  return texts;
}

/** A hexadecimal key below 08…: one in 32. */
function endsGroup(key: string): boolean {
  return key.startsWith('0') && key.charCodeAt(1) < EIGHT;
}

/** The name of bytes: what indices list and clients check. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
