import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Decompress as ZstdDecoder } from 'fzstd';
import xz from 'xz-decompress';
import { reasonOf } from '../domain/reason.ts';
import { Malformed } from './malformed.ts';
import { boundedZstdFrame } from './zstd-frame.ts';

export type Compression = 'none' | 'gz' | 'xz' | 'zst';

const gunzipBytes = promisify(gunzip);

/** Decompresses what is small enough to be held; stops as soon as the output passes the limit. */
export async function decompress(
  bytes: Uint8Array,
  compression: Compression,
  limit: number,
): Promise<Uint8Array> {
  try {
    switch (compression) {
      case 'none':
        return new Collected(limit).add(bytes).whole();
      case 'gz':
        return await fromGzip(bytes, limit);
      case 'xz':
        return await fromXz(bytes, limit);
      case 'zst':
        return fromZstd(bytes, limit);
    }
  } catch (cause) {
    if (cause instanceof TooLarge) {
      throw new Malformed(`its control archive holds more than ${limit} bytes`, { cause });
    }
    const why = reasonOf(cause);
    throw new Malformed(`its control archive cannot be decompressed (${compression}): ${why}`, {
      cause,
    });
  }
}

class TooLarge extends Error {}

class Collected {
  readonly #limit: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(chunk: Uint8Array): this {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limit) throw new TooLarge();
    if (chunk.length > 0) this.#chunks.push(chunk);
    return this;
  }

  whole(): Uint8Array {
    return Buffer.concat(this.#chunks, this.#bytes);
  }
}

async function fromGzip(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  try {
    return await gunzipBytes(bytes, { maxOutputLength: limit });
  } catch (error) {
    if (error instanceof RangeError) throw new TooLarge('', { cause: error });
    throw error;
  }
}

/** The decoder itself refuses dictionaries above 64 MiB, which is what `xz -9` uses. */
async function fromXz(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  const collected = new Collected(limit);
  // Leaving the loop early cancels the stream, which frees the decoder for the next one.
  for await (const chunk of new xz.XzReadableStream(source)) collected.add(chunk);
  return collected.whole();
}

function fromZstd(bytes: Uint8Array, limit: number): Uint8Array {
  const collected = new Collected(limit);
  const decoder = new ZstdDecoder((chunk) => collected.add(chunk));
  decoder.push(boundedZstdFrame(bytes, limit), true);
  return collected.whole();
}
