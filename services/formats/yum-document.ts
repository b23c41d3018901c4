import type { RpmHeader } from '../domain/package-header.ts';
import { PLACE, xmlAttribute } from './xml-text.ts';

/** The three documents of a yum repository. */
export type YumKind = 'primary' | 'filelists' | 'other';

const METADATA = 'http://linux.duke.edu/metadata';

/** What is known of a package only when it is stored and placed. */
export interface PlacedRpm {
  readonly sha256: string;
  readonly size: number;
  /** Epoch seconds. */
  readonly fileTime: number;
  /** Relative to the root of the repository; clients do the URL encoding. */
  readonly href: string;
}

/** What stands before and after the packages' entries, apart so that callers may compress in pieces. */
export function yumDocument(kind: YumKind, packages: number): { head: string; tail: string } {
  const { element, names } = root(kind);
  return {
    head: `<?xml version="1.0" encoding="UTF-8"?>\n<${element} ${names} packages="${packages}">\n`,
    tail: `</${element}>\n`,
  };
}

function root(kind: YumKind): { element: string; names: string } {
  switch (kind) {
    case 'primary':
      return {
        element: 'metadata',
        names: `xmlns="${METADATA}/common" xmlns:rpm="${METADATA}/rpm"`,
      };
    case 'filelists':
      return { element: 'filelists', names: `xmlns="${METADATA}/filelists"` };
    case 'other':
      return { element: 'otherdata', names: `xmlns="${METADATA}/other"` };
  }
}

/** The entries of one package in the three documents: its stored fragments with the places filled in. */
export function yumEntry(header: RpmHeader, file: PlacedRpm): Record<YumKind, string> {
  const { sha256, size, fileTime, href } = file;
  return {
    primary: fill(header.primary, [sha256, `${fileTime}`, `${size}`, xmlAttribute(href)]),
    filelists: fill(header.filelists, [sha256]),
    other: fill(header.other, [sha256]),
  };
}

function fill(fragment: string, values: readonly string[]): string {
  const parts = fragment.split(PLACE);
  return parts.map((part, index) => part + (values[index] ?? '')).join('');
}
