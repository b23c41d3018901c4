import { z } from 'zod';
import { packageKind } from '../domain/package-header.ts';
import type { DebHeader, DscHeader, PackageHeader, RpmHeader } from '../domain/package-header.ts';
import type { BlobRef } from '../domain/repo.ts';
import type { PackageTap } from '../formats/package-tap.ts';
import type { BlobPlaces } from './blob-places.ts';
import { writeBeside } from './beside-blob.ts';
import type { BesideBlobs } from './beside-blob.ts';
import type { FileWriter } from '../platform/file-writer.ts';
import { ByteCache } from '../platform/byte-cache.ts';

/** Raised whenever a header's shape changes: what was kept in another shape is read again from the bytes. */
const FORMAT = 1;

const deb = z.object({
  kind: z.literal('deb'),
  package: z.string(),
  version: z.string(),
  architecture: z.string(),
  source: z.string(),
  stanza: z.string(),
}) satisfies z.ZodType<DebHeader>;

const dsc = z.object({
  kind: z.literal('dsc'),
  source: z.string(),
  version: z.string(),
  stanza: z.string(),
  files: z.array(
    z.object({
      name: z.string(),
      size: z.number(),
      md5: z.string(),
      sha256: z.string().nullable(),
    }),
  ),
  md5: z.string(),
}) satisfies z.ZodType<DscHeader>;

const rpm = z.object({
  kind: z.literal('rpm'),
  name: z.string(),
  epoch: z.number(),
  version: z.string(),
  release: z.string(),
  arch: z.string(),
  primary: z.string(),
  filelists: z.string(),
  other: z.string(),
}) satisfies z.ZodType<RpmHeader>;

const kept = z.object({
  format: z.literal(FORMAT),
  header: z.discriminatedUnion('kind', [deb, dsc, rpm]),
});

/** Feeds a blob's bytes to a tap, which is how a lost header is read again. */
export type ReadThrough = (ref: BlobRef, tap: PackageTap) => Promise<PackageHeader>;

/** The parsed headers of packages: the ones used last in memory, all of them beside their blobs. */
export class BlobHeaders {
  readonly #places: BlobPlaces;
  readonly #tapFor: (name: string) => PackageTap | null;
  readonly #readThrough: ReadThrough;
  readonly #beside: BesideBlobs;
  readonly #memory: ByteCache<PackageHeader>;
  readonly #files: FileWriter;

  constructor(options: {
    readonly places: BlobPlaces;
    readonly tapFor: (name: string) => PackageTap | null;
    readonly readThrough: ReadThrough;
    readonly beside: BesideBlobs;
    readonly cacheBytes: number;
    readonly files: FileWriter;
  }) {
    this.#files = options.files;
    this.#places = options.places;
    this.#tapFor = options.tapFor;
    this.#readThrough = options.readThrough;
    this.#beside = options.beside;
    this.#memory = new ByteCache(options.cacheBytes);
  }

  async keep(sha256: string, header: PackageHeader): Promise<void> {
    const text = printed(header);
    this.#memory.set(`${sha256}.${header.kind}`, header, text.length);
    const path = this.#places.beside(sha256, `${header.kind}.json`);
    await writeBeside(this.#files, this.#places.incoming, path, text);
  }

  /** Puts right what is kept of a header that was read from the bytes anew; true when it was wrong. */
  async mend(sha256: string, header: PackageHeader): Promise<boolean> {
    const text = await this.#beside.read(this.#places.beside(sha256, `${header.kind}.json`));
    if (text === printed(header)) return false;
    await this.keep(sha256, header);
    return true;
  }

  /** What needs no look at the disk; undefined where it does. */
  known(ref: BlobRef, name: string): PackageHeader | null | undefined {
    const kind = packageKind(name);
    return kind === null ? null : this.#memory.get(`${ref.sha256}.${kind}`);
  }

  async of(ref: BlobRef, name: string): Promise<PackageHeader | null> {
    const known = this.known(ref, name);
    if (known !== undefined) return known;
    // The same bytes can be stored under names of different kinds, so the name decides.
    const kind = packageKind(name);
    if (kind === null) return null;
    const key = `${ref.sha256}.${kind}`;
    const text = await this.#beside.read(this.#places.beside(ref.sha256, `${kind}.json`));
    const header = text === null ? null : parse(text);
    if (header !== null && text !== null) {
      this.#memory.set(key, header, text.length);
      return header;
    }
    const tap = this.#tapFor(name);
    if (tap === null) return null;
    const read = await this.#readThrough(ref, tap);
    // What cannot be written, as on a full disk, is read again in the next life.
    await this.keep(ref.sha256, read).catch(() => undefined);
    return read;
  }
}

function printed(header: PackageHeader): string {
  return JSON.stringify({ format: FORMAT, header });
}

/** Null when the file was torn by a power loss or comes from another release. */
function parse(text: string): PackageHeader | null {
  try {
    const found = kept.safeParse(JSON.parse(text));
    return found.success ? found.data.header : null;
  } catch {
    return null;
  }
}
