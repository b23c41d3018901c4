import type { DebHeader } from '../domain/package-header.ts';
import {
  decodeControl,
  fieldValue,
  onlyParagraph,
  paragraphText,
  requiredValue,
} from './control-paragraphs.ts';
import { isDpkgVersion, withoutEpoch } from './dpkg-version.ts';
import { Malformed, shown } from './malformed.ts';

const MAX_CONTROL_BYTES = 1024 * 1024;
const MAX_FILE_NAME = 255;

/** What an index says of the file itself, and what only dpkg's own database says: never copied from a package. */
const NOT_IN_PACKAGES = new Set([
  'filename',
  'size',
  'md5sum',
  'sha1',
  'sha256',
  'sha512',
  'status',
]);

/** Reads a binary package's control file into what Packages says of it (Debian policy 5.3), as apt-ftparchive would. */
export function debHeader(control: Uint8Array): DebHeader {
  if (control.length > MAX_CONTROL_BYTES) {
    throw new Malformed(`its control file is larger than ${MAX_CONTROL_BYTES} bytes`);
  }
  const fields = onlyParagraph(decodeControl(control));
  const name = packageName('Package', requiredValue(fields, 'Package'));
  const version = packageVersion(requiredValue(fields, 'Version'));
  const architecture = architectureName(requiredValue(fields, 'Architecture'));
  if (`${name}_${withoutEpoch(version)}_${architecture}.ddeb`.length > MAX_FILE_NAME) {
    throw new Malformed('its name, version and architecture are too long for a file name');
  }
  const source = sourceName(fieldValue(fields, 'Source')) ?? name;
  const kept = fields.filter((field) => !NOT_IN_PACKAGES.has(field.name.toLowerCase()));
  const isPackage = (field: { readonly name: string }) => field.name.toLowerCase() === 'package';
  const stanza = paragraphText([
    { name: 'Package', value: name },
    ...kept.filter((field) => !isPackage(field)),
  ]);
  return { kind: 'deb', package: name, version, architecture, source, stanza };
}

/** A package name as in Debian policy 5.6.1: it becomes part of paths. */
export function packageName(field: string, value: string): string {
  if (!/^[a-z0-9][a-z0-9+.-]+$/.test(value) || value.length > MAX_FILE_NAME) {
    throw new Malformed(`its ${field} ${shown(value)} is not a package name (Debian policy 5.6.1)`);
  }
  return value;
}

/** A version as in Debian policy 5.6.12: it becomes part of paths. */
export function packageVersion(value: string): string {
  if (!isDpkgVersion(value) || value.length > MAX_FILE_NAME) {
    throw new Malformed(`its Version ${shown(value)} is not a version (Debian policy 5.6.12)`);
  }
  return value;
}

/** A package is built for one architecture; `any` and `source` are words of source packages. */
function architectureName(value: string): string {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(value) || value === 'any' || value === 'source') {
    throw new Malformed(`its Architecture ${shown(value)} is not the name of one architecture`);
  }
  return value;
}

/** `NAME` or `NAME (VERSION)` (Debian policy 5.6.1); absent when it is the package's own name. */
function sourceName(value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  const parts = /^(\S+)(?: +\(([^()\s]+)\))?$/.exec(value);
  if (parts === null)
    throw new Malformed(`its Source ${shown(value)} is not NAME or NAME (VERSION)`);
  const [, name = '', version] = parts;
  if (version !== undefined) packageVersion(version);
  return packageName('Source', name);
}
