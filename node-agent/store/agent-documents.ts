import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Low } from 'lowdb';
import { z } from 'zod';
import { GitbuilderError } from '../../services/domain/errors.ts';
import { Document, openDocument } from '../../services/platform/document.ts';
import { makeFolder, sweepTemporaries } from '../../services/platform/durable-file.ts';
import { DurableJsonAdapter } from '../../services/platform/durable-json-adapter.ts';
import type { AgentRecords } from '../ports.ts';
import { AGENT_STATES } from '../rules/agent.ts';
import type { Agent } from '../rules/agent.ts';
import { readOrDamaged } from '../../services/adapters/read-or-damaged.ts';

const state = z.enum(AGENT_STATES);
const step = z.object({ at: z.string(), state, cause: z.string() });
const phases = z.object({
  requested: z.string(),
  pulled: z.string().exactOptional(),
  created: z.string().exactOptional(),
  started: z.string().exactOptional(),
  connected: z.string().exactOptional(),
  firstBuild: z.string().exactOptional(),
  ended: z.string().exactOptional(),
});
const agent = z.object({
  id: z.string(),
  node: z.string(),
  template: z.string(),
  templateDigest: z.string(),
  labels: z.array(z.string()),
  state,
  since: z.string(),
  cause: z.string(),
  host: z.string().nullable(),
  container: z.string().nullable(),
  hasNode: z.boolean(),
  imageDigest: z.string().nullable(),
  madeFor: z.string().nullable(),
  build: z.string().nullable(),
  buildSession: z.string().nullable(),
  uses: z.int(),
  closedAt: z.string().nullable(),
  idleReading: z.string().nullable(),
  offlineSince: z.string().nullable(),
  heldUntil: z.string().nullable(),
  phases,
  lastLog: z.array(z.string()),
  journal: z.array(step),
}) satisfies z.ZodType<Agent>;

/** Null before an agent is requested, and after it was forgotten. */
const stored = z.object({ agent: agent.nullable() });
type Stored = Readonly<{ agent: Agent | null }>;
const FORMAT = { parse: (raw: unknown): Stored => stored.parse(raw) };
const NOBODY: Stored = { agent: null };

type Listener = (before: Agent | undefined, after: Agent | undefined) => void;
type Decide = (agent: Agent | undefined) => Agent | null;

/** The agents, one small lowdb document each, and all of them in memory. */
export class AgentDocuments implements AgentRecords {
  readonly #folder: string;
  readonly #documents: Map<string, Document<Stored>>;
  readonly #listeners: Listener[] = [];
  /** Ids in the order of the list; null when one has come or gone. */
  #order: readonly string[] | null = null;
  /** As they are listed; null after a change. */
  #listed: readonly Agent[] | null = null;
  #closed = false;

  constructor(folder: string, documents: Map<string, Document<Stored>>) {
    this.#folder = folder;
    this.#documents = documents;
  }

  get(id: string): Agent | undefined {
    return this.#documents.get(id)?.data.agent ?? undefined;
  }

  all(): readonly Agent[] {
    this.#order ??= this.#byAge();
    this.#listed ??= this.#order.flatMap((id) => this.get(id) ?? []);
    return this.#listed;
  }

  async change(id: string, decide: Decide): Promise<Agent | undefined> {
    const before = this.get(id);
    const durable = this.#open(id).change((data) => {
      const after = decide(data.agent ?? undefined);
      return after === null || after === data.agent ? data : { agent: after };
    });
    const after = this.get(id);
    this.#changed(before, after);
    try {
      await durable;
    } catch (cause) {
      // What was decided was taken back.
      this.#order = this.#listed = null;
      throw cause;
    }
    if (after !== before) this.#tell(before, after);
    return after;
  }

  async forget(id: string): Promise<void> {
    const document = this.#documents.get(id);
    if (document === undefined) return;
    const before = this.get(id);
    await document.remove();
    this.#documents.delete(id);
    this.#changed(before, undefined);
    this.#tell(before, undefined);
  }

  watch(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** Waits for what is under way; takes no more changes. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#documents.values()].map((document) => document.flush()));
  }

  #open(id: string): Document<Stored> {
    if (this.#closed) throw new GitbuilderError('STOPPING');
    const known = this.#documents.get(id);
    if (known !== undefined) return known;
    // Ids are hexadecimal: ours, or of a label that was checked.
    const path = join(this.#folder, `${id}.json`);
    const low = new Low<Stored>(new DurableJsonAdapter(path, FORMAT), NOBODY);
    const document = new Document(path, low, NOBODY, false);
    this.#documents.set(id, document);
    return document;
  }

  /** Sorting thousands at each step of an agent would cost more than the step. */
  #changed(before: Agent | undefined, after: Agent | undefined): void {
    if (before === after) return;
    this.#listed = null;
    if (before === undefined || after === undefined) this.#order = null;
  }

  #byAge(): readonly string[] {
    return [...this.#documents.values()]
      .flatMap(({ data }) => data.agent ?? [])
      .map(({ phases, id }) => ({ key: `${phases.requested} ${id}`, id }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ id }) => id);
  }

  #tell(before: Agent | undefined, after: Agent | undefined): void {
    for (const listener of this.#listeners) listener(before, after);
  }
}

/** Loads the agents that the data folder holds; DATA_DAMAGED names a file that cannot be read. */
export async function openAgentDocuments(root: string): Promise<AgentDocuments> {
  const folder = join(root, 'records');
  await makeFolder(folder);
  await sweepTemporaries(folder);
  const documents = new Map<string, Document<Stored>>();
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.json')) continue;
    const path = join(folder, file);
    const document = await readOrDamaged(path, () => openDocument(path, FORMAT, NOBODY));
    if (document.data.agent !== null) documents.set(document.data.agent.id, document);
  }
  return new AgentDocuments(folder, documents);
}
