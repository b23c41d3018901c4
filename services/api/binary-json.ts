import { encodeSegment } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Binary } from '../domain/repo.ts';
import { ago, naiveTime } from './wire-time.ts';

/** A binary as chacra lists it: the original's fields, then ours. */
export interface BinaryJson {
  readonly name: string;
  readonly project: string;
  readonly created: string;
  readonly modified: string;
  readonly signed: boolean;
  readonly size: number;
  readonly path: string | null;
  readonly last_changed: string;
  readonly built_by: string | null;
  readonly distro: string;
  readonly distro_version: string;
  /** sha512 in hexadecimal: chacractl compares it with its own. */
  readonly checksum: string | null;
  readonly arch: string;
  readonly ref: string;
  readonly sha1: string;
  readonly flavor: string;
  readonly sha256: string | null;
}

/** The path of a binary below `/binaries/`, which is also how it is downloaded. */
export function binaryPath(identity: RepoIdentity, binary: Pick<Binary, 'arch' | 'name'>): string {
  const { project, ref, sha1, distro, distroVersion, flavor } = identity;
  const before = [project, ref, sha1, distro, distroVersion, binary.arch]
    .map(encodeSegment)
    .join('/');
  return `${before}/flavors/${encodeSegment(flavor)}/${encodeSegment(binary.name)}`;
}

/** Renders a binary; `checksum` is null where nobody waited for it. */
export function binaryJson(
  identity: RepoIdentity,
  binary: Binary,
  checksum: string | null,
  now: Date,
): BinaryJson {
  return {
    name: binary.name,
    project: identity.project,
    created: naiveTime(binary.created),
    modified: naiveTime(binary.modified),
    signed: false,
    size: binary.blob?.size ?? 0,
    path: binary.blob === null ? null : binaryPath(identity, binary),
    last_changed: ago(binary.modified, now),
    built_by: binary.builtBy,
    distro: identity.distro,
    distro_version: identity.distroVersion,
    checksum,
    arch: binary.arch,
    ref: identity.ref,
    sha1: identity.sha1,
    flavor: identity.flavor,
    sha256: binary.blob?.sha256 ?? null,
  };
}
