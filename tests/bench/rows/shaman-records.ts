import { createHash } from 'node:crypto';

/** What the coordinator is filled with: so many records, evenly under so many refs. */
export interface Seed {
  readonly records: number;
  readonly refs: number;
}

const PLATFORMS = [
  { distro: 'ubuntu', version: 'jammy', type: 'deb' },
  { distro: 'ubuntu', version: 'noble', type: 'deb' },
  { distro: 'debian', version: 'bookworm', type: 'deb' },
  { distro: 'centos', version: '9', type: 'rpm' },
  { distro: 'rocky', version: '10', type: 'rpm' },
] as const;
const ARCHES = ['x86_64', 'arm64'] as const;
const FLAVORS = ['default', 'debug'] as const;
const CELLS = PLATFORMS.length * ARCHES.length * FLAVORS.length;
/** One sha1 of five is still being built, the others are ready. */
const READY_OF_FIVE = 4;
const NODES = 4;

/** The name of one of the refs. */
export function refName(number: number): string {
  return `wip-somebody-branch-${number}`;
}

/** How many rows of a ref are ready; on one platform, arch and flavor of it, or on all. */
export function readyRows({ records, refs }: Seed, of: 'one cell' | 'all cells'): number {
  const sha1s = records / CELLS / refs;
  return (sha1s / 5) * READY_OF_FIVE * (of === 'one cell' ? 1 : CELLS);
}

/** The sha1s that are still being built. */
export function unreadySha1s({ records, refs }: Seed): string[] {
  const all = Array.from({ length: records / CELLS }, (_, commit) => commit);
  return all.filter((commit) => !isReady(commit, refs)).map(sha1Of);
}

/** Sha1s take turns under the refs. */
function isReady(commit: number, refs: number): boolean {
  return Math.floor(commit / refs) % 5 < READY_OF_FIVE;
}

function sha1Of(commit: number): string {
  return createHash('sha1').update(`commit ${commit}`).digest('hex');
}

/** What its storage node says of one of the records, as chacra says it. */
export function repoEvent(
  { refs }: Pick<Seed, 'refs'>,
  number: number,
  said: { readonly sequence: number; readonly generation?: number },
): string {
  const commit = Math.floor(number / CELLS);
  const cell = number % CELLS;
  const platform = PLATFORMS[cell % PLATFORMS.length] ?? PLATFORMS[0];
  const arch = ARCHES[Math.floor(cell / PLATFORMS.length) % ARCHES.length] ?? ARCHES[0];
  const flavor = cell < CELLS / 2 ? FLAVORS[0] : FLAVORS[1];
  const sha1 = sha1Of(commit);
  const ref = refName(commit % refs);
  const { distro, version, type } = platform;
  // Each arch of a sha1 went to another node, as the original's rotation does it.
  const host = `${((commit + ARCHES.indexOf(arch)) % NODES) + 1}.chacra.example`;
  const path = `ceph/${ref}/${sha1}/${distro}/${version}/flavors/${flavor}/`;
  return JSON.stringify({
    chacra_url: `https://${host}/repos/${path}`,
    url: `https://${host}/r/${path}`,
    ...{ ref, sha1, distro, distro_version: version, flavor, type, archs: [arch] },
    extra: {
      version: `19.3.0-${commit}-g${sha1.slice(0, 8)}`,
      package_manager_version: `19.3.0-${commit}-g${sha1.slice(0, 8)}-1${version}`,
      build_url: `https://jenkins.example/job/ceph-dev-build/ARCH=${arch},DIST=${version}/${commit}/`,
      root_build_cause: 'SCMTRIGGER',
      node_name: `172.21.5.${commit % 250}+builder-${commit % 250}`,
      job_name: `ceph-dev-build/ARCH=${arch},DIST=${version}`,
    },
    status: isReady(commit, refs) ? 'ready' : 'building',
    sequence: said.sequence,
    generation: said.generation ?? 1,
  });
}
