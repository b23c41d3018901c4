/** distro -> codename -> version number. */
export type DistroTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What the releases are called; a name that is not here is used as it stands. */
export const DISTROS: DistroTable = {
  ubuntu: {
    trusty: '14.04',
    xenial: '16.04',
    yakkety: '16.10',
    zesty: '17.04',
    artful: '17.10',
    bionic: '18.04',
    cosmic: '18.10',
    disco: '19.04',
    eoan: '19.10',
    focal: '20.04',
    groovy: '20.10',
    hirsute: '21.04',
    impish: '21.10',
    jammy: '22.04',
    kinetic: '22.10',
    lunar: '23.04',
    mantic: '23.10',
    noble: '24.04',
    oracular: '24.10',
    plucky: '25.04',
    questing: '25.10',
    resolute: '26.04',
  },
  debian: {
    wheezy: '7',
    jessie: '8',
    stretch: '9',
    buster: '10',
    bullseye: '11',
    bookworm: '12',
    trixie: '13',
    forky: '14',
  },
};

/** Kernel names (`uname -m`, rpm) of what Debian names otherwise. */
const ARCHS: ReadonlyMap<string, string> = new Map([
  ['aarch64', 'arm64'],
  ['x86_64', 'amd64'],
]);

/** The table with an operator's entries over ours, so that a new release needs no new version of this program. */
export function withDistros(extra: DistroTable): DistroTable {
  const merged: Record<string, Readonly<Record<string, string>>> = { ...DISTROS };
  for (const [distro, codenames] of Object.entries(extra)) {
    merged[distro] = { ...releasesOf(DISTROS, distro), ...codenames };
  }
  return merged;
}

/** The version number of a release named by codename or number: `noble` is `24.04`. */
export function versionOf(table: DistroTable, distro: string, name: string): string {
  const releases = releasesOf(table, distro);
  return Object.hasOwn(releases, name) ? (releases[name] ?? name) : name;
}

/** The codename of a release named by codename or number; null where there is none, as for rpm distros. */
export function codenameOf(table: DistroTable, distro: string, name: string): string | null {
  const releases = releasesOf(table, distro);
  if (Object.hasOwn(releases, name)) return name;
  for (const [codename, version] of Object.entries(releases)) {
    if (version === name) return codename;
  }
  return null;
}

/** Every name under which a release may be reported: its number and its codenames. */
export function namesOf(table: DistroTable, distro: string, version: string): Set<string> {
  const codenames = Object.entries(releasesOf(table, distro)).filter(([, of]) => of === version);
  return new Set([version, ...codenames.map(([codename]) => codename)]);
}

/** One name per architecture, Debian's, so that `aarch64` and `arm64` find the same things. */
export function canonicalArch(arch: string): string {
  return ARCHS.get(arch) ?? arch;
}

function releasesOf(table: DistroTable, distro: string): Readonly<Record<string, string>> {
  return Object.hasOwn(table, distro) ? (table[distro] ?? {}) : {};
}
