import { parseRef, parseWord } from './names.ts';

/** What one repository is built for: the key of everything this system knows. */
export interface RepoIdentity {
  readonly project: string;
  readonly ref: string;
  readonly sha1: string;
  readonly distro: string;
  readonly distroVersion: string;
  readonly flavor: string;
}

export const DEFAULT_FLAVOR = 'default';

/** Checks every part of an identity that came from outside. */
export function parseIdentity(raw: RepoIdentity): RepoIdentity {
  return {
    project: parseWord('project', raw.project),
    ref: parseRef(raw.ref),
    sha1: parseWord('sha1', raw.sha1),
    distro: parseWord('distro', raw.distro),
    distroVersion: parseWord('distro version', raw.distroVersion),
    flavor: parseWord('flavor', raw.flavor),
  };
}

/** One segment of our URLs: "/" is encoded, but not the characters that package versions are full of. */
export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/%(2B|3A|40|2C)/g, decodeURIComponent);
}

/** The identity as one URL path without slashes at its ends: also its unique key. A ref is one segment. */
export function repoPath(identity: RepoIdentity): string {
  const { project, ref, sha1, distro, distroVersion, flavor } = identity;
  const parts = [project, ref, sha1, distro, distroVersion].map(encodeSegment);
  return `${parts.join('/')}/flavors/${encodeSegment(flavor)}`;
}
