import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { nameOnDisk } from './name-on-disk.ts';

/** A repo's name on disk. */
export function repoDigest(identity: RepoIdentity): string {
  return nameOnDisk(repoPath(identity));
}

/** Whether a name on disk is one of those. */
export function isRepoDigest(name: string): boolean {
  return /^[0-9a-f]{32}$/.test(name);
}
