import type { AskedPlatform } from '../domain/asked-platform.ts';
import type { Build } from '../domain/build.ts';
import { canonicalArch, namesOf } from '../domain/distros.ts';
import type { DistroTable } from '../domain/distros.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';

/** One cell of a sha1, or several where parts of it are left open. */
export interface Cell extends AskedPlatform {
  readonly flavor: string;
}

/** A release and arch, prepared for looking through many records. */
export interface WantedPlatform {
  /** Null for any distro that has the version. */
  readonly distro: string | null;
  /** By every name that it may be reported under. */
  readonly releases: ReadonlySet<string>;
  /** By its one name; null for any. */
  readonly arch: string | null;
}

/** A cell, prepared likewise. */
export interface WantedCell extends WantedPlatform {
  readonly flavor: string;
}

/** Prepares a platform once, for records are many. */
export function wantedPlatform(
  { distro, version, arch }: AskedPlatform,
  distros: DistroTable,
): WantedPlatform {
  return {
    distro,
    releases: distro === null ? new Set([version]) : namesOf(distros, distro, version),
    arch: arch === null ? null : canonicalArch(arch),
  };
}

/** Prepares a cell once, for records are many. */
export function wantedCell(cell: Cell, distros: DistroTable): WantedCell {
  return { ...wantedPlatform(cell, distros), flavor: cell.flavor };
}

/** Whether a repo is of the platform's release, whatever archs it holds. */
export function isOfRelease(
  { identity: { distro, distroVersion } }: ShamanRepo,
  wanted: WantedPlatform,
): boolean {
  if (wanted.distro !== null && distro !== wanted.distro) return false;
  return wanted.releases.has(distroVersion);
}

/** Whether a repo is of the cell, whatever archs it holds; a null ref stands for any. */
export function isRepoOf(repo: ShamanRepo, cell: WantedCell, ref: string | null): boolean {
  const { identity } = repo;
  if (ref !== null && identity.ref !== ref) return false;
  return identity.flavor === cell.flavor && isOfRelease(repo, cell);
}

/** Whether a build is of the cell: one without an arch counts for every arch, one without a distro for none. */
export function isBuildOf({ identity }: Build, cell: WantedCell, ref: string | null): boolean {
  const { distro, distroVersion, distroArch, flavor } = identity;
  if (distro === null || distroVersion === null) return false;
  if (ref !== null && identity.ref !== ref) return false;
  if (flavor !== cell.flavor || !cell.releases.has(distroVersion)) return false;
  if (cell.distro !== null && distro !== cell.distro) return false;
  return cell.arch === null || distroArch === null || canonicalArch(distroArch) === cell.arch;
}

/** Whether a repo holds the arch, given by its one name; every repo holds a null one. */
export function holdsArch({ archs }: ShamanRepo, arch: string | null): boolean {
  if (arch === null) return true;
  for (const each of archs) if (canonicalArch(each) === arch) return true;
  return false;
}
