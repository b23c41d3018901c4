import type { Picked } from '../domain/generation.ts';
import type { DebHeader, DscHeader } from '../domain/package-header.ts';
import type { BlobRef, LeftOut } from '../domain/repo.ts';
import { poolFolder, poolPath } from '../formats/apt-index.ts';
import { compareDpkgVersions } from '../formats/dpkg-version.ts';
import type { Arranged, Candidate, TakenPath } from './arrangement.ts';
import { leftOut, PlacedFiles } from './place-files.ts';

interface Deb {
  readonly pick: Picked;
  readonly blob: BlobRef;
  readonly header: DebHeader;
}

interface Dsc {
  readonly pick: Picked;
  readonly blob: BlobRef;
  readonly header: DscHeader;
}

/**
 * An apt repo in reprepro's pool layout. As reprepro, one version of a package for each arch and
 * codename: the highest. Other files are stored but stand in no index.
 */
export function arrangeDeb(candidates: readonly Candidate[], taken: TakenPath): Arranged {
  const placed = new PlacedFiles(taken);
  const shadowed: LeftOut[] = [];
  const superseded: LeftOut[] = [];
  const incomplete: LeftOut[] = [];
  const debs = new Map<string, Deb>();
  const sources = new Map<string, Dsc>();
  const files = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const { pick, header } = candidate;
    const { blob } = pick;
    if (blob === null) {
      incomplete.push(leftOut(pick, 'only its metadata was uploaded'));
      continue;
    }
    const key = `${pick.suite}/${pick.name}`;
    if (!files.has(key)) files.set(key, candidate);
    switch (header?.kind) {
      case 'deb':
        if (pick.name.endsWith('.udeb')) break;
        choose(debs, debKey(pick, header), { pick, blob, header }, { shadowed, superseded });
        break;
      case 'dsc':
        choose(
          sources,
          `${pick.suite}/${header.source}`,
          { pick, blob, header },
          { shadowed, superseded },
        );
        break;
      case 'rpm':
        incomplete.push(leftOut(pick, 'an rpm in an apt repository is not indexed'));
        break;
      case undefined:
        break;
    }
  }
  for (const { pick, blob, header } of debs.values()) {
    const path = poolPath(header, pick.name);
    const slash = path.lastIndexOf('/');
    placed.place(path.slice(0, slash), path.slice(slash + 1), pick, blob);
  }
  for (const dsc of sources.values()) {
    const missing = placeSource(placed, dsc, files);
    if (missing !== null) incomplete.push(leftOut(dsc.pick, missing));
  }
  return { packages: placed.sorted(), shadowed, superseded, incomplete };
}

function debKey(pick: Picked, header: DebHeader): string {
  return `${pick.suite}/${header.package}/${header.architecture}`;
}

/** Keeps the higher version, of equal ones the first, and names the other. */
function choose<T extends Deb | Dsc>(
  chosen: Map<string, T>,
  key: string,
  next: T,
  { shadowed, superseded }: { readonly shadowed: LeftOut[]; readonly superseded: LeftOut[] },
): void {
  const before = chosen.get(key);
  if (before === undefined) {
    chosen.set(key, next);
    return;
  }
  if (before.blob.sha256 === next.blob.sha256) return;
  const order = compareDpkgVersions(next.header.version, before.header.version);
  if (order === 0) {
    shadowed.push(
      leftOut(
        next.pick,
        `the same version with other bytes came first as ${before.pick.arch}/${before.pick.name}`,
      ),
    );
    return;
  }
  const winner = order > 0 ? next : before;
  const loser = order > 0 ? before : next;
  chosen.set(key, winner);
  superseded.push(leftOut(loser.pick, `version ${winner.header.version} is higher`));
}

/** Places a .dsc and its files side by side, as its Directory in Sources says; or tells what is missing. */
function placeSource(
  placed: PlacedFiles,
  { pick, blob, header }: Dsc,
  files: ReadonlyMap<string, Candidate>,
): string | null {
  const together = [{ name: pick.name, pick, blob }];
  for (const { name, size, sha256 } of header.files) {
    const file = files.get(`${pick.suite}/${name}`);
    if (file === undefined || file.pick.blob === null) return `${name}, which it names, is missing`;
    if (file.pick.blob.size !== size || (sha256 !== null && file.pick.blob.sha256 !== sha256)) {
      return `${name} has other bytes than it names`;
    }
    together.push({ name, pick: file.pick, blob: file.pick.blob });
  }
  placed.placeTogether(poolFolder(header.source), together);
  return null;
}
