import { DEPENDENCY_KINDS } from './rpm-dependencies.ts';
import type { DependencyKind, RpmDependency } from './rpm-dependencies.ts';
import type { RpmPackage } from './rpm-package.ts';
import { XmlPieces, escapeAttribute, escapeText } from './xml-text.ts';
import { fileElement, proseElement, versionElement } from './yum-elements.ts';
import { PLACE } from './yum-places.ts';
import { comparison, isPrimary, listedRequires } from './yum-requires.ts';
import type { Requirement } from './yum-requires.ts';

/**
 * The entry of primary.xml, as createrepo_c writes it. Left open, in this order: sha256, time of the
 * file, size of the file, location.
 */
export function yumPrimary(rpm: RpmPackage): string {
  const { texts } = rpm;
  const xml = new XmlPieces();
  xml.add(
    '<package type="rpm">\n' +
      `<name>${escapeText(rpm.name)}</name>\n` +
      `<arch>${escapeText(rpm.arch)}</arch>\n` +
      versionElement(rpm) +
      `<checksum type="sha256" pkgid="YES">${PLACE}</checksum>\n`,
  );
  xml.add(proseElement('summary', texts.summary));
  xml.add(proseElement('description', texts.description));
  xml.add(proseElement('packager', texts.packager));
  xml.add(proseElement('url', texts.url));
  xml.add(
    `<time file="${PLACE}" build="${rpm.buildTime}"/>\n` +
      `<size package="${PLACE}" installed="${rpm.installedSize}" archive="${rpm.archiveSize}"/>\n` +
      `<location href="${PLACE}"/>\n<format>\n`,
  );
  xml.add(proseElement('rpm:license', texts.license));
  xml.add(proseElement('rpm:vendor', texts.vendor));
  xml.add(proseElement('rpm:group', texts.group));
  xml.add(proseElement('rpm:buildhost', texts.buildHost));
  xml.add(proseElement('rpm:sourcerpm', texts.sourceRpm));
  xml.add(`<rpm:header-range start="${rpm.headerStart}" end="${rpm.headerEnd}"/>\n`);
  addDependencies(xml, rpm);
  for (const file of rpm.files) {
    if (isPrimary(file.path)) xml.add(fileElement(file));
  }
  xml.add('</format>\n</package>\n');
  return xml.toString();
}

function addDependencies(xml: XmlPieces, rpm: RpmPackage): void {
  const { requires, recommends } = listedRequires(rpm);
  const lists: Record<DependencyKind, readonly (RpmDependency | Requirement)[]> = {
    ...rpm.dependencies,
    requires,
    recommends: [...recommends, ...rpm.dependencies.recommends],
  };
  for (const kind of DEPENDENCY_KINDS) {
    const list = lists[kind].filter(({ name }) => name !== '');
    if (list.length === 0) continue;
    xml.add(`<rpm:${kind}>\n`);
    for (const dependency of list) xml.add(entryElement(dependency));
    xml.add(`</rpm:${kind}>\n`);
  }
}

function entryElement(dependency: RpmDependency | Requirement): string {
  const { name, flags } = dependency;
  const compare = comparison(flags);
  const version = compare === undefined ? '' : ` flags="${compare}"${evrAttributes(dependency)}`;
  const pre = 'pre' in dependency && dependency.pre ? ' pre="1"' : '';
  return `<rpm:entry name="${escapeAttribute(name)}"${version}${pre}/>\n`;
}

/** `[epoch:]ver[-rel]` in its parts; an epoch is digits, anything else before a colon belongs to the version. */
function evrAttributes({ version: evr }: RpmDependency): string {
  if (evr === '') return '';
  const [, epoch = '', rest = evr] = /^(\d*):(.*)$/s.exec(evr) ?? [];
  const dash = rest.indexOf('-');
  const version = dash < 0 ? rest : rest.slice(0, dash);
  const release = dash < 0 ? '' : rest.slice(dash + 1);
  return (
    ` epoch="${epoch === '' ? '0' : epoch}"` +
    (version === '' ? '' : ` ver="${escapeAttribute(version)}"`) +
    (release === '' ? '' : ` rel="${escapeAttribute(release)}"`)
  );
}
