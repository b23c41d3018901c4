import { GitbuilderError } from '../domain/errors.ts';
import type { PackageTap } from '../formats/package-tap.ts';
import { checkDigests } from './check-digests.ts';
import type { ExpectedDigest } from './check-digests.ts';
import type { BlobStore, ByteFlow } from './ports.ts';
import { recordBinary, refuseConflict } from './record-binary.ts';
import type { NewBinary, RecordCollaborators, RecordedBinary } from './record-binary.ts';

export interface Upload extends NewBinary {
  readonly expected: readonly ExpectedDigest[];
  readonly body: ByteFlow;
}

export interface UploadCollaborators extends RecordCollaborators {
  readonly blobs: BlobStore;
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
): Promise<RecordedBinary> {
  const { blobs, tapFor, maxUploadBytes } = collaborators;
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
    return await recordBinary(collaborators, upload, received.ref);
  } finally {
    await received.discard();
    received.release();
  }
}
