import type { RpmHeader } from '../domain/package-header.ts';
import type { BlobRef, LeftOut } from '../domain/repo.ts';
import type { Arranged, Candidate, TakenPath } from './arrangement.ts';
import { leftOut, PlacedFiles } from './place-files.ts';

/** The directories that are there even when empty: the original's clients ask for each of them. */
export const YUM_FOLDERS: readonly string[] = ['SRPMS', 'aarch64', 'noarch', 'x86_64'];

/** The directory of an arch; source packages share one. */
export function yumFolder(arch: string): string {
  return arch === 'src' || arch === 'nosrc' ? 'SRPMS' : arch;
}

/** A yum repo: one directory for each arch of the headers; every version stays. */
export function arrangeRpm(candidates: readonly Candidate[], taken: TakenPath): Arranged {
  const placed = new PlacedFiles(taken);
  const shadowed: LeftOut[] = [];
  const incomplete: LeftOut[] = [];
  const published = new Map<string, BlobRef>();
  for (const { pick, header } of candidates) {
    const { blob } = pick;
    if (blob === null) {
      incomplete.push(leftOut(pick, 'only its metadata was uploaded'));
    } else if (header?.kind === 'rpm') {
      const first = published.get(nevra(header));
      if (first === undefined || first.sha256 === blob.sha256) {
        published.set(nevra(header), blob);
        placed.place(yumFolder(header.arch), pick.name, pick, blob);
      } else {
        shadowed.push(leftOut(pick, `another ${nevra(header)} with other bytes came first`));
      }
    } else if (header?.kind === 'deb') {
      incomplete.push(leftOut(pick, 'a deb in an rpm repository is not indexed'));
    } else {
      // As the original: whatever is no package lies beside the noarch ones, such as cephadm.
      placed.place('noarch', pick.name, pick, blob);
    }
  }
  return { packages: placed.sorted(), shadowed, superseded: [], incomplete };
}

function nevra({ name, epoch, version, release, arch }: RpmHeader): string {
  return `${name}-${epoch}:${version}-${release}.${arch}`;
}
