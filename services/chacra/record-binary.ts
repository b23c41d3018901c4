import { GitbuilderError } from '../domain/errors.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { binaryKey, typeFromName } from '../domain/repo.ts';
import type { Binary, BlobRef, Repo, RepoChange } from '../domain/repo.ts';
import { afterBinaryChange, headForUpload } from './mark-repo.ts';
import type { Clock, ProjectStore, RepoStore } from './ports.ts';
import { rulesOfRepo } from './project-rules.ts';
import type { RulesOf } from './project-rules.ts';

/** What to do when the name is taken by other bytes. */
export type OnConflict = 'replace' | 'refuse-as-exists' | 'refuse-as-conflict';

/** Where a file goes, under which name, and whose it is. */
export interface NewBinary {
  readonly identity: RepoIdentity;
  readonly arch: string;
  readonly name: string;
  readonly user: string;
  /** Asked when the bytes are known: a multipart form may tell `force` after the file. */
  readonly onConflict: () => OnConflict;
}

/** `created`: a new name. `unchanged`: the same bytes were there. `replaced`: other bytes were. */
export type UploadOutcome = 'created' | 'unchanged' | 'replaced';

/** A file that stands in a repo now. */
export interface RecordedBinary {
  readonly name: string;
  readonly blob: BlobRef;
  readonly outcome: UploadOutcome;
}

export interface RecordCollaborators {
  readonly repos: RepoStore;
  readonly projects: ProjectStore;
  readonly clock: Clock;
  readonly rulesOf: RulesOf;
}

/** Throws when the name is taken by other bytes and they may not be replaced; answers what is there. */
export function refuseConflict(
  repo: Repo | undefined,
  upload: NewBinary,
  blob: BlobRef,
): Binary | undefined {
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

/** Puts a durable blob under a name, durably, and its project on record. The caller holds the blob. */
export async function recordBinary(
  { repos, projects, clock, rulesOf }: RecordCollaborators,
  upload: NewBinary,
  blob: BlobRef,
): Promise<RecordedBinary> {
  await projects.create(upload.identity.project);
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
    return { head: afterBinaryChange(typed, rulesOfRepo(rulesOf, upload.identity)), put: [binary] };
  });
  // Meanwhile its last repo may have been deleted, and the project with it.
  await projects.create(upload.identity.project);
  return { name: upload.name, blob, outcome };
}
