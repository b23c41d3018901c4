import { identityJson } from '../../api/blob-json.ts';
import { repoPath } from '../../domain/identity.ts';
import type { LostBlob } from '../../domain/verification.ts';
import type { VerifiedData } from '../../verify-main.ts';
import { amount } from '../amounts.ts';

/** Whether nothing is lost, as far as was looked. */
export function isSound({ verification, documents }: VerifiedData): boolean {
  const { lost, generations } = verification;
  return lost.length === 0 && generations.length === 0 && documents.length === 0;
}

/** What a verification found, for people. */
export function verifiedText(verified: VerifiedData): string {
  const { verification, documents } = verified;
  const { blobs, bytes, rebuilt, lost, generations } = verification;
  const lines = [
    `read        ${blobs} blobs, ${amount(bytes)}`,
    `made again  ${rebuilt.headers} headers, ${rebuilt.sha512} sha512, ${rebuilt.indexFiles} index files`,
    `lost        ${lost.length} blobs, ${generations.length} generations, ${documents.length} documents`,
    ...lost.flatMap((blob) => ['', ...lostLines(blob, verified)]),
    ...(lost.length === 0
      ? []
      : [
          '',
          'Upload these files once more under their names: the same bytes take the lost ones’ place.',
        ]),
    ...generations.flatMap(({ identity, number, reason }) => [
      '',
      `generation ${number} of ${repoPath(identity)}: ${reason}`,
      `  POST /repos/${repoPath(identity)}/recreate publishes it anew`,
    ]),
    ...documents.flatMap((reason) => [
      '',
      `${reason}`,
      '  put it back from a backup: what it held is not known here',
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function lostLines({ sha256, reason, keptAt }: LostBlob, { uses }: VerifiedData): string[] {
  const binaries = uses.binaries.filter(({ binary }) => binary.blob?.sha256 === sha256);
  const published = uses.published.filter(({ file }) => file.sha256 === sha256);
  return [
    `${sha256}: ${reason}`,
    ...(keptAt === null ? [] : [`  what was there is kept as ${keptAt}`]),
    ...binaries.map(
      ({ identity, binary }) => `  binary ${binary.arch}/${binary.name} of ${repoPath(identity)}`,
    ),
    ...published.map(
      ({ identity, number, isLive, file }) =>
        `  ${file.path} in ${isLive ? 'live' : 'kept'} generation ${number} of ${repoPath(identity)}`,
    ),
  ];
}

/** The same as one document, for scripts: in snake_case, as everything that gitbuilder answers. */
export function verifiedJson(verified: VerifiedData): string {
  const { verification, uses, documents } = verified;
  const { begun, ended, blobs, bytes, rebuilt, lost, generations } = verification;
  const document = {
    ok: isSound(verified),
    begun,
    ended,
    blobs,
    bytes,
    rebuilt: {
      headers: rebuilt.headers,
      sha512: rebuilt.sha512,
      index_files: rebuilt.indexFiles,
    },
    lost: lost.map(({ sha256, size, reason, keptAt }) => ({
      sha256,
      size,
      reason,
      kept_at: keptAt,
      binaries: uses.binaries
        .filter(({ binary }) => binary.blob?.sha256 === sha256)
        .map(({ identity, binary: { arch, name } }) => ({ ...identityJson(identity), arch, name })),
      published: uses.published
        .filter(({ file }) => file.sha256 === sha256)
        .map(({ identity, number, isLive, file }) => ({
          ...identityJson(identity),
          generation: number,
          live: isLive,
          path: file.path,
        })),
    })),
    generations: generations.map(({ identity, number, reason }) => ({
      ...identityJson(identity),
      generation: number,
      reason,
    })),
    documents,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
