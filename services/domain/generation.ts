import type { RepoType } from './repo.ts';

/** A package's place in a published repository: the path under the repo's URL and the blob behind it. */
export interface PublishedPackage {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  /** Epoch seconds of the upload: `time file` in yum metadata, Last-Modified on the wire. */
  readonly time: number;
}

/** An index file of a generation. Small ones that cannot be derived again (signatures) carry their text. */
export interface IndexFile {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly text?: string;
}

/** One published, immutable state of a repo: from it and the parsed headers every index file follows. */
export interface Generation {
  readonly number: number;
  readonly type: RepoType;
  /** RFC 3339 UTC; stands in Release and repomd.xml. */
  readonly date: string;
  /** deb: the codename. */
  readonly codename: string;
  /** rpm: one root instead of a directory per arch. */
  readonly singleRoot: boolean;
  readonly archs: readonly string[];
  readonly packages: readonly PublishedPackage[];
  readonly files: readonly IndexFile[];
}
