import type { RpmFile } from './rpm-files.ts';
import type { RpmPackage } from './rpm-package.ts';
import { escapeAttribute, escapeText, withoutForbidden } from './xml-text.ts';
import { PLACE } from './yum-places.ts';

/** The start that entries of filelists.xml and other.xml share. */
export function packageStart(rpm: RpmPackage): string {
  const { name, arch } = rpm;
  return (
    `<package pkgid="${PLACE}" name="${escapeAttribute(name)}" arch="${escapeAttribute(arch)}">\n` +
    versionElement(rpm)
  );
}

/** The version of a package, in all three documents. */
export function versionElement({ epoch, version, release }: RpmPackage): string {
  return `<version epoch="${epoch}" ver="${escapeAttribute(version)}" rel="${escapeAttribute(release)}"/>\n`;
}

/** A file of a package, in primary.xml and filelists.xml. */
export function fileElement({ path, kind }: RpmFile): string {
  return `<file${kind === 'file' ? '' : ` type="${kind}"`}>${escapeText(path)}</file>\n`;
}

/** An element of free text, in which nothing depends on a control character. */
export function proseElement(name: string, text: string): string {
  return `<${name}>${escapeText(withoutForbidden(text))}</${name}>\n`;
}
