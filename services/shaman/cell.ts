import type { Build } from '../domain/build.ts';
import { canonicalArch, versionOf } from '../domain/distros.ts';
import type { DistroTable } from '../domain/distros.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';

/** One cell of a sha1, or several where parts of it are left open. */
export interface Cell {
  /** Null for any distro that has the version. */
  readonly distro: string | null;
  /** The number where there is one. */
  readonly version: string;
  /** Null for any. */
  readonly arch: string | null;
  readonly flavor: string;
}

/** Whether a repo is of the cell, whatever archs it holds; a null ref stands for any. */
export function isRepoOf(
  { identity }: ShamanRepo,
  cell: Cell,
  ref: string | null,
  distros: DistroTable,
): boolean {
  return (
    (ref === null || identity.ref === ref) &&
    identity.flavor === cell.flavor &&
    isRelease(identity.distro, identity.distroVersion, cell, distros)
  );
}

/** Whether a build is of the cell: one without an arch counts for every arch, one without a distro for none. */
export function isBuildOf(
  { identity }: Build,
  cell: Cell,
  ref: string | null,
  distros: DistroTable,
): boolean {
  const { distro, distroVersion, distroArch } = identity;
  if (distro === null || distroVersion === null) return false;
  return (
    (ref === null || identity.ref === ref) &&
    identity.flavor === cell.flavor &&
    isRelease(distro, distroVersion, cell, distros) &&
    (cell.arch === null ||
      distroArch === null ||
      canonicalArch(distroArch) === canonicalArch(cell.arch))
  );
}

function isRelease(distro: string, version: string, cell: Cell, distros: DistroTable): boolean {
  if (cell.distro !== null && distro !== cell.distro) return false;
  return versionOf(distros, distro, version) === cell.version;
}

/** Whether a repo holds the arch, by whatever name; every repo holds a null one. */
export function holdsArch({ archs }: ShamanRepo, arch: string | null): boolean {
  if (arch === null) return true;
  const wanted = canonicalArch(arch);
  return archs.some((each) => canonicalArch(each) === wanted);
}
