import { dirname } from 'node:path';
import { Low } from 'lowdb';
import { isMissing, makeFolder, removeDurably } from '../platform/durable-file.ts';
import type { FileWriter } from '../platform/file-writer.ts';
import { DurableJsonAdapter } from '../platform/durable-json-adapter.ts';
import type { Log } from '../shaman/ports.ts';
import { inParallel } from './in-parallel.ts';
import { commitPath } from './load-commits.ts';
import type { LoadedCommits } from './load-commits.ts';
import type { StoredCommit } from './shaman-commit.ts';
import { parseCommitDocument } from './shaman-format.ts';
import type { CommitDocument } from './shaman-format.ts';

const FORMAT = { parse: parseCommitDocument };
/** Few at a time: changes come first, and they wait for the same disk. */
const PARALLEL = 2;
/** So many documents are brought up to date at a stop; more would keep it waiting, and the journal has them. */
const AT_STOP = 1000;

/**
 * Keeps the documents near the journal: when its file is full, every document that it is ahead of is
 * written, and then the file is emptied. Nothing waits for this.
 */
export class CommitDocuments {
  readonly #folder: string;
  readonly #log: Log;
  readonly #settled: () => Promise<void>;
  readonly #fullBytes: number;
  readonly #files: FileWriter;
  readonly #loaded: LoadedCommits;
  /** Behind the file that takes the changes. */
  #dirty: Set<StoredCommit>;
  /** Behind the other file, which is emptied when all of them are written. */
  #owed: Set<StoredCommit>;
  #running: Promise<void> | null = null;
  #stopped = false;
  /** After a failure: not before the journal has grown to this length. */
  #notBefore = 0;

  /** `settled` resolves when every change made so far is durable. */
  constructor(options: {
    readonly folder: string;
    readonly log: Log;
    readonly loaded: LoadedCommits;
    readonly settled: () => Promise<void>;
    readonly fullBytes: number;
    readonly files: FileWriter;
  }) {
    this.#files = options.files;
    this.#fullBytes = options.fullBytes;
    this.#folder = options.folder;
    this.#log = options.log;
    this.#loaded = options.loaded;
    this.#settled = options.settled;
    this.#dirty = new Set(options.loaded.dirty);
    this.#owed = options.loaded.journals.canSwap ? new Set() : new Set(options.loaded.dirty);
  }

  /** A durable change has put the journal ahead of this document. */
  note(commit: StoredCommit): void {
    this.#dirty.add(commit);
  }

  /** Begins to write documents when it is time; called between two groups of changes. */
  look(): void {
    const { journals } = this.#loaded;
    const isFull = journals.bytes >= Math.max(this.#fullBytes, this.#notBefore);
    if (this.#running !== null || this.#stopped || !(isFull || !journals.canSwap)) return;
    this.#running = this.#catchUp().finally(() => (this.#running = null));
  }

  /** Ends what is running and leaves tidy files where that is quick. */
  async close(): Promise<void> {
    const isQuick = this.#dirty.size + this.#owed.size <= AT_STOP;
    this.#stopped = !isQuick;
    await this.#running;
    if (isQuick && this.#dirty.size + this.#owed.size > 0) await this.#catchUp();
    this.#stopped = true;
  }

  async #catchUp(): Promise<void> {
    const { journals } = this.#loaded;
    try {
      if (journals.canSwap) {
        journals.swap();
        this.#owed = this.#dirty;
        this.#dirty = new Set();
      }
      await inParallel([...this.#owed], PARALLEL, async (commit) => {
        if (this.#stopped) return;
        await this.#save(commit);
        this.#owed.delete(commit);
      });
      if (this.#owed.size === 0) await journals.emptyResting();
    } catch (cause) {
      this.#notBefore = journals.bytes + this.#fullBytes;
      this.#log.error({ err: cause }, 'cannot write documents; the journal grows until it works');
    }
  }

  async #save(commit: StoredCommit): Promise<void> {
    // A document must not hold what could still be refused.
    while (commit.pending > 0) await this.#settled().catch(() => undefined);
    const path = commitPath(this.#folder, commit);
    if (commit.isEmpty) {
      await removeDurably(path).catch((cause: unknown) => {
        // One that came and went between two rounds may have no folder yet.
        if (!isMissing(cause)) throw cause;
      });
      const isForgotten = commit.isEmpty && commit.pending === 0 && !this.#dirty.has(commit);
      if (isForgotten) this.#loaded.commits.delete(commit.key);
      return;
    }
    await makeFolder(dirname(path));
    while (commit.pending > 0) await this.#settled().catch(() => undefined);
    const adapter = new DurableJsonAdapter<CommitDocument>(path, FORMAT, this.#files);
    await new Low(adapter, commit.print()).write();
  }
}
