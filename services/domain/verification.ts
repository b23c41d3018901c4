import type { RepoIdentity } from './identity.ts';

/** Stored bytes that are not there any more, or not those that they were. */
export interface LostBlob {
  readonly sha256: string;
  /** As it should be; null when nobody says. */
  readonly size: number | null;
  readonly reason: string;
  /** Where the wrong bytes were moved to; null when there are none. */
  readonly keptAt: string | null;
}

/** A generation whose index files cannot be derived again. */
export interface LostGeneration {
  readonly identity: RepoIdentity;
  readonly number: number;
  readonly reason: string;
}

/** What could be derived again, and was, counted in files. */
export interface Rebuilt {
  readonly sha512: number;
  readonly headers: number;
  readonly indexFiles: number;
}

/** One look at everything that a storage node keeps: how far it came, and what it found. */
export interface Verification {
  /** RFC 3339 UTC. */
  readonly begun: string;
  /** Null while it is under way, or was broken off and can go on. */
  readonly ended: string | null;
  /** Blobs are looked at in the order of their digests: the last one that was. */
  readonly cursor: string | null;
  readonly blobs: number;
  readonly bytes: number;
  readonly rebuilt: Rebuilt;
  readonly lost: readonly LostBlob[];
  readonly generations: readonly LostGeneration[];
}

/** A look that begins. */
export function newVerification(now: Date): Verification {
  return {
    begun: now.toISOString(),
    ended: null,
    cursor: null,
    blobs: 0,
    bytes: 0,
    rebuilt: { sha512: 0, headers: 0, indexFiles: 0 },
    lost: [],
    generations: [],
  };
}
