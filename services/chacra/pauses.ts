/** Lets everything else have its turn; resolves when work may go on. */
export type Pause = () => Promise<void>;

/** Pieces of work between two pauses: a millisecond or two of looking at binaries. */
const AT_ONCE = 4000;

/** Counts work and pauses when there was enough of it, so that long calculations hold up no request. */
export class Pauses {
  readonly #pause: Pause;
  #done = 0;

  constructor(pause: Pause) {
    this.#pause = pause;
  }

  async after(pieces: number): Promise<void> {
    this.#done += pieces + 1;
    if (this.#done < AT_ONCE) return;
    this.#done = 0;
    await this.#pause();
  }
}
