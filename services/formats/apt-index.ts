import type { DebHeader, DscHeader } from '../domain/package-header.ts';
import { withoutEpoch } from './dpkg-version.ts';

export interface IndexedFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface NamedFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

export interface ReleaseFields {
  readonly origin: string;
  readonly suite: string;
  readonly codename: string;
  readonly date: Date;
  readonly architectures: readonly string[];
  readonly components: readonly string[];
  readonly description: string;
  /** Paths below the folder of the Release; apt needs the plain indices listed even when only their .gz exists. */
  readonly files: readonly IndexedFile[];
}

/** The folder of a source package's files in reprepro's pool: by its first letter, four for libraries. */
export function poolFolder(source: string): string {
  const prefix = /^lib./.test(source) ? source.slice(0, 4) : source.slice(0, 1);
  return `pool/main/${prefix}/${source}`;
}

/** A package's name in the pool: by its header, without epoch; only its kind comes from the uploaded name. */
export function poolName(header: DebHeader, filename: string): string {
  const kind = /\.(?:deb|ddeb|udeb)$/.exec(filename)?.[0] ?? '.deb';
  const { package: name, version, architecture } = header;
  return `${name}_${withoutEpoch(version)}_${architecture}${kind}`;
}

/** An entry of Packages, with the blank line that ends it (Debian wiki, DebianRepository/Format). */
export function packagesStanza({ stanza }: DebHeader, { path, size, sha256 }: IndexedFile): string {
  return `${stanza}Filename: ${path}\nSize: ${size}\nSHA256: ${sha256}\n\n`;
}

/**
 * An entry of Sources, with the blank line that ends it. The .dsc stands among its files; Section and
 * Priority, which a .dsc has no need of, are not asked for.
 */
export function sourcesStanza(
  { stanza, files, md5 }: DscHeader,
  directory: string,
  dsc: NamedFile,
  stored: readonly NamedFile[],
): string {
  const md5s = [{ ...dsc, digest: md5 }, ...files.map((file) => ({ ...file, digest: file.md5 }))];
  const sha256s = [dsc, ...stored].map((file) => ({ ...file, digest: file.sha256 }));
  return [
    `${stanza}Directory: ${directory}\n`,
    ...fileList('Files', md5s),
    ...fileList('Checksums-Sha256', sha256s),
    '\n',
  ].join('');
}

/** The text that is signed: everything a client trusts follows from the hashes it lists. */
export function releaseText(release: ReleaseFields): string {
  return [
    `Origin: ${oneLine(release.origin)}\n`,
    `Suite: ${release.suite}\n`,
    `Codename: ${release.codename}\n`,
    `Date: ${release.date.toUTCString().replace(/GMT$/, 'UTC')}\n`,
    `Architectures: ${release.architectures.join(' ')}\n`,
    `Components: ${release.components.join(' ')}\n`,
    ...(release.description === '' ? [] : [`Description: ${oneLine(release.description)}\n`]),
    'Acquire-By-Hash: yes\n',
    ...fileList(
      'SHA256',
      release.files.map((file) => ({ ...file, digest: file.sha256, name: file.path })),
    ),
  ].join('');
}

function fileList(
  field: string,
  files: readonly { readonly name: string; readonly size: number; readonly digest: string }[],
): string[] {
  if (files.length === 0) return [];
  return [`${field}:\n`, ...files.map(({ name, size, digest }) => ` ${digest} ${size} ${name}\n`)];
}

/** Free text that comes from settings and refs stays in its field. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
