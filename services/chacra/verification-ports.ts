import type { PackageHeader } from '../domain/package-header.ts';
import type { Verification } from '../domain/verification.ts';

/** Stored bytes as they lie on the disk, for whoever doubts them. */
export interface BlobShelf {
  /** The shelves in the order of the digests on them: what their digests begin with. */
  readonly prefixes: readonly string[];
  /** The digests of the blobs on a shelf, in order. */
  list(prefix: string): Promise<readonly string[]>;
  /**
   * Reads a blob from the disk, each chunk shown as it passes (and reused afterwards); answers which
   * file it was, and why the disk could not read all of it. Null when it is gone.
   */
  read(
    sha256: string,
    observe: (chunk: Uint8Array) => Promise<void>,
  ): Promise<{ readonly file: string; readonly unreadable: string | null } | null>;
  /**
   * Takes damaged bytes out of the store, so that they are missing rather than wrong, and answers
   * where they are kept; null when another file stands there by now.
   */
  setAside(sha256: string, file: string): Promise<string | null>;
  /** Puts right what is kept beside a blob; answers how much of it was wrong or missing. */
  mend(
    sha256: string,
    known: { readonly sha512: string; readonly headers: readonly PackageHeader[] },
  ): Promise<{ readonly sha512: number; readonly headers: number }>;
}

/** How far the last look at everything came: what a restart goes on from. */
export interface VerificationStore {
  read(): Promise<Verification | null>;
  /** Durable when it resolves. */
  write(verification: Verification): Promise<void>;
}
