import { GitbuilderError } from '../domain/errors.ts';
import type { PublishedPackage } from '../domain/generation.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Repo, RepoHead } from '../domain/repo.ts';
import { isKept, keptGenerations } from './kept-generations.ts';
import { Pauses } from './pauses.ts';
import type { Pause } from './pauses.ts';
import type { BlobStore, Clock, GenerationStore, Log, RepoStore } from './ports.ts';

export interface SweepCollaborators {
  readonly repos: RepoStore;
  readonly blobs: BlobStore;
  readonly generations: Pick<GenerationStore, 'read' | 'remove'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly keepMilliseconds: number;
  readonly pause: Pause;
}

/** Ends the time of generations that were replaced long enough ago, then removes every blob that nothing names. */
export async function sweepStorage(collaborators: SweepCollaborators): Promise<void> {
  const { repos, blobs, generations, clock, log, keepMilliseconds } = collaborators;
  const before = clock.now().getTime() - keepMilliseconds;
  let ended = 0;
  for (const { identity } of [...repos.all()]) {
    if (overNumbers(repos.get(identity), before).size === 0) continue;
    let numbers = new Set<number>();
    // The document forgets first: a crash in between leaves files nobody names, never a name without files.
    await repos.change(identity, (repo) => {
      // In the tick that forgets: while others were swept, it may have been kept, or gone back to.
      numbers = overNumbers(repo, before);
      return repo === undefined ? null : { head: without(repo.head, numbers) };
    });
    for (const number of numbers) await generations.remove(identity, number);
    ended += numbers.size;
  }
  const swept = await blobs.sweep(() => blobsInUse(collaborators));
  if (ended > 0 || swept.removed > 0) log.info({ generations: ended, ...swept }, 'swept');
}

function overNumbers(repo: Repo | undefined, before: number): Set<number> {
  if (repo === undefined) return new Set();
  const over = repo.head.older.filter((one) => isOver(repo.head, one, before));
  return new Set(over.map(({ files }) => files));
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

async function blobsInUse({
  repos,
  generations,
  pause,
}: Pick<SweepCollaborators, 'repos' | 'generations' | 'pause'>): Promise<Set<string>> {
  const used = new Set<string>();
  const pauses = new Pauses(pause);
  for (const { identity } of [...repos.all()]) {
    const repo = repos.get(identity);
    if (repo === undefined) continue;
    for (const { blob } of repo.binaries.values()) if (blob !== null) used.add(blob.sha256);
    for (const number of keptGenerations(repo)) {
      const packages = await packagesOf(repos, generations, identity, number);
      for (const { sha256 } of packages) used.add(sha256);
      await pauses.after(packages.length);
    }
    await pauses.after(repo.binaries.size);
  }
  return used;
}

/** None when the repo, or its generation, went in this very moment. */
async function packagesOf(
  repos: RepoStore,
  generations: Pick<GenerationStore, 'read'>,
  identity: RepoIdentity,
  number: number,
): Promise<readonly PublishedPackage[]> {
  try {
    return (await generations.read(identity, number)).packages;
  } catch (cause) {
    const isOver = !isKept(repos.get(identity), number);
    if (isOver && cause instanceof GitbuilderError && cause.code === 'NOT_FOUND') return [];
    throw cause;
  }
}
