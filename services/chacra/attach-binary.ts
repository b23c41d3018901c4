import { GitbuilderError } from '../domain/errors.ts';
import type { BlobStore } from './ports.ts';
import { recordBinary, refuseConflict } from './record-binary.ts';
import type { NewBinary, RecordCollaborators, RecordedBinary } from './record-binary.ts';

export interface AttachCollaborators extends RecordCollaborators {
  readonly blobs: BlobStore;
}

/** Which of these digests the node has bytes for, in the order they were asked. */
export async function knownBlobs(
  blobs: BlobStore,
  sha256s: readonly string[],
): Promise<readonly string[]> {
  const known = await Promise.all(sha256s.map((sha256) => blobs.has(sha256)));
  return sha256s.filter((_sha256, at) => known[at]);
}

/** Puts bytes that the node has already under a name; BLOB_UNKNOWN when it has not. Nothing is sent again. */
export async function attachBinary(
  collaborators: AttachCollaborators,
  binary: NewBinary,
  sha256: string,
): Promise<RecordedBinary> {
  const { blobs, repos } = collaborators;
  const release = blobs.hold([sha256]);
  try {
    const size = await blobs.sizeOf(sha256);
    if (size === null) throw new GitbuilderError('BLOB_UNKNOWN', { sha256 });
    const ref = { sha256, size };
    refuseConflict(repos.get(binary.identity), binary, ref);
    // Under another kind of name the same bytes may be no package.
    await blobs.header(ref, binary.name);
    return await recordBinary(collaborators, binary, ref);
  } finally {
    release();
  }
}
