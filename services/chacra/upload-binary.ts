import { binaryKey, typeFromName } from '../domain/repo.ts';
import type { Binary, BlobRef, Repo, RepoChange } from '../domain/repo.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { PackageTap } from '../formats/tap.ts';
import { checkDigests } from './check-digests.ts';
import type { ExpectedDigest } from './check-digests.ts';
import type { BlobStore, Clock, ProjectStore, RepoStore } from './ports.ts';
import { afterBinaryChange, headForUpload } from './mark-repo.ts';
import type { RulesOf } from './project-rules.ts';

/** What to do when the name is taken by other bytes. */
export type OnConflict = 'replace' | 'refuse-as-exists' | 'refuse-as-conflict';

export interface Upload {
  readonly identity: RepoIdentity;
  readonly arch: string;
  readonly name: string;
  readonly user: string;
  readonly expected: readonly ExpectedDigest[];
  readonly body: AsyncIterable<Uint8Array>;
  /** Asked when the body has ended: a multipart form may tell `force` after the file. */
  readonly onConflict: () => OnConflict;
}

/** `created`: a new name. `unchanged`: the same bytes were there. `replaced`: other bytes were. */
export type UploadOutcome = 'created' | 'unchanged' | 'replaced';

export interface UploadCollaborators {
  readonly blobs: BlobStore;
  readonly repos: RepoStore;
  readonly projects: ProjectStore;
  readonly clock: Clock;
  readonly rulesOf: RulesOf;
  readonly tapFor: (name: string) => PackageTap | null;
  readonly maxUploadBytes: number;
  readonly reserveBytes: number;
}

/** Refuses early what would not fit: before the first byte of a body when its length is declared. */
export async function requireRoom(
  { blobs, maxUploadBytes, reserveBytes }: UploadCollaborators,
  declared: number | null,
): Promise<void> {
  if (declared !== null && declared > maxUploadBytes) {
    throw new GitbuilderError('BODY_TOO_LARGE', { limit: maxUploadBytes });
  }
  const free = await blobs.freeBytes();
  if (free - (declared ?? 0) < reserveBytes) {
    throw new GitbuilderError('DISK_FULL', { reserve: reserveBytes, free });
  }
}

/**
 * Takes a file in: one pass over its bytes, then one durable change. Bytes become visible under
 * their name only when everything about them was checked; whatever fails before leaves nothing.
 */
export async function uploadBinary(
  collaborators: UploadCollaborators,
  upload: Upload,
): Promise<UploadOutcome> {
  const { blobs, projects, tapFor, maxUploadBytes } = collaborators;
  const tap = tapFor(upload.name);
  const received = await blobs.receive(upload.body, {
    limit: maxUploadBytes,
    observe: (chunk) => tap?.write(chunk),
  });
  try {
    await checkDigests(received, upload.expected);
    const header = tap === null ? null : await tap.end();
    refuseConflict(collaborators.repos.get(upload.identity), upload, received.ref);
    await received.keep(header);
    await projects.create(upload.identity.project);
    const outcome = await recordBinary(collaborators, upload, received.ref);
    // Meanwhile its last repo may have been deleted, and the project with it.
    await projects.create(upload.identity.project);
    return outcome;
  } finally {
    await received.discard();
    received.release();
  }
}

function refuseConflict(repo: Repo | undefined, upload: Upload, blob: BlobRef): Binary | undefined {
  const before = repo?.binaries.get(binaryKey(upload.arch, upload.name));
  if (before?.blob === undefined || before.blob === null) return before;
  if (before.blob.sha256 === blob.sha256) return before;
  switch (upload.onConflict()) {
    case 'replace':
      return before;
    case 'refuse-as-exists':
      throw new GitbuilderError('BINARY_EXISTS', { name: upload.name });
    case 'refuse-as-conflict':
      throw new GitbuilderError('BINARY_CONFLICT', { name: upload.name });
  }
}

async function recordBinary(
  { repos, clock, rulesOf }: UploadCollaborators,
  upload: Upload,
  blob: BlobRef,
): Promise<UploadOutcome> {
  let outcome: UploadOutcome = 'created';
  await repos.change(upload.identity, (repo): RepoChange | null => {
    // Asked again in the tick that decides: another upload may have taken the name meanwhile.
    const before = refuseConflict(repo, upload, blob);
    if (before?.blob?.sha256 === blob.sha256) {
      outcome = 'unchanged';
      return null;
    }
    outcome = before === undefined || before.blob === null ? 'created' : 'replaced';
    const now = clock.now().toISOString();
    const head = headForUpload(repo, now);
    const revision = head.revision + 1;
    const binary: Binary = {
      name: upload.name,
      arch: upload.arch,
      blob,
      created: before?.created ?? now,
      modified: now,
      builtBy: upload.user,
      revision,
    };
    const typed = {
      ...head,
      type: head.type ?? typeFromName(upload.name),
      revision,
      modified: now,
    };
    return { head: afterBinaryChange(typed, rulesOf(upload.identity.project)), put: [binary] };
  });
  return outcome;
}
