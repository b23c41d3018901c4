import type { Picked } from '../domain/generation.ts';
import type { PackageHeader } from '../domain/package-header.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { archsOf } from '../domain/repo.ts';
import type { Repo } from '../domain/repo.ts';
import { arrangeRepo } from './arrange-repo.ts';
import type { Arrangement, Candidate } from './arrangement.ts';
import type { KeptFiles } from './kept-files.ts';
import type { Picks } from './pick-packages.ts';
import type { BlobStore, GenerationStore } from './ports.ts';

/** What a publish shows, before it has index files. */
export interface Content {
  readonly arranged: Arrangement;
  /** Those of its own cell: what it takes from others is built for theirs. */
  readonly archs: readonly string[];
  /** The repo's revision that it shows. */
  readonly revision: number;
  /** By sha256. */
  readonly headers: ReadonlyMap<string, PackageHeader>;
}

/** What was picked, arranged beside what is kept. */
export async function pickedContent(
  { blobs, kept }: { readonly blobs: BlobStore; readonly kept: KeptFiles },
  repo: Repo,
  { picks, suites }: Picks,
): Promise<Content> {
  const { identity, head } = repo;
  const candidates = await withHeaders(blobs, picks);
  const headers = new Map<string, PackageHeader>();
  for (const { pick, header } of candidates) {
    if (header !== null && pick.blob !== null) headers.set(pick.blob.sha256, header);
  }
  const taken = await kept.of(repo);
  const arranged = arrangeRepo(candidates, {
    type: head.type ?? 'deb',
    distro: identity.distro,
    suites,
    takenPath: (path) => taken.package(path)?.sha256,
  });
  const archs = archsOf(picks.filter(({ origin }) => origin === null));
  return { arranged, archs, revision: head.revision, headers };
}

/** In no order. Nearly all headers of a repo that grows are in memory, and hundreds of promises cost more than they. */
async function withHeaders(blobs: BlobStore, picks: readonly Picked[]): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  const reading: Promise<Candidate>[] = [];
  for (const pick of picks) {
    const { blob, name } = pick;
    const known = blob === null ? null : blobs.knownHeader(blob, name);
    if (known !== undefined) candidates.push({ pick, header: known });
    else if (blob !== null)
      reading.push(blobs.header(blob, name).then((header) => ({ pick, header })));
  }
  return candidates.concat(await Promise.all(reading));
}

/**
 * What a kept generation showed. Only its packages are taken, under the paths they have: index files
 * of an older date would be passed over by every apt that has seen a newer one.
 */
export async function earlierContent(
  { blobs, generations }: { readonly blobs: BlobStore; readonly generations: GenerationStore },
  identity: RepoIdentity,
  number: number,
): Promise<Content> {
  const earlier = await generations.read(identity, number);
  const { type, suites, singleRoot, packages, archs, revision = 0 } = earlier;
  const headers = new Map<string, PackageHeader>();
  await Promise.all(
    packages.map(async ({ sha256, size, path }) => {
      const header = await blobs.header({ sha256, size }, path);
      if (header !== null) headers.set(sha256, header);
    }),
  );
  const { shadowed = [], superseded = [], incomplete = [] } = earlier.leftOut ?? {};
  const arranged = { type, suites, singleRoot, packages, shadowed, superseded, incomplete };
  return { arranged, archs, revision, headers };
}
