import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Low } from 'lowdb';
import { z } from 'zod';
import { GitbuilderError } from '../domain/errors.ts';
import type { StorageNode } from '../domain/storage-node.ts';
import { Document, openDocument } from '../platform/document.ts';
import { makeFolder, sweepTemporaries } from '../platform/durable-file.ts';
import { DurableJsonAdapter } from '../platform/durable-json-adapter.ts';
import type { Clock, Log, NodeRecords } from '../shaman/ports.ts';
import { nameOnDisk } from './name-on-disk.ts';
import { readOrDamaged } from './read-or-damaged.ts';

const SOON_MILLISECONDS = 1000;

const node = z.object({
  host: z.string(),
  url: z.string(),
  registered: z.string(),
  lastUsed: z.string().nullable(),
  lastCheck: z.string().nullable(),
  healthy: z.boolean(),
  downCount: z.int(),
  reason: z.string().nullable(),
  draining: z.boolean(),
  weight: z.number(),
  freeBytes: z.number().nullable(),
  load: z.number().nullable(),
  version: z.string().nullable(),
}) satisfies z.ZodType<StorageNode>;

/** Null before a node registers, and after it was removed. */
const stored = z.object({ node: node.nullable() });
type Stored = Readonly<z.infer<typeof stored>>;
const FORMAT = { parse: (raw: unknown): Stored => stored.parse(raw) };
const NOBODY: Stored = { node: null };

type Listener = (before: StorageNode | undefined, after: StorageNode | undefined) => void;
type Decide = (node: StorageNode | undefined) => StorageNode | null;

interface Options {
  /** The folder of this service's data; the store makes `nodes` in it. */
  readonly root: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The storage nodes, one small lowdb document each, and all of them in memory. */
export class DiskNodeRecords implements NodeRecords {
  readonly #options: Options;
  readonly #documents: Map<string, Document<Stored>>;
  readonly #listeners: Listener[] = [];
  /** Nodes as they are listed; null after a change. */
  #listed: readonly StorageNode[] | null = null;
  #cancelFlush: (() => void) | null = null;
  #closed = false;

  constructor(options: Options, documents: Map<string, Document<Stored>>) {
    this.#options = options;
    this.#documents = documents;
  }

  get(host: string): StorageNode | undefined {
    return this.#documents.get(host)?.data.node ?? undefined;
  }

  all(): readonly StorageNode[] {
    this.#listed ??= [...this.#documents.values()]
      .flatMap(({ data }) => data.node ?? [])
      .sort((a, b) => (`${a.registered} ${a.host}` < `${b.registered} ${b.host}` ? -1 : 1));
    return this.#listed;
  }

  async change(host: string, decide: Decide): Promise<StorageNode | undefined> {
    const before = this.get(host);
    const durable = this.#open(host).change(deciding(decide));
    const after = this.get(host);
    this.#listed = null;
    try {
      await durable;
    } finally {
      // A write that failed was taken back.
      this.#listed = null;
    }
    if (after !== before) this.#tell(before, after);
    return after;
  }

  changeSoon(host: string, decide: Decide): StorageNode | undefined {
    const before = this.get(host);
    this.#open(host).changeSoon(deciding(decide));
    const after = this.get(host);
    if (after === before) return after;
    this.#listed = null;
    this.#cancelFlush ??= this.#options.clock.after(SOON_MILLISECONDS, () => {
      this.#cancelFlush = null;
      void this.#flush();
    });
    this.#tell(before, after);
    return after;
  }

  async remove(host: string): Promise<void> {
    const before = this.get(host);
    if (before === undefined) return;
    const durable = this.#open(host).remove();
    this.#listed = null;
    try {
      await durable;
    } finally {
      this.#listed = null;
    }
    this.#tell(before, undefined);
  }

  watch(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** Makes everything durable and takes no more changes. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelFlush?.();
    await this.#flush();
  }

  async #flush(): Promise<void> {
    for (const [host, document] of this.#documents) {
      await document.flush().catch((cause: unknown) => {
        this.#options.log.error({ node: host, err: cause }, 'cannot save a storage node');
      });
    }
  }

  #open(host: string): Document<Stored> {
    if (this.#closed) throw new GitbuilderError('STOPPING');
    const known = this.#documents.get(host);
    if (known !== undefined) return known;
    const path = pathOf(folderOf(this.#options.root), host);
    const low = new Low<Stored>(new DurableJsonAdapter(path, FORMAT), NOBODY);
    const document = new Document(path, low, NOBODY, false);
    this.#documents.set(host, document);
    return document;
  }

  #tell(before: StorageNode | undefined, after: StorageNode | undefined): void {
    for (const listener of this.#listeners) listener(before, after);
  }
}

/** Loads the nodes that the data folder holds; DATA_DAMAGED names a file that cannot be read. */
export async function openNodeRecords(options: Options): Promise<DiskNodeRecords> {
  const folder = folderOf(options.root);
  await makeFolder(folder);
  await sweepTemporaries(folder);
  const documents = new Map<string, Document<Stored>>();
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.json')) continue;
    const path = join(folder, file);
    const document = await readOrDamaged(path, () => openDocument(path, FORMAT, NOBODY));
    if (document.data.node !== null) documents.set(document.data.node.host, document);
  }
  return new DiskNodeRecords(options, documents);
}

function deciding(decide: Decide): (data: Stored) => Stored {
  return (data) => {
    const node = decide(data.node ?? undefined);
    return node === null || node === data.node ? data : { node };
  };
}

function folderOf(root: string): string {
  return join(root, 'nodes');
}

function pathOf(folder: string, host: string): string {
  return join(folder, `${nameOnDisk(host)}.json`);
}
