import { Malformed, shown } from './malformed.ts';

/** Stands in a stored fragment where a value is filled in later: a character that XML cannot hold. */
export const PLACE = '\0';

/** Characters that no XML 1.0 document may hold, not even escaped (XML 1.0, 2.2). */
// eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const ALL_ILLEGAL = new RegExp(ILLEGAL, 'g');
/** A package that says more has no use for it, and strings have an end. */
const LONGEST = 128 * 1024 * 1024;

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Text between tags. */
export function xmlText(text: string): string {
  return text.replace(/[&<>\r]/g, reference);
}

/** Text between double quotes, where XML readers would turn bare line ends into blanks. */
export function xmlAttribute(text: string): string {
  return text.replace(/[&<>"\t\n\r]/g, reference);
}

function reference(character: string): string {
  return REFERENCES[character] ?? character;
}

/** Prose without the control characters for which createrepo_c drops the whole package. */
export function withoutControls(text: string): string {
  return ILLEGAL.test(text) ? text.replace(ALL_ILLEGAL, '') : text;
}

/** A name, dependency or path as it stands: a changed one would be another, so a broken one is refused. */
export function requireLegal(what: string, text: string): string {
  if (ILLEGAL.test(text)) throw new Malformed(`its ${what} ${shown(text)} holds a control character`);
  return text;
}

/** Collects the pieces of one fragment, up to a length that no honest package reaches. */
export class Fragment {
  readonly #pieces: string[] = [];
  #length = 0;

  add(piece: string): void {
    this.#length += piece.length;
    if (this.#length > LONGEST) {
      throw new Malformed(`its index entry is longer than ${LONGEST} characters`);
    }
    this.#pieces.push(piece);
  }

  toString(): string {
    return this.#pieces.join('');
  }
}
