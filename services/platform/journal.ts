import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isMissing, syncFolder } from './durable-file.ts';
import { directWriter } from './file-writer.ts';
import type { FileWriter } from './file-writer.ts';

const NEWLINE = 0x0a;

/** What waits for its turn: the text of an entry, or null for a reset. */
interface Step {
  readonly entry: string | null;
  resolve(): void;
  reject(error: unknown): void;
}

/** What a journal file holds, up to the first byte that is not whole. */
interface Content {
  readonly entries: readonly unknown[];
  /** Its length in bytes without a torn end. */
  readonly whole: number;
}

/**
 * An append-only file of JSON lines: what is too much to be rewritten with each change. Steps are
 * serial, and one write and one fdatasync carry all entries that wait. Each such group is one line,
 * an array, so a crash leaves it whole or torn at the very end. The file is open only while it is
 * written: a store has thousands of journals.
 */
export class Journal {
  readonly #path: string;
  readonly #files: FileWriter;
  #bytes: number;
  #count: number;
  /** False until this process has made the file's name durable in its folder. */
  #named: boolean;
  /** A failed write may have left bytes behind the last good one; they go before anything else is written. */
  #torn = false;
  #waiting: Step[] = [];
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(path: string, found: Content | null, files: FileWriter = directWriter) {
    this.#path = path;
    this.#files = files;
    this.#bytes = found?.whole ?? 0;
    this.#count = found?.entries.length ?? 0;
    this.#named = found !== null;
  }

  /** Length of the file as far as it is durable. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many durable entries it holds. */
  get count(): number {
    return this.#count;
  }

  /** Resolves when the entry is durable; when it rejects, the entry is not in the journal. */
  append(entry: object): Promise<void> {
    return this.#add(JSON.stringify(entry));
  }

  /** Empties the file durably: of all entries appended before this call, and of none after it. */
  reset(): Promise<void> {
    return this.#add(null);
  }

  /** Waits for what was asked before; nothing can be added any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #add(entry: string | null): Promise<void> {
    if (this.#closed) return Promise.reject(new Error(`the journal ${this.#path} is closed`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
      this.#running ??= this.#work();
    });
  }

  async #work(): Promise<void> {
    // One turn later, so that steps of the same tick ride together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const steps = this.#takeGroup();
      const entries = steps.flatMap((step) => step.entry ?? []);
      try {
        await (entries.length > 0 ? this.#write(entries) : this.#cut(0));
        for (const step of steps) step.resolve();
      } catch (error) {
        for (const step of steps) step.reject(error);
      }
    }
    this.#running = null;
  }

  /** Entries up to the next reset, or a reset alone. */
  #takeGroup(): Step[] {
    const reset = this.#waiting.findIndex((step) => step.entry === null);
    return this.#waiting.splice(0, reset === -1 ? this.#waiting.length : Math.max(reset, 1));
  }

  async #write(entries: readonly string[]): Promise<void> {
    if (this.#torn) await this.#cut(this.#bytes);
    const group = Buffer.from(`[${entries.join(',')}]\n`);
    try {
      await this.#files.append({ path: this.#path, bytes: group, isNew: !this.#named });
    } catch (error) {
      this.#torn = true;
      // Whoever is refused must not find the entry again later; if this fails too, the next step tries it.
      await this.#cut(this.#bytes).catch(() => undefined);
      throw error;
    }
    this.#named = true;
    this.#bytes += group.length;
    this.#count += entries.length;
  }

  async #cut(length: number): Promise<void> {
    try {
      await withFile(this.#path, 'r+', (file) => truncateDurably(file, length));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    this.#torn = false;
    if (length === 0) this.#count = 0;
    this.#bytes = length;
  }
}

/**
 * Opens the journal at a path and answers what it holds; its first entry makes the file. An end torn
 * by a crash is cut off; a damaged line before others is refused, as it was durable once.
 */
export async function openJournal(
  path: string,
  files: FileWriter = directWriter,
): Promise<{ journal: Journal; entries: readonly unknown[] }> {
  const found = await readJournal(path);
  return { journal: new Journal(path, found, files), entries: found?.entries ?? [] };
}

async function readJournal(path: string): Promise<Content | null> {
  try {
    return await withFile(path, 'r+', async (file) => {
      const bytes = await file.readFile();
      const content = parseJournal(bytes, path);
      // After a mere kill, entries may be read that no disk holds yet; who reads them relies on them.
      if (content.whole < bytes.length) await truncateDurably(file, content.whole);
      else await file.datasync();
      await syncFolder(dirname(path));
      return content;
    });
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function parseJournal(bytes: Buffer, path: string): Content {
  const entries: unknown[] = [];
  let whole = 0;
  for (let line = 1; whole < bytes.length; line += 1) {
    const end = bytes.indexOf(NEWLINE, whole);
    const group = end === -1 ? null : parseGroup(bytes.toString('utf8', whole, end));
    if (group === null) {
      const isLast = end === -1 || end === bytes.length - 1;
      if (isLast) break;
      throw new Error(`cannot read the journal ${path}: line ${line} is damaged`);
    }
    for (const entry of group) entries.push(entry);
    whole = end + 1;
  }
  return { entries, whole };
}

function parseGroup(text: string): unknown[] | null {
  try {
    const group: unknown = JSON.parse(text);
    return Array.isArray(group) ? group : null;
  } catch {
    return null;
  }
}

async function truncateDurably(file: FileHandle, length: number): Promise<void> {
  await file.truncate(length);
  await file.datasync();
}

async function withFile<T>(
  path: string,
  flags: 'a' | 'r+',
  work: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(path, flags, 0o644);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
