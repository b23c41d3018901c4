import { canonicalArch, versionOf } from './distros.ts';
import type { DistroTable } from './distros.ts';

/** A distro, version and arch with one name each, so that `noble` and `24.04` are the same. */
export interface Platform {
  readonly distro: string;
  /** The number where there is one. */
  readonly version: string;
  /** Null for any. */
  readonly arch: string | null;
}

/** Names a platform in one way, whatever way it was named in. */
export function canonicalPlatform(
  table: DistroTable,
  distro: string,
  version: string,
  arch: string | null,
): Platform {
  return {
    distro,
    version: versionOf(table, distro, version),
    arch: arch === null ? null : canonicalArch(arch),
  };
}

/** Whether something of a distro, version and archs is of a platform. */
export function isOfPlatform(
  table: DistroTable,
  platform: Platform,
  of: { readonly distro: string; readonly distroVersion: string },
  archs: readonly string[],
): boolean {
  const { distro, version, arch } = platform;
  if (of.distro !== distro || versionOf(table, distro, of.distroVersion) !== version) return false;
  return arch === null || archs.some((each) => canonicalArch(each) === arch);
}
