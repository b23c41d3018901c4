import { GitbuilderError } from '../domain/errors.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { binaryKey, typeFromName } from '../domain/repo.ts';
import { headForUpload } from './mark-repo.ts';
import type { Clock, ProjectStore, RepoStore } from './ports.ts';

/** A binary that is recorded without its bytes. */
export interface BinaryMetadata {
  readonly arch: string;
  readonly name: string;
  readonly builtBy: string | null;
  readonly force: boolean;
}

/** Records a binary by its metadata alone. It is listed, cannot be downloaded and is never published. */
export async function announceBinary(
  { repos, projects, clock }: { repos: RepoStore; projects: ProjectStore; clock: Clock },
  identity: RepoIdentity,
  { arch, name, builtBy, force }: BinaryMetadata,
): Promise<void> {
  await projects.create(identity.project);
  await repos.change(identity, (repo) => {
    const before = repo?.binaries.get(binaryKey(arch, name));
    if (before !== undefined && !force) throw new GitbuilderError('BINARY_EXISTS', { name });
    const now = clock.now().toISOString();
    const head = headForUpload(repo, now);
    const revision = head.revision + 1;
    const kept = before ?? { name, arch, blob: null, created: now };
    return {
      head: { ...head, type: head.type ?? typeFromName(name), revision, modified: now },
      put: [{ ...kept, modified: now, builtBy, revision }],
    };
  });
  // Meanwhile its last repo may have been deleted, and the project with it.
  await projects.create(identity.project);
}
