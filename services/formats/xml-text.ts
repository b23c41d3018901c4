import { Malformed } from './malformed.ts';

/** What XML 1.0 (production 2, Char) cannot hold in any form. */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const ALL_FORBIDDEN = new RegExp(FORBIDDEN, 'gu');
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Whether every character may stand in XML. */
export function isXmlText(text: string): boolean {
  return !FORBIDDEN.test(text);
}

/** Prose without the characters that XML cannot hold, for which createrepo_c drops the whole package. */
export function withoutForbidden(text: string): string {
  return FORBIDDEN.test(text) ? text.replace(ALL_FORBIDDEN, '') : text;
}

/** Text of an element. */
export function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, escape);
}

/** A value between double quotes, where readers would take bare line ends for blanks. */
export function escapeAttribute(text: string): string {
  return text.replace(/[&<>"\t\n\r]/g, escape);
}

function escape(character: string): string {
  return ESCAPES[character] ?? character;
}

const LONGEST = 64 * 1024 * 1024;

/** XML that grows piece by piece and stays within what can be kept of one package. */
export class XmlPieces {
  readonly #pieces: string[] = [];
  #length = 0;

  add(piece: string): void {
    this.#length += piece.length;
    if (this.#length > LONGEST) {
      throw new Malformed(`its index entry would be longer than ${LONGEST} characters`);
    }
    this.#pieces.push(piece);
  }

  toString(): string {
    return this.#pieces.join('');
  }
}
