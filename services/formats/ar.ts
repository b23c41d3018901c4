import { Malformed, shown } from './malformed.ts';

const MAGIC = '!<arch>\n';
const HEADER_BYTES = 60;

export interface ArMember {
  readonly name: string;
  readonly size: number;
}

/** Is told of members as they pass: for each one `start`, any number of `data`, `finish`. */
export interface ArSink {
  start(member: ArMember): void;
  /** A view of the chunk that was written: copy what is to be kept. */
  data(bytes: Uint8Array): void;
  finish(): void;
}

type Expected = 'magic' | 'header' | 'data' | 'padding';

/**
 * Reads an ar archive from chunks of any size without holding members (format: ar(5), deb(5)).
 * Strict where a lost byte would show: a deb is judged whole by it.
 */
export class ArReader {
  readonly #sink: ArSink;
  readonly #fixed = Buffer.alloc(HEADER_BYTES);
  #filled = 0;
  #expected: Expected = 'magic';
  #remaining = 0;
  #isPadded = false;

  constructor(sink: ArSink) {
    this.#sink = sink;
  }

  write(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      switch (this.#expected) {
        case 'magic':
          at = this.#fill(chunk, at, MAGIC.length);
          if (this.#filled === MAGIC.length) this.#readMagic();
          break;
        case 'header':
          at = this.#fill(chunk, at, HEADER_BYTES);
          if (this.#filled === HEADER_BYTES) this.#readHeader();
          break;
        case 'data': {
          const end = Math.min(chunk.length, at + this.#remaining);
          this.#sink.data(chunk.subarray(at, end));
          this.#remaining -= end - at;
          at = end;
          if (this.#remaining === 0) this.#finishMember();
          break;
        }
        case 'padding':
          at += 1;
          this.#expected = 'header';
          break;
      }
    }
  }

  /** After the last byte: throws when the archive stops in the middle of anything. */
  end(): void {
    if (this.#expected === 'header' && this.#filled === 0) return;
    if (this.#expected === 'magic' && this.#filled === 0) throw new Malformed('it is empty');
    throw new Malformed(`it is cut off in ${this.#place()}`);
  }

  #place(): string {
    switch (this.#expected) {
      case 'magic':
        return 'its first bytes';
      case 'header':
        return 'the header of an ar member';
      case 'data':
        return `an ar member, ${this.#remaining} bytes before its end`;
      case 'padding':
        return 'the padding of an ar member';
    }
  }

  #fill(chunk: Uint8Array, at: number, wanted: number): number {
    const end = Math.min(chunk.length, at + wanted - this.#filled);
    this.#fixed.set(chunk.subarray(at, end), this.#filled);
    this.#filled += end - at;
    return end;
  }

  #readMagic(): void {
    if (this.#fixed.toString('latin1', 0, MAGIC.length) !== MAGIC) {
      throw new Malformed('it is not an ar archive');
    }
    this.#expected = 'header';
    this.#filled = 0;
  }

  #readHeader(): void {
    const text = this.#fixed.toString('latin1');
    this.#filled = 0;
    const name = text.slice(0, 16).trimEnd().replace(/\/$/, '');
    const digits = text.slice(48, 58).trimEnd();
    if (!text.endsWith('`\n')) throw new Malformed('an ar member header has a wrong end');
    if (!/^\d+$/.test(digits)) {
      throw new Malformed(`ar member ${shown(name)} has no readable size`);
    }
    const size = Number(digits);
    this.#remaining = size;
    this.#isPadded = size % 2 === 1;
    this.#expected = 'data';
    this.#sink.start({ name, size });
    if (size === 0) this.#finishMember();
  }

  #finishMember(): void {
    this.#expected = this.#isPadded ? 'padding' : 'header';
    this.#sink.finish();
  }
}
