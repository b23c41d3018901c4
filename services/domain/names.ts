import { GitbuilderError } from './errors.ts';

const MAX_BYTES = 255;

/** The bytes a string takes in UTF-8: what file systems and clients count, unlike its length. */
export function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

function refuse(what: string, value: string, reason: string): never {
  const shown = value.length > 60 ? `${value.slice(0, 60)}…` : value;
  throw new GitbuilderError('NAME_INVALID', { what, value: JSON.stringify(shown), reason });
}

function requireSegment(what: string, value: string): void {
  if (value === '') refuse(what, value, 'it is empty');
  if (value === '.' || value === '..') refuse(what, value, 'it would leave its folder');
  if (value.includes('/') || value.includes('\\')) refuse(what, value, 'it holds a path separator');
  if (/\p{Cc}/u.test(value)) refuse(what, value, 'it holds a control character');
  // The index of a yum repository names its files, and no XML can hold these.
  if (/\p{Noncharacter_Code_Point}/u.test(value)) refuse(what, value, 'it holds a noncharacter');
  if (/\p{Surrogate}/u.test(value)) refuse(what, value, 'it is not valid UTF-8');
  if (utf8Length(value) > MAX_BYTES) refuse(what, value, `it is longer than ${MAX_BYTES} bytes`);
}

/**
 * One word of an identity (project, sha1, distro, version, arch, flavor). These stand unquoted in
 * apt source lists and Release files, so blanks and quoting characters are refused.
 */
export function parseWord(what: string, value: string): string {
  requireSegment(what, value);
  if (/[\s%?#"'`<>[\]{}|^]/.test(value))
    refuse(what, value, 'it holds a blank or a quoting character');
  return value;
}

/** A git ref: words joined by "/"; "%" is refused because apt decodes it once more than others. */
export function parseRef(value: string): string {
  if (value === '') refuse('ref', value, 'it is empty');
  if (utf8Length(value) > MAX_BYTES) refuse('ref', value, `it is longer than ${MAX_BYTES} bytes`);
  for (const part of value.split('/')) parseWord('ref', part);
  return value;
}

/** The name of an uploaded file: any single path segment but the words that the URL scheme takes. */
export function parseBinaryName(value: string): string {
  requireSegment('file name', value);
  if (value === 'flavors') refuse('file name', value, 'the word is reserved in this URL');
  return value;
}
