import { Malformed } from './malformed.ts';

const BEGIN = '-----BEGIN PGP SIGNED MESSAGE-----';
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----';
const END = '-----END PGP SIGNATURE-----';

/**
 * The text inside an OpenPGP cleartext signature (RFC 9580, 7); other text as it is. The signature
 * is not verified, but nothing may stand outside it, where a reader could mistake it for signed.
 */
export function signedText(text: string): string {
  if (!text.trimStart().startsWith(BEGIN)) return text;
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.trimEnd());
  const blank = lines.indexOf('');
  const signature = lines.indexOf(SIGNATURE);
  if (
    lines[0] !== BEGIN ||
    blank < 0 ||
    signature < blank ||
    lines.indexOf(END) !== lines.length - 1
  ) {
    throw new Malformed('its OpenPGP signature is cut off, or text stands outside of it');
  }
  const inside = lines.slice(blank + 1, signature).map((line) => line.replace(/^- /, ''));
  return `${inside.join('\n')}\n`;
}
