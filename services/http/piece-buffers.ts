/** So many transfers at a time have large pieces, which are quicker; those of all others take little memory. */
const FEW = 8;
const LARGE_PIECE = 512 * 1024;
const SMALL_PIECE = 256 * 1024;

/** Two buffers: one is read into while the other is on its way. */
type Pair = readonly [Buffer, Buffer];

export interface Borrowed {
  readonly pair: Pair;
  /** `unused`: nothing will read them any more. A socket that broke off may still hold what it was given. */
  giveBack(state: 'unused' | 'perhaps-in-use'): void;
}

/** Lends what large files are sent through. Memory that was just in use is a fifth quicker than new one. */
export class PieceBuffers {
  readonly #free: Pair[] = [];
  #lent = 0;

  /** For the transfer of so many bytes. */
  borrow(length: number): Borrowed {
    if (length <= SMALL_PIECE || this.#lent >= FEW) {
      return { pair: newPair(Math.min(length, SMALL_PIECE)), giveBack: () => undefined };
    }
    this.#lent += 1;
    const pair = this.#free.pop() ?? newPair(LARGE_PIECE);
    return {
      pair,
      giveBack: (state) => {
        this.#lent -= 1;
        if (state === 'unused') this.#free.push(pair);
      },
    };
  }
}

function newPair(size: number): Pair {
  return [Buffer.allocUnsafe(size), Buffer.allocUnsafe(size)];
}
