import { open } from 'node:fs/promises';
import type { BlobReader } from '../chacra/ports.ts';
import type { BodyGarbage } from './body-garbage.ts';
import { readOrDamaged } from './read-or-damaged.ts';

/** So many readers get large pieces, which are a third quicker; those of all others take little memory. */
const FEW_READERS = 8;
const LARGE_PIECE = 2 * 1024 * 1024;
const SMALL_PIECE = 256 * 1024;
/** Bytes read into a buffer that is used again leave so much less garbage than those of a body. */
const IN_PLACE = 8;

/** Opens the files of blobs, and knows how many are being read. */
export class BlobReaders {
  readonly #garbage: BodyGarbage;
  #reading = 0;

  constructor(garbage: BodyGarbage) {
    this.#garbage = garbage;
  }

  /** The reader of one file; DATA_DAMAGED when it cannot be opened. Its `close` must be called, once. */
  async open(path: string): Promise<BlobReader> {
    const file = await readOrDamaged(path, () => open(path, 'r'));
    const { size } = await file.stat();
    this.#reading += 1;
    return {
      size,
      pieceBytes: this.#reading > FEW_READERS ? SMALL_PIECE : LARGE_PIECE,
      read: async (buffer, position) => {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
        this.#garbage.passed(bytesRead / IN_PLACE);
        return bytesRead;
      },
      close: () => {
        this.#reading -= 1;
        return file.close();
      },
    };
  }
}
