import { isUtf8 } from 'node:buffer';
import { Malformed } from './malformed.ts';
import { TYPE } from './rpm-tags.ts';

export const INTRO_BYTES = 16;
const ENTRY_BYTES = 16;
const MAGIC = Buffer.from([0x8e, 0xad, 0xe8, 0x01]);
/** rpm's own limit (HEADER_TAGS_MAX). */
const MOST_ENTRIES = 0xffff;
/** In all tags that are read. No package comes near; each value costs memory of its own. */
const MOST_VALUES = 1 << 20;
const LONGEST_TEXT = 1024 * 1024;

const TEXT_TYPES: readonly number[] = [TYPE.string, TYPE.strings, TYPE.translated];
const NUMBER_TYPES: readonly number[] = [TYPE.char, TYPE.int8, TYPE.int16, TYPE.int32, TYPE.int64];

/** Sizes of numbers and bytes by type; strings have none. */
const VALUE_BYTES: readonly (number | undefined)[] = [undefined, 1, 1, 2, 4, 8, undefined, 1];

interface Entry {
  readonly type: number;
  readonly count: number;
  readonly start: number;
  readonly end: number;
}

/** Bytes that follow the 16 of a header's intro, as it declares them: to be judged before they arrive. */
export function declaredBytes(intro: Buffer, what: string): number {
  if (!intro.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new Malformed(`its ${what} does not begin as a header does`);
  }
  const entries = intro.readUInt32BE(8);
  if (entries > MOST_ENTRIES) throw new Malformed(`its ${what} declares ${entries} tags`);
  return entries * ENTRY_BYTES + intro.readUInt32BE(12);
}

/**
 * The tags of a header structure (RPM documentation, "RPM Package Header format"; rpm 3 and later).
 * Bounds are checked once and for all, as rpm does: values lie in the data, one after the other.
 */
export class RpmTags {
  readonly #bytes: Buffer;
  readonly #entries: ReadonlyMap<number, Entry>;
  readonly #what: string;
  #values = 0;

  /** `header` is a whole one with its intro; `what` is for messages. */
  constructor(header: Buffer, what: string) {
    this.#bytes = header;
    this.#what = what;
    this.#entries = this.#index();
  }

  has(tag: number): boolean {
    return this.#entries.has(tag);
  }

  /** The first string of a tag (of translations, the untranslated one); null when the tag is absent. */
  text(tag: number): string | null {
    const entry = this.#entryOf(tag, TEXT_TYPES);
    if (entry === null) return null;
    return this.#decode(this.#bytes.subarray(entry.start, this.#bytes.indexOf(0, entry.start)));
  }

  /** All strings of a tag; none when it is absent. */
  texts(tag: number): string[] {
    const entry = this.#entryOf(tag, TEXT_TYPES);
    if (entry === null) return [];
    const bytes = this.#bytes.subarray(entry.start, entry.end - 1);
    if (isUtf8(bytes)) return bytes.toString('utf8').split('\0');
    const texts = bytes.toString('latin1').split('\0');
    return texts.map((text) => this.#decode(Buffer.from(text, 'latin1')));
  }

  /** The first number of a tag; null when it is absent. */
  number(tag: number): number | null {
    return this.numbers(tag)[0] ?? null;
  }

  /** All numbers of a tag, unsigned; none when it is absent. */
  numbers(tag: number): number[] {
    const entry = this.#entryOf(tag, NUMBER_TYPES);
    if (entry === null) return [];
    const { start, end } = entry;
    const size = VALUE_BYTES[entry.type] ?? 1;
    const values: number[] = [];
    for (let at = start; at < end; at += size) {
      values.push(
        size === 8 ? Number(this.#bytes.readBigUInt64BE(at)) : this.#bytes.readUIntBE(at, size),
      );
    }
    return values;
  }

  #index(): Map<number, Entry> {
    const data = INTRO_BYTES + this.#bytes.readUInt32BE(8) * ENTRY_BYTES;
    const entries = new Map<number, Entry>();
    let free = data;
    for (let at = INTRO_BYTES; at < data; at += ENTRY_BYTES) {
      const tag = this.#bytes.readUInt32BE(at);
      // A region (61 to 63) comes first but stands at the end of the data: it says what is signed.
      if (at === INTRO_BYTES && tag >= 61 && tag <= 63) continue;
      const entry = this.#entry(at, data);
      if (entry.start < free) throw this.#broken(tag, 'overlaps the one before');
      free = entry.end;
      if (!entries.has(tag)) entries.set(tag, entry);
    }
    return entries;
  }

  #entry(at: number, data: number): Entry {
    const tag = this.#bytes.readUInt32BE(at);
    const type = this.#bytes.readUInt32BE(at + 4);
    const start = data + this.#bytes.readUInt32BE(at + 8);
    const count = this.#bytes.readUInt32BE(at + 12);
    if (type < TYPE.char || type > TYPE.translated) throw this.#broken(tag, 'has an unknown type');
    if (count === 0) throw this.#broken(tag, 'has no value');
    if (type === TYPE.string && count !== 1) throw this.#broken(tag, 'is more than one string');
    const size = VALUE_BYTES[type];
    const end = size === undefined ? this.#afterStrings(start, count) : start + size * count;
    if (end > this.#bytes.length) throw this.#broken(tag, 'lies outside of the data');
    return { type, count, start, end };
  }

  /** Where that many strings end; behind the data when it holds fewer. */
  #afterStrings(start: number, count: number): number {
    let left = count;
    let at = start;
    for (; left > 0 && at < this.#bytes.length; at += 1) {
      if (this.#bytes[at] === 0) left -= 1;
    }
    return left === 0 ? at : this.#bytes.length + 1;
  }

  #entryOf(tag: number, types: readonly number[]): Entry | null {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return null;
    if (!types.includes(entry.type)) throw this.#broken(tag, 'has another type than it should');
    this.#values += entry.count;
    if (this.#values > MOST_VALUES) {
      throw this.#broken(
        tag,
        `has ${entry.count} values, with which they are more than ${MOST_VALUES}`,
      );
    }
    return entry;
  }

  /** UTF-8, or else ISO-8859-1, which older packages hold. */
  #decode(bytes: Buffer): string {
    if (bytes.length > LONGEST_TEXT) {
      throw new Malformed(`a text of its ${this.#what} is longer than ${LONGEST_TEXT} bytes`);
    }
    return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
  }

  #broken(tag: number, reason: string): Malformed {
    return new Malformed(`tag ${tag} of its ${this.#what} ${reason}`);
  }
}
