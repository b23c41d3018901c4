import { canonicalArch, versionOf } from './distros.ts';
import type { DistroTable } from './distros.ts';
import { GitbuilderError } from './errors.ts';
import { parseWord } from './names.ts';

/** More than anybody builds for; each is looked for in every sha1. */
const MOST = 50;

/** Second words that make the first one a release: `noble/arm64` names no distro `noble`. */
const ARCHS: ReadonlySet<string> = new Set(
  'x86_64 amd64 arm64 aarch64 armhf i386 i686 ppc64le s390x riscv64 loongarch64 noarch source'.split(
    ' ',
  ),
);

/** A release of a distro, or an arch of it, as somebody asked for it. */
export interface AskedPlatform {
  /** Null: a release that no table knows, of whatever distro has it. */
  readonly distro: string | null;
  /** The number where there is one. */
  readonly version: string;
  /** Null for any. */
  readonly arch: string | null;
}

/** How a platform is written in answers: `ubuntu/16.04/arm64`, or without what was left open. */
export function platformName({ distro, version, arch }: AskedPlatform): string {
  return [distro, version, arch].filter((part) => part !== null).join('/');
}

/**
 * Reads what people call platforms, several with commas: `xenial`, `centos7`, `debian/12`,
 * `noble/arm64`, `ubuntu/22.04/x86_64`. What the table does not know passes through.
 */
export function parseAskedPlatforms(text: string, table: DistroTable): AskedPlatform[] {
  const entries = text.split(',');
  if (entries.length > MOST) {
    throw new GitbuilderError('REQUEST_INVALID', { reason: `more than ${MOST} platforms` });
  }
  const byName = new Map<string, AskedPlatform>();
  for (const entry of entries) {
    const platform = parseEntry(entry.trim(), table);
    const { distro, version, arch } = platform;
    const name = [distro, version, arch === null ? null : canonicalArch(arch)].join('/');
    if (!byName.has(name)) byName.set(name, platform);
  }
  return [...byName.values()];
}

function parseEntry(entry: string, table: DistroTable): AskedPlatform {
  const [first = '', second, third, ...rest] = entry.split('/');
  if (first === '' || second === '' || third === '' || rest.length > 0) refuse(entry);
  if (second === undefined) return parseRelease(entry, first, null, table);
  if (third === undefined && (ARCHS.has(second) || distroOf(table, first) !== null)) {
    return parseRelease(entry, first, parseWord('arch', second), table);
  }
  const distro = parseWord('distro', first);
  const version = versionOf(table, distro, parseWord('distro version', second));
  return { distro, version, arch: third === undefined ? null : parseWord('arch', third) };
}

/** One word for distro and version: a codename, or both run together as in `centos7`. */
function parseRelease(
  entry: string,
  word: string,
  arch: string | null,
  table: DistroTable,
): AskedPlatform {
  const release = parseWord('distro version', word);
  const known = distroOf(table, release);
  if (known !== null) return { distro: known, version: versionOf(table, known, release), arch };
  const [, distro, version] = /^([a-z][a-z_-]*?)-?(\d[\w.]*)$/i.exec(release) ?? [];
  if (distro !== undefined && version !== undefined) {
    return { distro, version: versionOf(table, distro, version), arch };
  }
  // A distro alone, or a number alone, names no release.
  if (Object.hasOwn(table, release) || !/^[a-z]/i.test(release)) refuse(entry);
  return { distro: null, version: release, arch };
}

function distroOf(table: DistroTable, codename: string): string | null {
  if (Object.hasOwn(table, codename)) return null;
  for (const [distro, releases] of Object.entries(table)) {
    if (Object.hasOwn(releases, codename)) return distro;
  }
  return null;
}

function refuse(entry: string): never {
  throw new GitbuilderError('PLATFORM_INVALID', { entry });
}
