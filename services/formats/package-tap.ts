import type { PackageHeader } from '../domain/package-header.ts';

/**
 * Looks at every byte of an upload as it passes and keeps only what the header needs, so that a
 * package is read once. Bytes that are no package throw PACKAGE_MALFORMED, as early as it is known.
 */
export interface PackageTap {
  /** Any chunking; the chunk is not kept and may be reused afterwards. */
  write(chunk: Uint8Array): void;
  /** After the last byte: proves that the package is whole and answers what it says of itself. */
  end(): Promise<PackageHeader>;
}
