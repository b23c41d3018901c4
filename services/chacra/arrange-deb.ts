import type { Picked } from '../domain/generation.ts';
import { repoPath } from '../domain/identity.ts';
import type { DebHeader, DscHeader } from '../domain/package-header.ts';
import type { BlobRef, LeftOut } from '../domain/repo.ts';
import { poolFolder, poolName } from '../formats/apt-index.ts';
import { compareDpkgVersions } from '../formats/dpkg-version.ts';
import type { Arranged, Candidate, TakenPath } from './arrangement.ts';
import { leftOut, PlacedFiles } from './place-files.ts';

interface BlobPick {
  readonly pick: Picked;
  readonly blob: BlobRef;
}

interface Deb extends BlobPick {
  readonly header: DebHeader;
}

interface Dsc extends BlobPick {
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
  const debs = new Map<string, Rivals<Deb>>();
  const sources = new Map<string, Rivals<Dsc>>();
  for (const { pick, header } of candidates) {
    const { blob } = pick;
    if (blob === null) {
      incomplete.push(leftOut(pick, 'only its metadata was uploaded'));
      continue;
    }
    switch (header?.kind) {
      case 'deb':
        if (pick.name.endsWith('.udeb')) {
          incomplete.push(leftOut(pick, 'a package for the Debian installer is not indexed'));
          break;
        }
        append(debs, debKey(pick, header), { pick, blob, header });
        break;
      case 'dsc':
        append(sources, `${pick.suite}/${header.source}`, { pick, blob, header });
        break;
      case 'rpm':
        incomplete.push(leftOut(pick, 'an rpm in an apt repository is not indexed'));
        break;
      case undefined:
        break;
    }
  }
  for (const rivals of debs.values()) {
    const { pick, blob, header } = choose(rivals, { shadowed, superseded });
    placed.place(poolFolder(header.source), poolName(header, pick.name), pick, blob);
  }
  const files = sources.size === 0 ? new Map<string, BlobPick[]>() : byName(candidates);
  for (const rivals of sources.values()) {
    const dsc = choose(rivals, { shadowed, superseded });
    const missing = placeSource(placed, dsc, files);
    if (missing !== null) incomplete.push(leftOut(dsc.pick, missing));
  }
  return {
    packages: placed.sorted(),
    shadowed: eachOnce(shadowed),
    superseded: eachOnce(superseded),
    incomplete: eachOnce(incomplete),
  };
}

/** Everything that a source package may name, by codename and name. */
function byName(candidates: readonly Candidate[]): Map<string, Rivals<BlobPick>> {
  const files = new Map<string, Rivals<BlobPick>>();
  for (const { pick } of candidates) {
    const { blob, suite, name } = pick;
    if (blob !== null) append(files, `${suite}/${name}`, { pick, blob });
  }
  return files;
}

function debKey(pick: Picked, header: DebHeader): string {
  return `${pick.suite}/${header.package}/${header.architecture}`;
}

/** What stands under several codenames is named once. */
function eachOnce(list: readonly LeftOut[]): LeftOut[] {
  const key = ({ arch, name, from = '', reason }: LeftOut) => `${from}\n${arch}/${name}\n${reason}`;
  return [...new Map(list.map((item) => [key(item), item])).values()];
}

/** Where a file was uploaded to, as far as the reader of another one's record needs it. */
function placeOf({ arch, name, origin }: Picked): string {
  const place = `${arch}/${name}`;
  return origin === null ? place : `${place} of ${repoPath(origin.repo)}`;
}

type Rivals<T> = [T, ...T[]];

function append<T>(lists: Map<string, Rivals<T>>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** The first of the highest version; names all others but those of the same bytes. */
function choose<T extends Deb | Dsc>(
  rivals: Readonly<Rivals<T>>,
  { shadowed, superseded }: { readonly shadowed: LeftOut[]; readonly superseded: LeftOut[] },
): T {
  let [winner] = rivals;
  for (const rival of rivals) {
    if (compareDpkgVersions(rival.header.version, winner.header.version) > 0) winner = rival;
  }
  const { version } = winner.header;
  const first = placeOf(winner.pick);
  for (const { pick, blob, header } of rivals) {
    if (blob.sha256 === winner.blob.sha256) continue;
    if (compareDpkgVersions(header.version, version) === 0) {
      shadowed.push(leftOut(pick, `the same version with other bytes came first as ${first}`));
    } else {
      superseded.push(leftOut(pick, `version ${version} is higher`));
    }
  }
  return winner;
}

/** Places a .dsc and its files side by side, as its Directory in Sources says; or tells what is missing. */
function placeSource(
  placed: PlacedFiles,
  { pick, blob, header }: Dsc,
  files: ReadonlyMap<string, readonly BlobPick[]>,
): string | null {
  const together = [{ name: pick.name, pick, blob }];
  for (const { name, size, sha256 } of header.files) {
    const named = files.get(`${pick.suite}/${name}`) ?? [];
    if (named.length === 0) return `${name}, which it names, is missing`;
    // Each arch leg of a build may bring a tarball of this name, and no two need be equal.
    const file = named.find(
      (other) => other.blob.size === size && (sha256 === null || other.blob.sha256 === sha256),
    );
    if (file === undefined) return `${name} has other bytes than it names`;
    together.push({ name, ...file });
  }
  placed.placeTogether(poolFolder(header.source), together);
  return null;
}
