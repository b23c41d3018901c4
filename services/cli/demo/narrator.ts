/** Tells the demo's story: numbered steps with their times, facts below them. */
export class Narrator {
  readonly #print: (text: string) => void;
  readonly #stop: AbortSignal;
  #number = 0;

  /** After `stop` no step begins. */
  constructor(print: (text: string) => void, stop: AbortSignal) {
    this.#print = print;
    this.#stop = stop;
  }

  say(text = ''): void {
    this.#print(`${text}\n`);
  }

  /** Announces a step before it begins, because some take a while, and says at its end how long. */
  async step<T>(title: string, work: (fact: (text: string) => void) => Promise<T>): Promise<T> {
    this.#stop.throwIfAborted();
    this.#number += 1;
    this.say(`\n${String(this.#number).padStart(2)}. ${title}`);
    const started = performance.now();
    const took = () => `${Math.round(performance.now() - started)} ms`;
    try {
      const result = await work((text) => this.say(text.replace(/^/gm, '    ').trimEnd()));
      this.say(`    done in ${took()}`);
      return result;
    } catch (cause) {
      this.say(`    ${this.#stop.aborted ? 'stopped' : 'failed'} after ${took()}`);
      throw cause;
    }
  }
}
