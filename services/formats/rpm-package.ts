import { Malformed, shown } from './malformed.ts';
import { readDependencies } from './rpm-dependencies.ts';
import type { RpmDependencies } from './rpm-dependencies.ts';
import { readFiles } from './rpm-files.ts';
import type { RpmFile } from './rpm-files.ts';
import type { RpmTags } from './rpm-header.ts';
import { SIGNATURE_TAG, TAG } from './rpm-tags.ts';
import { isXmlText } from './xml-text.ts';

/** What the three index documents say of a package, read from its headers. */
export interface RpmPackage {
  readonly name: string;
  readonly epoch: number;
  readonly version: string;
  readonly release: string;
  readonly arch: string;
  readonly texts: RpmTexts;
  readonly buildTime: number;
  readonly installedSize: number;
  readonly archiveSize: number;
  /** Where the main header lies in the file. */
  readonly headerStart: number;
  readonly headerEnd: number;
  readonly dependencies: RpmDependencies;
  readonly files: readonly RpmFile[];
  /** As in the header: the newest first. */
  readonly changelogs: readonly RpmChangelog[];
}

export interface RpmTexts {
  readonly summary: string;
  readonly description: string;
  readonly packager: string;
  readonly url: string;
  readonly license: string;
  readonly vendor: string;
  readonly group: string;
  readonly buildHost: string;
  readonly sourceRpm: string;
}

export interface RpmChangelog {
  readonly time: number;
  readonly author: string;
  readonly text: string;
}

/** Reads a package; whatever rpm needs to tell it from others must be there and fit a line and a path. */
export function readPackage(
  signature: RpmTags,
  tags: RpmTags,
  place: { readonly start: number; readonly end: number },
): RpmPackage {
  const text = (tag: number): string => tags.text(tag) ?? '';
  return {
    name: word(tags, 'name', /^[^\s/\p{Cc}]{1,255}$/u),
    epoch: tags.number(TAG.epoch) ?? 0,
    version: word(tags, 'version', /^[^\s/:\p{Cc}]{1,255}$/u),
    release: word(tags, 'release', /^[^\s/:\p{Cc}]{1,255}$/u),
    // As createrepo_c: a package that names no source is a source. It becomes a folder name.
    arch: tags.has(TAG.sourceRpm)
      ? word(tags, 'arch', /^[A-Za-z0-9][A-Za-z0-9_+.-]{0,63}$/)
      : 'src',
    texts: {
      summary: text(TAG.summary),
      description: text(TAG.description),
      packager: text(TAG.packager),
      url: text(TAG.url),
      license: text(TAG.license),
      vendor: text(TAG.vendor),
      group: text(TAG.group),
      buildHost: text(TAG.buildHost),
      sourceRpm: text(TAG.sourceRpm),
    },
    buildTime: tags.number(TAG.buildTime) ?? 0,
    installedSize: tags.number(TAG.longSize) ?? tags.number(TAG.size) ?? 0,
    archiveSize:
      signature.number(SIGNATURE_TAG.longArchiveSize) ??
      signature.number(SIGNATURE_TAG.archiveSize) ??
      tags.number(TAG.payloadSizeUncompressed) ??
      0,
    headerStart: place.start,
    headerEnd: place.end,
    dependencies: readDependencies(tags),
    files: readFiles(tags),
    changelogs: readChangelogs(tags),
  };
}

function word(tags: RpmTags, tag: 'name' | 'version' | 'release' | 'arch', shape: RegExp): string {
  const text = tags.text(TAG[tag]);
  if (text === null) throw new Malformed(`its header has no ${tag}`);
  if (!shape.test(text) || !isXmlText(text))
    throw new Malformed(`its ${tag} cannot be ${shown(text)}`);
  return text;
}

function readChangelogs(tags: RpmTags): RpmChangelog[] {
  const authors = tags.texts(TAG.changelogNames);
  const texts = tags.texts(TAG.changelogTexts);
  const times = tags.numbers(TAG.changelogTimes);
  if (authors.length !== times.length || texts.length !== times.length) {
    throw new Malformed('the times, names and texts of its changelog differ in number');
  }
  return times.map((time, index) => {
    return { time, author: authors[index] ?? '', text: texts[index] ?? '' };
  });
}
