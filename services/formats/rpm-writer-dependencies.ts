import type { RpmText, RpmValue } from './rpm-header-writer.ts';
import { DEPENDENCY_TAGS, SENSE } from './rpm-tags.ts';

export interface RpmDependencyInput {
  readonly name: RpmText;
  /** Bits of SENSE. */
  readonly flags?: number;
  readonly version?: RpmText;
}

/** The three tags of one kind of dependencies; none when there are none. */
export function dependencyTags(
  kind: keyof typeof DEPENDENCY_TAGS,
  list: readonly RpmDependencyInput[],
): [number, RpmValue][] {
  if (list.length === 0) return [];
  const { names, flags, versions } = DEPENDENCY_TAGS[kind];
  return [
    [names, { type: 'strings', values: list.map(({ name }) => name) }],
    [flags, { type: 'int32', values: list.map((dependency) => dependency.flags ?? 0) }],
    [versions, { type: 'strings', values: list.map(({ version }) => version ?? '') }],
  ];
}

/** What an rpm must understand to install the package, as rpmbuild notes it: older ones then refuse it. */
export function rpmlibRequires(
  evr: string,
  dependencies: readonly RpmDependencyInput[],
): RpmDependencyInput[] {
  const isRich = dependencies.some(({ name }) => Buffer.from(name)[0] === '('.charCodeAt(0));
  const features: [needed: boolean, name: string, since: string][] = [
    [true, 'CompressedFileNames', '3.0.4-1'],
    [true, 'FileDigests', '4.6.0-1'],
    [true, 'PayloadFilesHavePrefix', '4.0-1'],
    [isRich, 'RichDependencies', '4.12.0-1'],
    [evr.includes('~'), 'TildeInVersions', '4.10.0-1'],
    [evr.includes('^'), 'CaretInVersions', '4.15.0-1'],
  ];
  return features
    .filter(([needed]) => needed)
    .map(([, name, version]) => {
      return { name: `rpmlib(${name})`, flags: SENSE.rpmlib | SENSE.less | SENSE.equal, version };
    });
}
