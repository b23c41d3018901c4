import { z } from 'zod';
import type { RepoIdentity } from '../domain/identity.ts';
import { REPO_TYPES, binaryKey } from '../domain/repo.ts';
import type { Binary, BlobRef, RepoHead } from '../domain/repo.ts';
import { ANNOUNCED_STATUSES, REPO_STATUSES } from '../domain/repo-status.ts';
import { leftOutSchema } from './left-out-schema.ts';
import { repoIdentitySchema } from './repo-identity-schema.ts';

/** A repo as its document holds it, and as it grows in memory by each line of its journal. */
export interface RepoRecord {
  /** Of the last change it contains: journal lines up to this one are in it already. */
  n: number;
  readonly identity: RepoIdentity;
  head: RepoHead;
  readonly binaries: Map<string, Binary>;
}

/** One line of a repo's journal: a change, with only those fields of the head that are new. */
export interface RepoLine {
  readonly n: number;
  readonly head?: Partial<RepoHead>;
  readonly put?: readonly Binary[];
  readonly remove?: readonly string[];
}

/** Answers one instance of equal strings: thousands of binaries share a handful of archs and users. */
export type Share = (text: string) => string;

/** Makes a `Share` that remembers what it has seen; it lives as long as one start. */
export function makeShare(): Share {
  const seen = new Map<string, string>();
  return (text) => {
    const known = seen.get(text);
    if (known !== undefined) return known;
    seen.set(text, text);
    return text;
  };
}

const headSchema = z.object({
  type: z.enum(REPO_TYPES).nullable(),
  status: z.enum(REPO_STATUSES),
  failure: z.object({ message: z.string(), package: z.string().nullable() }).nullable(),
  extra: z.record(z.string(), z.unknown()),
  created: z.string(),
  modified: z.string(),
  revision: z.int(),
  generation: z.int(),
  live: z
    .object({
      number: z.int(),
      files: z.int(),
      published: z.string(),
      ownPublished: z.exactOptional(z.string()),
      revision: z.int(),
      archs: z.array(z.string()),
      packages: z.int(),
      signedBy: z.string().nullable(),
      shadowed: leftOutSchema,
      superseded: leftOutSchema,
      incomplete: leftOutSchema,
      // Documents of before there were pickers have none.
      sources: z
        .array(z.object({ repo: z.string(), created: z.string(), revision: z.int() }))
        .default([]),
    })
    .nullable(),
  older: z.array(z.object({ files: z.int(), replaced: z.string() })),
  again: z.enum(['now', 'quiet']).nullable(),
  rebuild: z.boolean(),
  // Documents of before one could go back have neither.
  goBackTo: z.int().nullable().default(null),
  kept: z
    .array(z.object({ files: z.int(), reason: z.string(), by: z.string(), since: z.string() }))
    .default([]),
  sequence: z.int(),
  events: z.array(
    z.object({
      sequence: z.int(),
      status: z.enum(ANNOUNCED_STATUSES),
      generation: z.int(),
      archs: z.array(z.string()),
      reason: z.string().nullable(),
      at: z.string(),
    }),
  ),
}) satisfies z.ZodType<RepoHead>;

const documentSchema = z.object({
  n: z.int(),
  identity: repoIdentitySchema,
  head: headSchema,
  binaries: z.array(z.unknown()),
});

const lineSchema = z.object({
  n: z.int(),
  head: z.record(z.string(), z.unknown()).optional(),
  put: z.array(z.unknown()).optional(),
  remove: z.array(z.string()).optional(),
});

/** What a repo's document holds as plain JSON. */
export function printRecord({ n, identity, head, binaries }: RepoRecord): unknown {
  return { n, identity, head, binaries: [...binaries.values()] };
}

/** Checks a repo's document. */
export function parseRecord(raw: unknown, share: Share = (text) => text): RepoRecord {
  const { n, identity, head, binaries } = documentSchema.parse(raw);
  const { project, ref, sha1, distro, distroVersion, flavor } = identity;
  return {
    n,
    identity: {
      project: share(project),
      ref: share(ref),
      sha1: share(sha1),
      distro: share(distro),
      distroVersion: share(distroVersion),
      flavor: share(flavor),
    },
    head,
    binaries: new Map(binaries.map((entry) => keyed(parseBinary(entry, share)))),
  };
}

/**
 * Brings a record up to date with what its journal holds. Lines that the document contains already
 * are skipped: a crash came between writing it and emptying the journal. A gap is damage.
 */
export function replay(record: RepoRecord, lines: readonly unknown[], share: Share): void {
  let head: object = record.head;
  for (const raw of lines) {
    const line = lineSchema.parse(raw);
    if (line.n <= record.n) continue;
    if (line.n !== record.n + 1) throw new Error(`change ${record.n + 1} is missing`);
    record.n = line.n;
    head = { ...head, ...line.head };
    play(record.binaries, {
      put: (line.put ?? []).map((entry) => parseBinary(entry, share)),
      remove: line.remove ?? [],
    });
  }
  // Checked once, when it is whole: each line holds only a part of it.
  if (head !== record.head) record.head = headSchema.parse(head);
}

/** Applies a line's binaries; memory and replay share it so that they cannot differ. */
export function play(
  binaries: Map<string, Binary>,
  { put = [], remove = [] }: Pick<RepoLine, 'put' | 'remove'>,
): void {
  for (const binary of put) binaries.set(binaryKey(binary.arch, binary.name), binary);
  for (const key of remove) binaries.delete(key);
}

/** The fields of a head that are new: heads are long when shaman is away, and most changes touch little. */
export function headDifference(before: RepoHead | undefined, after: RepoHead): Partial<RepoHead> {
  if (before === undefined) return after;
  const old = new Map<string, unknown>(Object.entries(before));
  return Object.fromEntries(Object.entries(after).filter(([key, value]) => old.get(key) !== value));
}

function keyed(binary: Binary): [string, Binary] {
  return [binaryKey(binary.arch, binary.name), binary];
}

// By hand, for there are hundreds of thousands of them at each start.
function parseBinary(raw: unknown, share: Share): Binary {
  if (!isRecord(raw)) throw new Error('a binary is not an object');
  const { name, arch, blob, created, modified, builtBy, revision } = raw;
  if (
    typeof name !== 'string' ||
    typeof arch !== 'string' ||
    typeof created !== 'string' ||
    typeof modified !== 'string' ||
    typeof revision !== 'number' ||
    (builtBy !== null && typeof builtBy !== 'string')
  ) {
    throw new Error(`a binary is incomplete: ${JSON.stringify(raw)}`);
  }
  return {
    name,
    arch: share(arch),
    blob: parseBlob(blob),
    created,
    modified: modified === created ? created : modified,
    builtBy: builtBy === null ? null : share(builtBy),
    revision,
  };
}

function parseBlob(raw: unknown): BlobRef | null {
  if (raw === null) return null;
  if (!isRecord(raw) || typeof raw['sha256'] !== 'string' || typeof raw['size'] !== 'number')
    throw new Error(`a blob is incomplete: ${JSON.stringify(raw)}`);
  return { sha256: raw['sha256'], size: raw['size'] };
}

function isRecord(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === 'object' && raw !== null;
}
