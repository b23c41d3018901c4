import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { openBlobStore } from './adapters/blob-store.ts';
import type { DiskBlobStore } from './adapters/blob-store.ts';
import { DiskGenerationStore } from './adapters/generation-store.ts';
import { openRepoStore } from './adapters/repo-store.ts';
import { VerificationFile } from './adapters/verification-file.ts';
import { findBlobUses } from './chacra/find-blob-uses.ts';
import type { BlobUses } from './chacra/find-blob-uses.ts';
import { GzipMembers } from './chacra/gzip-members.ts';
import { Pace } from './chacra/pace.ts';
import type { Pause } from './chacra/pauses.ts';
import type { Clock, GenerationStore, Log, RepoStore } from './chacra/ports.ts';
import { repoRenderer } from './chacra/render-repo.ts';
import { indexRestorer } from './chacra/restore-index.ts';
import type { RestoreIndex } from './chacra/restore-index.ts';
import { Scrub } from './chacra/scrub.ts';
import { verifyStorage } from './chacra/verify-storage.ts';
import { GitbuilderError } from './domain/errors.ts';
import { reasonOf } from './domain/reason.ts';
import type { Verification } from './domain/verification.ts';
import { tapFor } from './formats/tap-for.ts';
import { lockFolder } from './platform/folder-lock.ts';
import type { FolderLock } from './platform/folder-lock.ts';
import type { Configuration } from './platform/settings.ts';

const INDEX_CACHE_BYTES = 16 * 1024 * 1024;

export interface VerifyDataOptions {
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly log: Log;
  /** Null reads as quickly as the disk can. */
  readonly bytesPerSecond: number | null;
  /** Begins anew, also where an earlier look was broken off. */
  readonly isNew: boolean;
  readonly onProgress: (verification: Verification, totalBytes: number) => void;
  /** Leaves off, so that a later call can go on. */
  readonly signal: AbortSignal;
}

/** What a look at a data folder found, and who is hit by it. */
export interface VerifiedData {
  readonly verification: Verification;
  readonly uses: BlobUses;
  /** Why documents of repositories cannot be read; what they hold is not known. */
  readonly documents: readonly string[];
}

/** Looks at everything that a storage node keeps while its service is stopped. */
export async function verifyData(options: VerifyDataOptions): Promise<VerifiedData> {
  const { clock, log, signal } = options;
  const { chacra } = options.configuration;
  const root = join(options.configuration.data, 'chacra');
  const lock = await lockForVerify(root);
  try {
    const documents: string[] = [];
    const onDamaged = (cause: unknown) => documents.push(reasonOf(cause));
    const repos = await openRepoStore({ root, clock, log, onDamaged });
    const blobs = await openBlobStore({ root, clock, tapFor, sha512: false });
    const generations = new DiskGenerationStore({ root });
    const render = repoRenderer({
      members: new GzipMembers({ cacheBytes: INDEX_CACHE_BYTES }),
      // Signatures stand in the documents of generations: nothing here is signed anew.
      signer: null,
      origin: chacra.origin,
      description: chacra.description,
    });
    const pace = new Pace(clock, options.bytesPerSecond);
    signal.addEventListener('abort', () => pace.stop());
    const parts = { pause: () => setImmediate(), repos, blobs, generations, clock, log, tapFor };
    try {
      const verification = await verifyStorage(
        {
          ...parts,
          shelf: blobs.shelf,
          restoreIndex: indexRestorer({ ...parts, render }),
          verifications: new VerificationFile({ root }),
          pace: pace.take,
          // The next start of the service looks at everything that is exported.
          onLost: () => Promise.resolve(),
        },
        { ...options, isStopped: () => signal.aborted },
      );
      const sha256s = new Set(verification.lost.map(({ sha256 }) => sha256));
      const uses = await findBlobUses(parts, sha256s);
      return { verification, uses, documents };
    } finally {
      await blobs.close();
      await repos.close();
    }
  } finally {
    lock.release();
  }
}

async function lockForVerify(root: string): Promise<FolderLock> {
  const isThere = await stat(root).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isThere) throw new GitbuilderError('NOT_FOUND', { what: `the data folder ${root}` });
  try {
    return await lockFolder(root);
  } catch (cause) {
    if (!(cause instanceof GitbuilderError) || cause.code !== 'DATA_LOCKED') throw cause;
    throw new GitbuilderError('VERIFY_LOCKED', { folder: root }, { cause });
  }
}

/** The same inside a running service: slowly, by schedule. */
export function makeScrub(
  root: string,
  parts: {
    readonly repos: RepoStore;
    readonly blobs: DiskBlobStore;
    readonly generations: GenerationStore;
    readonly restoreIndex: RestoreIndex;
    readonly clock: Clock;
    readonly log: Log;
    readonly pause: Pause;
    readonly onLost: (sha256: string) => Promise<void>;
  },
  bytesPerSecond: number,
): Scrub {
  return new Scrub({
    ...parts,
    tapFor,
    shelf: parts.blobs.shelf,
    verifications: new VerificationFile({ root }),
    bytesPerSecond: bytesPerSecond === 0 ? null : bytesPerSecond,
  });
}
