import { createHash } from 'node:crypto';
import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';

/** A repo's name on disk: identities can be longer than file names may be, and hold any character. */
export function repoDigest(identity: RepoIdentity): string {
  return createHash('sha256').update(repoPath(identity)).digest('hex').slice(0, 32);
}

/** Whether a name on disk is one of those. */
export function isRepoDigest(name: string): boolean {
  return /^[0-9a-f]{32}$/.test(name);
}
