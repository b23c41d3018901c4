import type { RpmChangelog, RpmPackage } from './rpm-package.ts';
import { trimEndOf } from './trim-end.ts';
import { XmlPieces, escapeAttribute, escapeText, withoutForbidden } from './xml-text.ts';
import { packageStart } from './yum-elements.ts';

const MOST_CHANGELOGS = 10;

/** The entry of other.xml, as createrepo_c writes it; the sha256 of the package is left open. */
export function yumOther(rpm: RpmPackage): string {
  const xml = new XmlPieces();
  xml.add(packageStart(rpm));
  for (const { time, author, text } of listedChangelogs(rpm.changelogs)) {
    const name = escapeAttribute(withoutForbidden(withoutLastBlanks(author)));
    const prose = escapeText(withoutForbidden(text));
    xml.add(`<changelog author="${name}" date="${time}">${prose}</changelog>\n`);
  }
  xml.add('</package>\n');
  return xml.toString();
}

/** The newest ten, oldest first; where times are equal the newer ones move on a second each, so that the order survives. */
function listedChangelogs(changelogs: readonly RpmChangelog[]): RpmChangelog[] {
  const newestFirst = changelogs.slice(0, MOST_CHANGELOGS);
  const times: number[] = [];
  let last = 0;
  for (const [index, { time }] of newestFirst.entries()) {
    times.push(time);
    if (time !== last) last = time;
    else {
      for (let at = index - 1, taken = time; times[at] === taken; at -= 1) {
        taken += 1;
        times[at] = taken;
      }
    }
  }
  return newestFirst.map((entry, index) => ({ ...entry, time: times[index] ?? 0 })).reverse();
}

/** As createrepo_c, which leaves the first character whatever it is. */
function withoutLastBlanks(author: string): string {
  return author.slice(0, 1) + trimEndOf(author.slice(1), ' ');
}
