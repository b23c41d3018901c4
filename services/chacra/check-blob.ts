import { createHash } from 'node:crypto';
import type { PackageHeader } from '../domain/package-header.ts';
import type { LostBlob } from '../domain/verification.ts';
import type { PackageTap } from '../formats/package-tap.ts';
import type { BlobShelf } from './verification-ports.ts';

export interface CheckBlobCollaborators {
  readonly shelf: BlobShelf;
  readonly tapFor: (name: string) => PackageTap | null;
  /** Called with the bytes of each chunk before the next is read. */
  readonly pace: (bytes: number) => Promise<void>;
}

/** What a look at one blob came to; null when it is gone. */
export type BlobCheck =
  | { readonly kind: 'sound'; readonly sha512: number; readonly headers: number }
  | { readonly kind: 'lost'; readonly lost: LostBlob }
  | null;

/**
 * Reads a blob once, with every digest and the header of every kind of package that it is stored as.
 * Wrong bytes are believed only when a second look finds them too, for memory errs as well as disks.
 */
export async function checkBlob(
  collaborators: CheckBlobCollaborators,
  sha256: string,
  names: readonly string[],
): Promise<BlobCheck> {
  const { shelf } = collaborators;
  const first = await look(collaborators, sha256, names);
  if (first === null) return null;
  if (first.kind === 'sound') return mended(shelf, sha256, first);
  const second = await look(collaborators, sha256, names);
  if (second === null) return null;
  if (second.kind === 'sound') return mended(shelf, sha256, second);
  const keptAt = await shelf.setAside(sha256, second.file);
  // Uploaded again in this moment: those bytes were just hashed.
  if (keptAt === null) return null;
  return { kind: 'lost', lost: { sha256, size: null, reason: second.reason, keptAt } };
}

type Look =
  | { readonly kind: 'sound'; readonly sha512: string; readonly headers: readonly PackageHeader[] }
  | { readonly kind: 'wrong'; readonly reason: string; readonly file: string }
  | null;

async function look(
  { shelf, tapFor, pace }: CheckBlobCollaborators,
  sha256: string,
  names: readonly string[],
): Promise<Look> {
  const [hash, longHash] = [createHash('sha256'), createHash('sha512')];
  const taps = names.map((name) => tapFor(name)).filter((tap) => tap !== null);
  const readers = taps.map((tap) => new CalmTap(tap));
  const read = await shelf.read(sha256, async (chunk) => {
    hash.update(chunk);
    longHash.update(chunk);
    for (const reader of readers) reader.write(chunk);
    await pace(chunk.length);
  });
  if (read === null) return null;
  const { file, unreadable } = read;
  if (unreadable !== null) return { kind: 'wrong', reason: unreadable, file };
  const found = hash.digest('hex');
  if (found !== sha256)
    return { kind: 'wrong', reason: `its bytes have the sha256 ${found}`, file };
  const headers = await Promise.all(readers.map((reader) => reader.end()));
  return {
    kind: 'sound',
    sha512: longHash.digest('hex'),
    headers: headers.filter((header) => header !== null),
  };
}

async function mended(
  shelf: BlobShelf,
  sha256: string,
  known: { readonly sha512: string; readonly headers: readonly PackageHeader[] },
): Promise<BlobCheck> {
  return { kind: 'sound', ...(await shelf.mend(sha256, known)) };
}

/** Whatever keeps a header from being read is no reason to doubt the bytes: only their digests decide. */
class CalmTap {
  readonly #tap: PackageTap;
  #isOver = false;

  constructor(tap: PackageTap) {
    this.#tap = tap;
  }

  write(chunk: Uint8Array): void {
    if (this.#isOver) return;
    try {
      this.#tap.write(chunk);
    } catch {
      this.#isOver = true;
    }
  }

  async end(): Promise<PackageHeader | null> {
    return this.#isOver ? null : this.#tap.end().catch(() => null);
  }
}
