import { GitbuilderError } from './errors.ts';

const LONGEST = 2048;

/**
 * An address that others told us and that we hand on, as it stands: http or https, so that no page
 * makes a script of it, and without a user or password, so that no answer holds one.
 */
export function parseWebAddress(what: string, text: string): string {
  const reason = whyNot(text);
  if (reason !== null) refuse(what, reason);
  return text;
}

/** As `parseWebAddress`, with a slash at its end: clients join names to it. */
export function parseFolderAddress(what: string, text: string): string {
  const address = parseWebAddress(what, text);
  if (/[?#]/.test(address)) refuse(what, 'it has a query or fragment');
  // It will stand in a Location header and in source lists.
  if (/[^!-~]/.test(address)) refuse(what, 'it holds characters that must be percent-encoded');
  return address.endsWith('/') ? address : `${address}/`;
}

function refuse(what: string, reason: string): never {
  throw new GitbuilderError('REQUEST_INVALID', { reason: `${what}: ${reason}` });
}

function whyNot(text: string): string | null {
  if (text.length > LONGEST) return `it is longer than ${LONGEST} characters`;
  if (/[\p{Cc}\p{Z}"'<>\\`]/u.test(text)) return 'it holds a blank or a quoting character';
  if (!URL.canParse(text) || !/^https?:\/\//i.test(text)) return 'it is no http or https URL';
  const { username, password } = new URL(text);
  return username === '' && password === '' ? null : 'it holds a user or password';
}
