import type { Generation, IndexFile } from '../domain/generation.ts';
import type { PackageHeader } from '../domain/package-header.ts';
import type { GzipMembers } from './gzip-members.ts';
import type { Signer } from './signer.ts';

/** A generation before its index files exist. */
export type Plan = Omit<Generation, 'files'>;

export type HeaderOf = (sha256: string) => PackageHeader | undefined;

/** The index files of a generation, and the bytes of those that do not carry their text. */
export interface Rendered {
  readonly files: readonly IndexFile[];
  readonly bytes: ReadonlyMap<string, Uint8Array>;
}

export interface RenderTools {
  readonly members: GzipMembers;
  readonly signer: Signer | null;
  /** Stand in Release, for apt's users to tell repositories apart. */
  readonly origin: string;
  readonly description: string;
}

/**
 * `standing` is a generation whose files may stand for a part that is the same there; their bytes are
 * not made again.
 */
export type RenderRepo = (
  plan: Plan,
  headerOf: HeaderOf,
  standing?: Generation | null,
) => Promise<Rendered>;
