import type { RepoHead } from '../domain/repo.ts';
import { keptGenerations } from './find-blob-uses.ts';
import type { BlobStore, Clock, GenerationStore, Log, RepoStore } from './ports.ts';

export interface SweepCollaborators {
  readonly repos: RepoStore;
  readonly blobs: BlobStore;
  readonly generations: GenerationStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly keepMilliseconds: number;
}

/** Ends the time of generations that were replaced long enough ago, then removes every blob that nothing names. */
export async function sweepStorage(collaborators: SweepCollaborators): Promise<void> {
  const { repos, blobs, generations, clock, log, keepMilliseconds } = collaborators;
  const before = clock.now().getTime() - keepMilliseconds;
  let ended = 0;
  for (const repo of [...repos.all()]) {
    const over = repo.head.older.filter((one) => isOver(repo.head, one, before));
    if (over.length === 0) continue;
    const numbers = new Set(over.map(({ files }) => files));
    // The document forgets first: a crash in between leaves files nobody names, never a name without files.
    await repos.change(repo.identity, (current) =>
      current === undefined ? null : { head: without(current.head, numbers) },
    );
    for (const number of numbers) await generations.remove(repo.identity, number);
    ended += numbers.size;
  }
  const swept = await blobs.sweep(() => blobsInUse(repos, generations));
  if (ended > 0 || swept.removed > 0) log.info({ generations: ended, ...swept }, 'swept');
}

/** A generation that somebody keeps, or that is about to be served again, stays. */
function isOver(
  { kept, goBackTo }: RepoHead,
  { files, replaced }: RepoHead['older'][number],
  before: number,
): boolean {
  if (files === goBackTo || kept.some((one) => one.files === files)) return false;
  return Date.parse(replaced) < before;
}

function without(head: RepoHead, numbers: ReadonlySet<number>): RepoHead {
  return { ...head, older: head.older.filter(({ files }) => !numbers.has(files)) };
}

async function blobsInUse(repos: RepoStore, generations: GenerationStore): Promise<Set<string>> {
  const used = new Set<string>();
  for (const repo of [...repos.all()]) {
    for (const { blob } of repo.binaries.values()) if (blob !== null) used.add(blob.sha256);
    for (const number of keptGenerations(repo)) {
      const { packages } = await generations.read(repo.identity, number);
      for (const { sha256 } of packages) used.add(sha256);
    }
  }
  return used;
}
