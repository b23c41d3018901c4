import type { RpmHeader } from '../domain/package-header.ts';
import { escapeAttribute } from './xml-text.ts';
import { PLACE } from './yum-places.ts';

/** The documents of a yum repository, each with an entry for every package. */
export type YumKind = 'primary' | 'filelists' | 'other';

/** What a repository knows of a package that its header does not say. */
export interface PlacedRpm {
  readonly sha256: string;
  readonly size: number;
  /** Epoch seconds. */
  readonly fileTime: number;
  /** Below the folder that holds repodata/; clients do the URL encoding. */
  readonly href: string;
}

/** The entries of a package in the documents of one repository: its stored ones with their open places filled. */
export function yumEntry(header: RpmHeader, file: PlacedRpm): Record<YumKind, string> {
  const { sha256, size, fileTime, href } = file;
  return {
    primary: filled(header.primary, [sha256, `${fileTime}`, `${size}`, escapeAttribute(href)]),
    filelists: filled(header.filelists, [sha256]),
    other: filled(header.other, [sha256]),
  };
}

function filled(entry: string, values: readonly string[]): string {
  const pieces: string[] = [];
  let from = 0;
  for (const value of values) {
    const place = entry.indexOf(PLACE, from);
    if (place < 0) throw new TypeError('a stored entry has fewer open places than it should');
    pieces.push(entry.slice(from, place), value);
    from = place + PLACE.length;
  }
  pieces.push(entry.slice(from));
  return pieces.join('');
}

const METADATA = 'http://linux.duke.edu/metadata';
const ROOTS: Readonly<Record<YumKind, { element: string; names: string }>> = {
  primary: { element: 'metadata', names: `xmlns="${METADATA}/common" xmlns:rpm="${METADATA}/rpm"` },
  filelists: { element: 'filelists', names: `xmlns="${METADATA}/filelists"` },
  other: { element: 'otherdata', names: `xmlns="${METADATA}/other"` },
};

/** What stands before and after the entries of a document, apart so that callers may compress in pieces. */
export function yumDocument(kind: YumKind, packages: number): { head: string; tail: string } {
  const { element, names } = ROOTS[kind];
  return {
    head: `<?xml version="1.0" encoding="UTF-8"?>\n<${element} ${names} packages="${packages}">\n`,
    tail: `</${element}>\n`,
  };
}
