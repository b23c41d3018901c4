/**
 * What publishing needs to know of a package, read once while it streams in and kept beside its
 * blob. Plain JSON: it is stored as such and can be read again from the bytes at any time.
 */
export type PackageHeader = DebHeader | DscHeader | RpmHeader;

export interface DebHeader {
  readonly kind: 'deb';
  readonly package: string;
  readonly version: string;
  readonly architecture: string;
  /** Name of the source package: decides the pool folder. */
  readonly source: string;
  /** The control fields as they stand in Packages, without Filename, Size and checksums. Ends with a newline. */
  readonly stanza: string;
}

export interface DscHeader {
  readonly kind: 'dsc';
  readonly source: string;
  readonly version: string;
  /** The fields for Sources (Package, Format, Binary …) without Directory, Files and Checksums-*. Ends with a newline. */
  readonly stanza: string;
  /** The files the .dsc names, itself not included. */
  readonly files: readonly DscFile[];
  /** MD5 of the .dsc itself, which Sources lists under Files. */
  readonly md5: string;
}

export interface DscFile {
  readonly name: string;
  readonly size: number;
  readonly md5: string;
  readonly sha256: string | null;
}

export interface RpmHeader {
  readonly kind: 'rpm';
  readonly name: string;
  readonly epoch: number;
  readonly version: string;
  readonly release: string;
  /** From the header, never from the file name; `src` for a source package. */
  readonly arch: string;
  /** The three documents' entries of this package, with the places for digest, size, time and location left open. */
  readonly primary: string;
  readonly filelists: string;
  readonly other: string;
}

const KINDS: ReadonlyMap<string, PackageHeader['kind']> = new Map([
  ['.deb', 'deb'],
  ['.ddeb', 'deb'],
  ['.udeb', 'deb'],
  ['.dsc', 'dsc'],
  ['.rpm', 'rpm'],
]);

/** The kind of package that a file of this name is; null for a file that is stored but not understood. */
export function packageKind(fileName: string): PackageHeader['kind'] | null {
  return KINDS.get(fileName.slice(fileName.lastIndexOf('.'))) ?? null;
}

/** What a package calls itself. */
export function packageName(header: PackageHeader): string {
  switch (header.kind) {
    case 'deb':
      return header.package;
    case 'dsc':
      return header.source;
    case 'rpm':
      return header.name;
  }
}

/** Its version, as its package manager writes it. */
export function packageVersion(header: PackageHeader): string {
  switch (header.kind) {
    case 'deb':
    case 'dsc':
      return header.version;
    case 'rpm': {
      const { epoch, version, release } = header;
      return `${epoch === 0 ? '' : `${epoch}:`}${version}-${release}`;
    }
  }
}

/** The architecture it is for, by its own words. */
export function packageArch(header: PackageHeader): string {
  switch (header.kind) {
    case 'deb':
      return header.architecture;
    case 'dsc':
      return 'source';
    case 'rpm':
      return header.arch;
  }
}
