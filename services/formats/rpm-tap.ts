import { Malformed, malformedAs } from './malformed.ts';
import { readHead } from './rpm-head.ts';
import type { RpmHead } from './rpm-head.ts';
import type { PackageTap } from './package-tap.ts';

/** Reads an RPM package while it passes: keeps what stands before the payload, counts the rest. `name` is for messages. */
export function rpmTap(name: string): PackageTap {
  const reader = new RpmReader();
  return {
    write(chunk) {
      try {
        reader.write(chunk);
      } catch (error) {
        throw malformedAs(name, error);
      }
    },
    end() {
      return Promise.resolve(reader)
        .then((read) => read.end())
        .catch((error: unknown) => {
          throw malformedAs(name, error);
        });
    },
  };
}

class RpmReader {
  readonly #steps = readHead();
  #step = this.#steps.next();
  #held: Buffer[] = [];
  #length = 0;
  #payload = 0;
  #failure: Malformed | null = null;

  write(chunk: Uint8Array): void {
    if (this.#failure !== null) throw this.#failure;
    let rest = chunk;
    while (this.#step.done !== true && rest.length > 0) {
      const piece = rest.subarray(0, this.#step.value.bytes - this.#length);
      rest = rest.subarray(piece.length);
      this.#held.push(Buffer.from(piece));
      this.#length += piece.length;
      if (this.#length === this.#step.value.bytes) this.#advance();
    }
    this.#payload += rest.length;
    if (this.#step.done === true) judgeLength(this.#step.value, this.#payload, 'so far');
  }

  end(): RpmHead['header'] {
    if (this.#failure !== null) throw this.#failure;
    if (this.#step.done !== true) {
      throw new Malformed(`it is cut off in its ${this.#step.value.part}`);
    }
    judgeLength(this.#step.value, this.#payload, 'at its end');
    return this.#step.value.header;
  }

  #advance(): void {
    const bytes = Buffer.concat(this.#held);
    this.#held = [];
    this.#length = 0;
    try {
      this.#step = this.#steps.next(bytes);
      // An empty part is there already.
      while (this.#step.done !== true && this.#step.value.bytes === 0) {
        this.#step = this.#steps.next(Buffer.alloc(0));
      }
    } catch (error) {
      if (error instanceof Malformed) this.#failure = error;
      throw error;
    }
  }
}

function judgeLength(
  { payloadBytes }: RpmHead,
  received: number,
  when: 'so far' | 'at its end',
): void {
  const least = when === 'at its end' ? (payloadBytes ?? 1) : 0;
  if (received < least) {
    throw new Malformed(`it is cut off in its payload, after ${received} of ${least} bytes`);
  }
  if (payloadBytes !== null && received > payloadBytes) {
    throw new Malformed(`bytes follow the ${payloadBytes} of its payload`);
  }
}
