import type { Writable } from 'node:stream';
import type { ByteFlow } from '../chacra/ports.ts';
import { GitbuilderError } from '../domain/errors.ts';

/**
 * Gives a body to a form parser, at the parser's pace. It fails when the body does, when the parser
 * cannot read on, or when somebody says so; then nothing more is read.
 */
export class FormFeed {
  /** The whole form was read; rejects with the first failure. */
  readonly ended: Promise<void>;
  readonly #parser: Writable;
  #failure: Error | null = null;
  #isFinished = false;
  #wake: () => void = () => undefined;
  #settle: (failure: Error | null) => void = () => undefined;

  constructor(parser: Writable) {
    this.#parser = parser;
    this.ended = new Promise((resolve, reject) => {
      this.#settle = (failure) => (failure === null ? resolve() : reject(failure));
    });
    // Met where it is awaited, which may be nowhere.
    this.ended.catch(() => undefined);
    parser.on('drain', () => this.#wake());
    parser.on('finish', () => {
      this.#isFinished = true;
      this.#wake();
    });
    // For good: a parser that met an error may emit more of them.
    parser.on('error', ({ message }: Error) => this.fail(unreadable(message)));
  }

  /** Why it ended early, if it did. */
  get failure(): Error | null {
    return this.#failure;
  }

  fail(cause: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = cause instanceof Error ? cause : new Error(String(cause));
    this.#settle(this.#failure);
    this.#wake();
  }

  async takeAll(body: ByteFlow): Promise<void> {
    try {
      await body((chunk) => {
        const hasRoom = this.#parser.write(chunk);
        if (this.#failure !== null) throw this.#failure;
        return hasRoom ? null : this.#room();
      });
      this.#parser.end();
      while (!this.#isFinished && this.#failure === null) await this.#change();
    } catch (cause) {
      this.fail(cause);
    }
    this.#settle(this.#failure);
    return this.ended;
  }

  async #room(): Promise<void> {
    await this.#change();
    if (this.#failure !== null) throw this.#failure;
  }

  /** One promise at a time, kept by nobody: a long body makes many. */
  #change(): Promise<void> {
    if (this.#failure !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** The error of a form that the parser cannot read. */
export function unreadable(reason: string): GitbuilderError {
  return new GitbuilderError('REQUEST_INVALID', { reason: `cannot read the form: ${reason}` });
}
