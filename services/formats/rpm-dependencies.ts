import { Malformed, shown } from './malformed.ts';
import type { RpmTags } from './rpm-header.ts';
import { DEPENDENCY_TAGS, SENSE } from './rpm-tags.ts';
import { isXmlText } from './xml-text.ts';

export interface RpmDependency {
  /** A name, a path, or a whole boolean expression in parentheses. */
  readonly name: string;
  readonly flags: number;
  /** `[epoch:]version[-release]`, or empty. */
  readonly version: string;
}

/** In the order in which primary.xml lists them. */
export const DEPENDENCY_KINDS = [
  'provides',
  'requires',
  'conflicts',
  'obsoletes',
  'suggests',
  'enhances',
  'recommends',
  'supplements',
] as const;

export type DependencyKind = (typeof DEPENDENCY_KINDS)[number];

export type RpmDependencies = Readonly<Record<DependencyKind, readonly RpmDependency[]>>;

/** All of a package's dependencies, weak ones of older rpm versions under today's names. */
export function readDependencies(tags: RpmTags): RpmDependencies {
  const read = (kind: keyof typeof DEPENDENCY_TAGS) => readKind(tags, kind);
  const [oldRecommends, oldSuggests] = divide(read('oldSuggests'), SENSE.strong);
  const [oldSupplements, oldEnhances] = divide(read('oldEnhances'), SENSE.strong);
  return {
    provides: read('provides'),
    requires: read('requires'),
    conflicts: read('conflicts'),
    obsoletes: read('obsoletes'),
    suggests: [...read('suggests'), ...oldSuggests],
    enhances: [...read('enhances'), ...oldEnhances],
    recommends: [...read('recommends'), ...oldRecommends],
    supplements: [...read('supplements'), ...oldSupplements],
  };
}

function readKind(tags: RpmTags, kind: keyof typeof DEPENDENCY_TAGS): RpmDependency[] {
  const known = DEPENDENCY_TAGS[kind];
  const names = tags.texts(known.names);
  const flags = tags.numbers(known.flags);
  const versions = tags.texts(known.versions);
  if (flags.length !== names.length || versions.length !== names.length) {
    throw new Malformed(`the names, flags and versions of its ${kind} differ in number`);
  }
  return names.map((name, index) => {
    const version = versions[index] ?? '';
    if (!isXmlText(name) || !isXmlText(version)) {
      throw new Malformed(`its ${kind} hold a control character: ${shown(`${name} ${version}`)}`);
    }
    return { name, flags: flags[index] ?? 0, version };
  });
}

function divide(
  all: readonly RpmDependency[],
  bit: number,
): [withBit: RpmDependency[], without: RpmDependency[]] {
  return [all.filter(({ flags }) => flags & bit), all.filter(({ flags }) => !(flags & bit))];
}
