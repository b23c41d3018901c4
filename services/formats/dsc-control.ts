import { createHash } from 'node:crypto';
import type { DscFile, DscHeader } from '../domain/package-header.ts';
import { signedText } from './clearsigned.ts';
import {
  decodeControl,
  fieldValue,
  onlyParagraph,
  paragraphText,
  requiredValue,
} from './control-paragraphs.ts';
import type { ControlParagraph } from './control-paragraphs.ts';
import { packageName, packageVersion } from './deb-control.ts';
import { Malformed, shown } from './malformed.ts';

/** What Sources says in other words, or says of the files themselves. */
const NOT_IN_SOURCES = new Set([
  'source',
  'package',
  'directory',
  'files',
  'checksums-sha1',
  'checksums-sha256',
  'checksums-sha512',
]);

/** Reads a source package's control file into what Sources says of it (Debian policy 5.4). */
export function dscHeader(bytes: Uint8Array): DscHeader {
  const fields = onlyParagraph(signedText(decodeControl(bytes)));
  requiredValue(fields, 'Format');
  const source = packageName('Source', requiredValue(fields, 'Source'));
  const version = packageVersion(requiredValue(fields, 'Version'));
  const stanza = paragraphText([
    { name: 'Package', value: source },
    ...fields.filter(({ name }) => !NOT_IN_SOURCES.has(name.toLowerCase())),
  ]);
  const md5 = createHash('md5').update(bytes).digest('hex');
  return { kind: 'dsc', source, version, stanza, files: dscFiles(fields), md5 };
}

function dscFiles(fields: ControlParagraph): DscFile[] {
  const listed = fileLines(requiredValue(fields, 'Files'), 'Files', 32);
  const sha256s = fileLines(fieldValue(fields, 'Checksums-Sha256') ?? '', 'Checksums-Sha256', 64);
  for (const [name, { size }] of sha256s) {
    if (listed.get(name)?.size !== size) {
      throw new Malformed(`its Files and Checksums-Sha256 disagree about ${name}`);
    }
  }
  return [...listed].map(([name, { size, digest }]) => {
    return { name, size, md5: digest, sha256: sha256s.get(name)?.digest ?? null };
  });
}

/** Lines of `DIGEST SIZE NAME` (Debian policy 5.6.21 and 5.6.24). */
function fileLines(
  value: string,
  field: string,
  digits: number,
): Map<string, { size: number; digest: string }> {
  const files = new Map<string, { size: number; digest: string }>();
  for (const line of value.split('\n')) {
    if (line.trim() === '') continue;
    const parts = /^([0-9a-f]+)\s+(\d{1,15})\s+([A-Za-z0-9][A-Za-z0-9+.~_:%-]{0,254})$/.exec(
      line.trim(),
    );
    const [, digest = '', size = '', name = ''] = parts ?? [];
    if (digest.length !== digits) {
      throw new Malformed(`its ${field} has an unreadable line ${shown(line)}`);
    }
    if (files.has(name)) throw new Malformed(`its ${field} names ${name} twice`);
    files.set(name, { size: Number(size), digest });
  }
  return files;
}
