import type { RpmPackage } from './rpm-package.ts';
import { XmlPieces } from './xml-text.ts';
import { fileElement, packageStart } from './yum-elements.ts';

/** The entry of filelists.xml, as createrepo_c writes it; the sha256 of the package is left open. */
export function yumFilelists(rpm: RpmPackage): string {
  const xml = new XmlPieces();
  xml.add(packageStart(rpm));
  for (const file of rpm.files) xml.add(fileElement(file));
  xml.add('</package>\n');
  return xml.toString();
}
