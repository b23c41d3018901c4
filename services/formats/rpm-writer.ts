import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { writeCpio } from './cpio-writer.ts';
import { DEPENDENCY_KINDS } from './rpm-dependencies.ts';
import type { DependencyKind } from './rpm-dependencies.ts';
import { writeHeader } from './rpm-header-writer.ts';
import type { RpmText, RpmValue } from './rpm-header-writer.ts';
import { dependencyTags, rpmlibRequires } from './rpm-writer-dependencies.ts';
import type { RpmDependencyInput } from './rpm-writer-dependencies.ts';
import { fileTags, sortedFiles } from './rpm-writer-files.ts';
import type { RpmFileInput } from './rpm-writer-files.ts';
import { SENSE, SIGNATURE_TAG, TAG } from './rpm-tags.ts';

/** Its own name and version are added to what it provides, and what rpm must be able to do to what it requires. */
export interface RpmInput extends RpmDependencyInputs {
  readonly name: string;
  readonly epoch?: number;
  readonly version: string;
  readonly release: string;
  readonly arch: string;
  readonly summary: RpmText;
  readonly description?: RpmText;
  readonly license?: RpmText;
  readonly vendor?: RpmText;
  readonly group?: RpmText;
  readonly url?: RpmText;
  readonly packager?: RpmText;
  readonly files: readonly RpmFileInput[];
  /** The newest first. */
  readonly changelog?: readonly {
    readonly time: number;
    readonly author: RpmText;
    readonly text: RpmText;
  }[];
  /** Epoch seconds, also of the files: the same input gives the same bytes. */
  readonly buildTime: number;
}

type RpmDependencyInputs = {
  readonly [kind in DependencyKind]?: readonly RpmDependencyInput[];
};

const HEADER_REGION = 63;
const SIGNATURE_REGION = 62;
const SHA256_ALGORITHM = 8;

/** A real binary package (RPM documentation, "V4 Package format"), small and made in memory: the demo and the tests need many of them. */
export function writeRpm(input: RpmInput): Uint8Array {
  const files = sortedFiles(input.files);
  const packed = files.filter(({ ghost }) => !ghost);
  const cpio = writeCpio(
    packed.map(({ path, mode, content }) => ({ path: `.${path}`, mode, content })),
    input.buildTime,
  );
  const payload = gzipSync(cpio, { level: 9 });
  const tags = new Map<number, RpmValue>([
    ...identityTags(input),
    ...dependencies(input),
    ...fileTags(files, input.buildTime),
    ...changelogTags(input),
    [TAG.payloadDigest, { type: 'strings', values: [digest('sha256', payload)] }],
    [TAG.payloadDigestAlgorithm, { type: 'int32', values: [SHA256_ALGORITHM] }],
  ]);
  const header = writeHeader(HEADER_REGION, tags);
  const signature = writeSignature(header, payload, cpio.length);
  return Buffer.concat([lead(input), signature, header, payload]);
}

/** Only its first bytes matter; the rest is as rpmbuild writes it (RPM documentation, "Lead"). */
function lead({ name, version, release }: RpmInput): Buffer {
  const bytes = Buffer.alloc(96);
  bytes.set([0xed, 0xab, 0xee, 0xdb, 3, 0, 0, 0, 0, 1]);
  bytes.write(`${name}-${version}-${release}`, 10, 65);
  bytes.set([0, 1, 0, 5], 76);
  return bytes;
}

function writeSignature(header: Buffer, payload: Buffer, archiveSize: number): Buffer {
  const both = Buffer.concat([header, payload]);
  const md5 = createHash('md5').update(both).digest();
  const bytes = writeHeader(
    SIGNATURE_REGION,
    new Map<number, RpmValue>([
      [SIGNATURE_TAG.sha1, { type: 'string', values: [digest('sha1', header)] }],
      [SIGNATURE_TAG.sha256, { type: 'string', values: [digest('sha256', header)] }],
      [SIGNATURE_TAG.size, { type: 'int32', values: [both.length] }],
      [SIGNATURE_TAG.md5, { type: 'binary', bytes: md5 }],
      [SIGNATURE_TAG.archiveSize, { type: 'int32', values: [archiveSize] }],
    ]),
  );
  return Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
}

function digest(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

function identityTags(input: RpmInput): [number, RpmValue][] {
  const { name, version, release, arch, summary, buildTime } = input;
  const texts: [number, RpmText | undefined][] = [
    [TAG.name, name],
    [TAG.version, version],
    [TAG.release, release],
    [TAG.buildHost, 'localhost'],
    [TAG.vendor, input.vendor],
    [TAG.license, input.license ?? 'unspecified'],
    [TAG.packager, input.packager],
    [TAG.url, input.url],
    [TAG.os, 'linux'],
    [TAG.arch, arch],
    [TAG.sourceRpm, `${name}-${version}-${release}.src.rpm`],
    [TAG.rpmVersion, '4.18.0'],
    [TAG.payloadFormat, 'cpio'],
    [TAG.payloadCompressor, 'gzip'],
    [TAG.payloadFlags, '9'],
  ];
  const translated: [number, RpmText][] = [
    [TAG.summary, summary],
    [TAG.description, input.description ?? summary],
    [TAG.group, input.group ?? 'Unspecified'],
  ];
  return [
    [TAG.i18nTable, { type: 'strings', values: ['C'] }],
    ...texts.flatMap(([tag, text]): [number, RpmValue][] =>
      text === undefined ? [] : [[tag, { type: 'string', values: [text] }]],
    ),
    ...translated.map(([tag, text]): [number, RpmValue] => [
      tag,
      { type: 'translated', values: [text] },
    ]),
    ...(input.epoch === undefined ? [] : [int32(TAG.epoch, input.epoch)]),
    int32(TAG.buildTime, buildTime),
  ];
}

function int32(tag: number, value: number): [number, RpmValue] {
  return [tag, { type: 'int32', values: [value] }];
}

function dependencies(input: RpmInput): [number, RpmValue][] {
  const { name, epoch, version, release } = input;
  const evr = `${epoch === undefined ? '' : `${epoch}:`}${version}-${release}`;
  const own = { name, flags: SENSE.equal, version: evr };
  const lists = DEPENDENCY_KINDS.map((kind) => [kind, input[kind] ?? []] as const);
  const rpmlib = rpmlibRequires(
    evr,
    lists.flatMap(([, list]) => list),
  );
  return lists.flatMap(([kind, list]) => {
    const added = kind === 'provides' ? [own] : kind === 'requires' ? rpmlib : [];
    return dependencyTags(kind, [...added, ...list]);
  });
}

function changelogTags({ changelog = [] }: RpmInput): [number, RpmValue][] {
  if (changelog.length === 0) return [];
  return [
    [TAG.changelogTimes, { type: 'int32', values: changelog.map(({ time }) => time) }],
    [TAG.changelogNames, { type: 'strings', values: changelog.map(({ author }) => author) }],
    [TAG.changelogTexts, { type: 'strings', values: changelog.map(({ text }) => text) }],
  ];
}
