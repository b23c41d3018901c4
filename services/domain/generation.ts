import type { RepoIdentity } from './identity.ts';
import type { BlobRef, LeftOut, RepoType } from './repo.ts';

/** A package's place in a published repository: the path under the repo's URL and the blob behind it. */
export interface PublishedPackage {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  /** Epoch seconds of the upload: `time file` in yum metadata, Last-Modified on the wire. */
  readonly time: number;
  /** deb: the codename under whose `dists/` it stands; elsewhere empty. A package of two codenames stands here twice. */
  readonly suite: string;
}

/** Why a repo holds a file that was uploaded to another one. */
export interface Origin {
  readonly kind: 'combined' | 'generic' | 'extra';
  /** Where it was uploaded to. */
  readonly repo: RepoIdentity;
  /** The setting that says so; null where it needs none. */
  readonly setting: string | null;
}

/** A file that somebody picked for a repository: publishing does not ask why. */
export interface Picked {
  readonly name: string;
  /** The arch under which it was uploaded. */
  readonly arch: string;
  /** Null for a binary that was only announced by its metadata. */
  readonly blob: BlobRef | null;
  /** Epoch seconds of the upload: the earlier of two equal packages is the one published. */
  readonly time: number;
  /** deb: the codename to publish it under; elsewhere empty. */
  readonly suite: string;
  /** Null for what was uploaded to the repo itself. */
  readonly origin: Origin | null;
}

/** An index file of a generation. Small ones that cannot be derived again (signatures) carry their text. */
export interface IndexFile {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly text?: string;
}

/**
 * Whether a client begins with this file or checks such a one with it: Release, repomd.xml, SHA256SUMS
 * and their signatures, which all stand in the manifest. Only those of the live generation are true.
 */
export function isEntryFile({ text }: IndexFile): boolean {
  return text !== undefined;
}

/** One published, immutable state of a repo: from it and the parsed headers every index file follows. */
export interface Generation {
  readonly number: number;
  readonly type: RepoType;
  /** RFC 3339 UTC; stands in Release and repomd.xml. */
  readonly date: string;
  /** deb: the codenames, each with its own `dists/`; the repo's own first, there even when empty. */
  readonly suites: readonly string[];
  /** rpm: one root instead of a directory per arch. */
  readonly singleRoot: boolean;
  readonly archs: readonly string[];
  readonly packages: readonly PublishedPackage[];
  readonly files: readonly IndexFile[];
  /** The repo's revision it was made from, and what was left out; those of before one could go back have neither. */
  readonly revision?: number;
  readonly leftOut?: {
    readonly shadowed: readonly LeftOut[];
    readonly superseded: readonly LeftOut[];
    readonly incomplete: readonly LeftOut[];
  };
}

/** Whether an index of these packages is the same, entry by entry. */
export function areSamePackages(
  a: readonly PublishedPackage[],
  b: readonly PublishedPackage[],
): boolean {
  if (a.length !== b.length) return false;
  return a.every(({ path, sha256, suite, time }, index) => {
    const other = b[index];
    return (
      other?.path === path &&
      other.sha256 === sha256 &&
      other.suite === suite &&
      other.time === time
    );
  });
}
