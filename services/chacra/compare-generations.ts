import type { PublishedPackage } from '../domain/generation.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { packageArch, packageName, packageVersion } from '../domain/package-header.ts';
import type { GenerationDifference, PlacedPackage } from '../domain/generation-difference.ts';
import type { BlobStore, GenerationStore } from './ports.ts';

/** Tells what one generation of a repo has that another has not. Equal bytes under another path count as unchanged. */
export async function compareGenerations(
  { blobs, generations }: { readonly blobs: BlobStore; readonly generations: GenerationStore },
  identity: RepoIdentity,
  from: number,
  to: number,
): Promise<GenerationDifference> {
  const [before, after] = await Promise.all([
    generations.read(identity, from),
    generations.read(identity, to),
  ]);
  const isIn = (packages: readonly PublishedPackage[]) => {
    const known = new Set(packages.map(({ suite, sha256 }) => `${suite}\n${sha256}`));
    return ({ suite, sha256 }: PublishedPackage) => known.has(`${suite}\n${sha256}`);
  };
  const [inBefore, inAfter] = [isIn(before.packages), isIn(after.packages)];
  const describe = (packages: readonly PublishedPackage[]) =>
    Promise.all(packages.map((one) => describePackage(blobs, one)));
  const gone = await describe(before.packages.filter((one) => !inAfter(one)));
  const come = await describe(after.packages.filter((one) => !inBefore(one)));
  const unchanged = after.packages.filter(inBefore).length;
  return { from, to, unchanged, ...pairUp(gone, come) };
}

/** What is there before and after under one name, arch and codename has changed; the rest came or went. */
export function pairUp(
  gone: readonly PlacedPackage[],
  come: readonly PlacedPackage[],
): Pick<GenerationDifference, 'added' | 'removed' | 'changed'> {
  const left = new Map<string, PlacedPackage[]>();
  for (const one of gone) left.set(nameOf(one), [...(left.get(nameOf(one)) ?? []), one]);
  const added: PlacedPackage[] = [];
  const changed: { before: PlacedPackage; after: PlacedPackage }[] = [];
  for (const after of come) {
    const before = left.get(nameOf(after))?.shift();
    if (before === undefined) added.push(after);
    else changed.push({ before, after });
  }
  return { added, removed: [...left.values()].flat(), changed };
}

function nameOf({ suite, name, arch }: PlacedPackage): string {
  return `${suite}\n${name}\n${arch ?? ''}`;
}

async function describePackage(blobs: BlobStore, place: PublishedPackage): Promise<PlacedPackage> {
  const { path, sha256, size, suite } = place;
  const header = await blobs.header({ sha256, size }, path);
  // Of a file that is no package, its place is all there is to know it by.
  if (header === null) return { name: path, version: null, arch: null, suite, path, sha256 };
  const [name, version, arch] = [packageName(header), packageVersion(header), packageArch(header)];
  return { name, version, arch, suite, path, sha256 };
}
