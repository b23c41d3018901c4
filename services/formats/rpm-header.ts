import { isUtf8 } from 'node:buffer';
import { Malformed } from './malformed.ts';
import { TYPE } from './rpm-tags.ts';

/** Magic, reserved bytes and the two sizes that precede each header structure. */
export const INTRO_BYTES = 16;
const ENTRY_BYTES = 16;
/** As rpm itself. */
const MOST_ENTRIES = 0xffff;
/** No package comes near; without a bound, values of one byte would fill the memory with objects. */
const MOST_VALUES = 1 << 20;

export type HeaderName = 'signature header' | 'header';

interface Entry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

/** How many entries and how many bytes of values a header structure declares. */
function declared(bytes: Buffer, what: HeaderName): { entries: number; stored: number } {
  if (bytes.readUInt32BE(0) !== 0x8eade801) throw new Malformed(`it has no ${what}`);
  const entries = bytes.readUInt32BE(8);
  if (entries > MOST_ENTRIES) {
    throw new Malformed(`its ${what} declares ${entries} entries, more than ${MOST_ENTRIES}`);
  }
  return { entries, stored: bytes.readUInt32BE(12) };
}

/** How long a header structure is that begins with these 16 bytes. */
export function headerLength(intro: Buffer, what: HeaderName): number {
  const { entries, stored } = declared(intro, what);
  return INTRO_BYTES + entries * ENTRY_BYTES + stored;
}

/**
 * The values of one whole header structure (RPM documentation: manual/format_v4, "Header structure").
 * Every access checks bounds and types, so that bytes of any kind end in values or in `Malformed`.
 */
export class RpmTags {
  readonly #what: HeaderName;
  readonly #index = new Map<number, Entry>();
  readonly #store: Buffer;

  constructor(bytes: Buffer, what: HeaderName) {
    const { entries } = declared(bytes, what);
    const storeAt = INTRO_BYTES + entries * ENTRY_BYTES;
    this.#what = what;
    this.#store = bytes.subarray(storeAt);
    for (let at = INTRO_BYTES; at < storeAt; at += ENTRY_BYTES) {
      const tag = bytes.readUInt32BE(at);
      const type = bytes.readUInt32BE(at + 4);
      const offset = bytes.readUInt32BE(at + 8);
      const count = bytes.readUInt32BE(at + 12);
      if (offset > this.#store.length) throw this.#damaged(tag, 'points out of it');
      if (!this.#index.has(tag)) this.#index.set(tag, { type, offset, count });
    }
  }

  /** The only or first string of a tag; of translated ones the untranslated. */
  text(tag: number): string | undefined {
    const entry = this.#index.get(tag);
    return entry === undefined ? undefined : this.#strings(tag, { ...entry, count: 1 })[0];
  }

  texts(tag: number): readonly string[] | undefined {
    const entry = this.#index.get(tag);
    return entry === undefined ? undefined : this.#strings(tag, entry);
  }

  number(tag: number): number | undefined {
    return this.numbers(tag)?.[0];
  }

  /** Integers of any width, unsigned; of 64 bits as near as a double comes. */
  numbers(tag: number): readonly number[] | undefined {
    const entry = this.#index.get(tag);
    if (entry === undefined) return undefined;
    const { offset, count } = entry;
    const width = this.#width(tag, entry.type);
    if (count > MOST_VALUES) throw this.#damaged(tag, `has more than ${MOST_VALUES} values`);
    if (offset + count * width > this.#store.length) throw this.#damaged(tag, 'is cut off');
    return Array.from({ length: count }, (_, index) => {
      const at = offset + index * width;
      return width === 8
        ? Number(this.#store.readBigUInt64BE(at))
        : this.#store.readUIntBE(at, width);
    });
  }

  bytes(tag: number): Buffer | undefined {
    const entry = this.#index.get(tag);
    if (entry === undefined) return undefined;
    const { type, offset, count } = entry;
    if (type !== TYPE.binary) throw this.#damaged(tag, `is of type ${type}, not binary`);
    if (offset + count > this.#store.length) throw this.#damaged(tag, 'is cut off');
    return this.#store.subarray(offset, offset + count);
  }

  #width(tag: number, type: number): 1 | 2 | 4 | 8 {
    switch (type) {
      case TYPE.int8:
        return 1;
      case TYPE.int16:
        return 2;
      case TYPE.int32:
        return 4;
      case TYPE.int64:
        return 8;
      default:
        throw this.#damaged(tag, `is of type ${type}, not a number`);
    }
  }

  #strings(tag: number, { type, offset, count }: Entry): string[] {
    if (type !== TYPE.string && type !== TYPE.strings && type !== TYPE.i18n) {
      throw this.#damaged(tag, `is of type ${type}, not a string`);
    }
    if (count > MOST_VALUES) throw this.#damaged(tag, `has more than ${MOST_VALUES} values`);
    const found: string[] = [];
    for (let at = offset; found.length < count;) {
      const end = this.#store.indexOf(0, at);
      if (end < 0) throw this.#damaged(tag, 'is cut off');
      found.push(decode(this.#store, at, end));
      at = end + 1;
    }
    return found;
  }

  #damaged(tag: number, reason: string): Malformed {
    return new Malformed(`tag ${tag} of its ${this.#what} ${reason}`);
  }
}

/** UTF-8, or ISO-8859-1 as createrepo_c reads what is no UTF-8. */
function decode(store: Buffer, from: number, to: number): string {
  const text = store.toString('utf8', from, to);
  if (!text.includes('\ufffd') || isUtf8(store.subarray(from, to))) return text;
  return store.toString('latin1', from, to);
}
