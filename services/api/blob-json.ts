import { encodeSegment, repoPath } from '../domain/identity.ts';
import type { PublishedPackage } from '../domain/generation.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Binary } from '../domain/repo.ts';
import { binaryPath } from './binary-json.ts';

/** What is known of stored bytes; `size` is null when nobody has them and nobody names them with one. */
export interface BlobFacts {
  readonly sha256: string;
  readonly size: number | null;
  readonly isStored: boolean;
  readonly binaries: readonly { readonly identity: RepoIdentity; readonly binary: Binary }[];
  readonly published: readonly {
    readonly identity: RepoIdentity;
    readonly number: number;
    readonly isLive: boolean;
    readonly file: PublishedPackage;
  }[];
}

/** Where bytes are used, as JSON. */
export function blobJson(facts: BlobFacts, publicUrl: string): object {
  const { sha256, size, isStored, binaries, published } = facts;
  return {
    sha256,
    size,
    stored: isStored,
    binaries: binaries.map(({ identity, binary }) => ({
      ...identityJson(identity),
      arch: binary.arch,
      name: binary.name,
      url: `${publicUrl}binaries/${binaryPath(identity, binary)}`,
    })),
    published: published.map(({ identity, number, isLive, file }) => ({
      ...identityJson(identity),
      generation: number,
      live: isLive,
      path: file.path,
      url: publishedUrl(publicUrl, identity, file.path),
    })),
  };
}

/** The same for sh, one fact a line. */
export function blobLines(facts: BlobFacts, publicUrl: string): string[] {
  return [
    `sha256 ${facts.sha256}`,
    `size ${facts.size ?? '-'}`,
    `stored ${facts.isStored ? 'yes' : 'no'}`,
    ...facts.binaries.map(
      ({ identity, binary }) => `binary ${publicUrl}binaries/${binaryPath(identity, binary)}`,
    ),
    ...facts.published.map(
      ({ identity, number, isLive, file }) =>
        `${isLive ? 'live' : 'kept'} ${number} ${publishedUrl(publicUrl, identity, file.path)}`,
    ),
  ];
}

/** The parts of an identity, as all our JSON names them. */
export function identityJson(identity: RepoIdentity) {
  const { project, ref, sha1, distro, distroVersion, flavor } = identity;
  return { project, ref, sha1, distro, distro_version: distroVersion, flavor };
}

function publishedUrl(publicUrl: string, identity: RepoIdentity, path: string): string {
  return `${publicUrl}r/${repoPath(identity)}/${path.split('/').map(encodeSegment).join('/')}`;
}
