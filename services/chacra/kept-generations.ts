import { GitbuilderError } from '../domain/errors.ts';
import type { Generation } from '../domain/generation.ts';
import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { KeptGeneration, Repo, RepoHead } from '../domain/repo.ts';
import type { Clock, GenerationStore, RepoStore } from './ports.ts';
import { requireThere } from './require-repo.ts';

/** The generations whose files must be there: the live one first, then the older ones that are kept. */
export function keptGenerations({ head: { live, older } }: Repo): number[] {
  const numbers = older.map(({ files }) => files);
  return live === null ? numbers : [live.files, ...numbers.filter((each) => each !== live.files)];
}

/** Whether the files of a generation must be there. */
export function isKept(repo: Repo | undefined, number: number): boolean {
  return repo !== undefined && keptGenerations(repo).includes(number);
}

/** The time of an older generation may end between a look at its repo and its reading: null then. */
export async function unlessOver(reading: Promise<Generation>): Promise<Generation | null> {
  try {
    return await reading;
  } catch (cause) {
    if (cause instanceof GitbuilderError && cause.code === 'NOT_FOUND') return null;
    throw cause;
  }
}

/** A generation whose packages can still be had. */
export interface GenerationEntry {
  /** The publish that made its files. */
  readonly number: number;
  /** RFC 3339 UTC. */
  readonly made: string;
  readonly packages: number;
  /** The publish that serves it now, which may be a later one that changed nothing; null for older ones. */
  readonly liveAs: number | null;
  /** RFC 3339 UTC; null for the live one. */
  readonly replaced: string | null;
  /** When the sweep may remove it; null while it is live or kept. */
  readonly ends: string | null;
  readonly kept: KeptGeneration | null;
}

/** The generations of a repo that can be compared, kept and gone back to, newest first. */
export async function listGenerations(
  generations: GenerationStore,
  { identity, head }: Repo,
  keepMilliseconds: number,
): Promise<GenerationEntry[]> {
  const { live, older, kept } = head;
  const there = [
    ...(live === null ? [] : [{ files: live.files, replaced: null }]),
    ...older.filter(({ files }) => files !== live?.files),
  ];
  const entries = await Promise.all(
    there.map(async ({ files, replaced }): Promise<GenerationEntry | null> => {
      const generation = await unlessOver(generations.read(identity, files));
      if (generation === null) return null;
      const { date, packages } = generation;
      const keep = kept.find((one) => one.files === files) ?? null;
      const ends =
        replaced === null || keep !== null ? null : Date.parse(replaced) + keepMilliseconds;
      return {
        number: files,
        made: date,
        packages: packages.length,
        liveAs: files === live?.files ? live.number : null,
        replaced,
        ends: ends === null ? null : new Date(ends).toISOString(),
        kept: keep,
      };
    }),
  );
  return entries.filter((entry) => entry !== null).sort((a, b) => b.number - a.number);
}

/** The files that a number stands for: of a kept generation, or of the live one by its last publish; NOT_FOUND otherwise. */
export function requireGeneration({ identity, head }: Repo, number: number): number {
  const { live, older } = head;
  if (live !== null && (number === live.files || number === live.number)) return live.files;
  if (older.some(({ files }) => files === number)) return number;
  throw new GitbuilderError('GENERATION_NOT_FOUND', { number, repo: repoPath(identity) });
}

interface Collaborators {
  readonly repos: RepoStore;
  readonly clock: Clock;
}

/** Keeps a generation until somebody releases it or the repo goes. Durable when it resolves. */
export function keepGeneration(
  { repos, clock }: Collaborators,
  identity: RepoIdentity,
  number: number,
  { reason, by }: { readonly reason: string; readonly by: string },
): Promise<Repo> {
  return changeKept(repos, identity, number, (head, files) => {
    const since = clock.now().toISOString();
    const others = head.kept.filter((one) => one.files !== files);
    return { ...head, kept: [...others, { files, reason, by, since }] };
  });
}

/** Ends that: the sweep removes it once its time as a replaced one is over. */
export function releaseGeneration(
  { repos }: Collaborators,
  identity: RepoIdentity,
  number: number,
): Promise<Repo> {
  return changeKept(repos, identity, number, (head, files) => ({
    ...head,
    kept: head.kept.filter((one) => one.files !== files),
  }));
}

async function changeKept(
  repos: RepoStore,
  identity: RepoIdentity,
  number: number,
  next: (head: RepoHead, files: number) => RepoHead,
): Promise<Repo> {
  const repo = await repos.change(identity, (current) => {
    const there = requireThere(current, identity);
    return { head: next(there.head, requireGeneration(there, number)) };
  });
  return requireThere(repo, identity);
}
