import { readFile } from 'node:fs/promises';
import type { Adapter } from 'lowdb';
import { reasonOf } from '../domain/reason.ts';
import { isMissing } from './durable-file.ts';
import { directWriter } from './file-writer.ts';
import type { FileWriter, NewFile } from './file-writer.ts';

/** How a document's value is checked when it is read, and printed when it is written. */
export interface DocumentFormat<T> {
  /** Makes the value from what the file holds, or throws saying what is wrong with it. */
  parse(raw: unknown): T;
  /** What JSON can hold of the value; needed only where the value is not plain JSON itself. */
  print?(value: T): unknown;
}

/** Lowdb's port on one JSON file: writes survive power loss, reads are checked instead of trusted. */
export class DurableJsonAdapter<T> implements Adapter<T> {
  readonly #path: string;
  readonly #format: DocumentFormat<T>;
  readonly #files: FileWriter;
  readonly #place: Pick<NewFile, 'inNewFolder'>;

  /** `place` names a folder that is to be made before the file. */
  constructor(
    path: string,
    format: DocumentFormat<T>,
    files: FileWriter = directWriter,
    place: Pick<NewFile, 'inNewFolder'> = {},
  ) {
    this.#path = path;
    this.#format = format;
    this.#files = files;
    this.#place = place;
  }

  async read(): Promise<T | null> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
    try {
      return this.#format.parse(JSON.parse(text));
    } catch (error) {
      const reason = reasonOf(error);
      throw new Error(`cannot read the document ${this.#path}: ${reason}`, { cause: error });
    }
  }

  /** Printed in this tick: the value may go on changing. */
  async write(value: T): Promise<void> {
    const plain = this.#format.print === undefined ? value : this.#format.print(value);
    const bytes = JSON.stringify(plain);
    await this.#files.put({ path: this.#path, bytes, durable: true, ...this.#place });
  }
}
