import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Low } from 'lowdb';
import { removeDurably } from '../platform/durable-file.ts';
import { DurableJsonAdapter } from '../platform/durable-json-adapter.ts';
import { directWriter } from '../platform/file-writer.ts';
import type { FileWriter } from '../platform/file-writer.ts';
import { Journal } from '../platform/journal.ts';
import { parseRecord, printRecord } from './repo-record.ts';
import type { RepoLine, RepoRecord } from './repo-record.ts';

const LEAST_LINES = 256;
const LEAST_BYTES = 256 * 1024;
const BYTES_PER_BINARY = 512;
const FORMAT = { parse: (raw: unknown) => parseRecord(raw), print: printRecord };

/**
 * The two files of one repo: a lowdb document, and a journal of the changes since it was written.
 * A document alone would be rewritten whole by each upload: with 20,000 binaries, megabytes.
 */
export class RepoFiles {
  readonly #document: string;
  readonly #journalPath: string;
  readonly #files: FileWriter;
  #journal: Journal;
  /** False until the document is known to hold a state that the journal continues. */
  #hasBase: boolean;

  /** Files named by a path without its endings; `found` is the journal of a document that is there. */
  constructor(path: string, found: Journal | null, files: FileWriter = directWriter) {
    this.#files = files;
    this.#document = documentPath(path);
    this.#journalPath = journalPath(path);
    this.#journal = found ?? new Journal(this.#journalPath, null, files);
    this.#hasBase = found !== null;
  }

  /** Whether `close` has anything left to tidy. */
  get isTidy(): boolean {
    return this.#hasBase && this.#journal.bytes === 0;
  }

  /**
   * Makes changes durable that the record contains already. Cheap but now and then: when the journal
   * has grown as long as the document, or after a failure, the document is written instead.
   */
  async save(record: RepoRecord, lines: readonly RepoLine[]): Promise<void> {
    try {
      if (!this.#hasBase || this.#isLong(record.binaries.size)) await this.snapshot(record);
      else await Promise.all(lines.map((line) => this.#journal.append(line)));
    } catch (cause) {
      // The disk may hold what was refused now: only a whole document settles it.
      this.#hasBase = false;
      throw cause;
    }
  }

  /** Writes the document, printed in this tick, and empties the journal. */
  async snapshot(record: RepoRecord): Promise<void> {
    const place = this.#hasBase ? {} : { inNewFolder: dirname(this.#document) };
    this.#hasBase = false;
    const adapter = new DurableJsonAdapter(this.#document, FORMAT, this.#files, place);
    await new Low(adapter, record).write();
    try {
      await this.#journal.reset();
      this.#hasBase = true;
    } catch {
      // The changes are durable. Until the journal can be emptied, documents are written.
    }
  }

  /** Removes both files, the document first: a journal without one is known to be a leftover. */
  async remove(): Promise<void> {
    this.#hasBase = false;
    await removeDurably(this.#document);
    await rm(this.#journalPath, { force: true });
    this.#journal = new Journal(this.#journalPath, null, this.#files);
  }

  /** Ends the journal; an empty one goes, so that the next start reads one file. */
  async close(): Promise<void> {
    await this.#journal.close();
    if (this.isTidy) await rm(this.#journalPath, { force: true });
  }

  #isLong(binaries: number): boolean {
    const { count, bytes } = this.#journal;
    return (
      count > Math.max(LEAST_LINES, binaries) ||
      bytes > Math.max(LEAST_BYTES, BYTES_PER_BINARY * binaries)
    );
  }
}

/** Where the document of a repo is. */
export function documentPath(path: string): string {
  return `${path}.json`;
}

/** Where the journal of a repo is. */
export function journalPath(path: string): string {
  return `${path}.journal`;
}
