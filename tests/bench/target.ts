/** A repo of the bench: project, ref and flavor are always the same. */
export interface Target {
  readonly sha1: string;
  readonly distro: `debian/${string}` | 'centos/9';
  readonly arch: string;
}

/** An apt repository. */
export function debTarget(sha1: string, codename = 'bookworm'): Target {
  return { sha1: sha1.padEnd(40, '0'), distro: `debian/${codename}`, arch: 'amd64' };
}

/** A yum repository. */
export function rpmTarget(sha1: string): Target {
  return { sha1: sha1.padEnd(40, '0'), distro: 'centos/9', arch: 'x86_64' };
}

/** Where its binaries are uploaded to. */
export function binariesPath({ sha1, distro, arch }: Target): string {
  return `/binaries/bench/main/${sha1}/${distro}/${arch}/`;
}

/** Where it is asked to publish. */
export function repoPath({ sha1, distro }: Target): string {
  return `/repos/bench/main/${sha1}/${distro}/`;
}

/** Where it is served. */
export function publishedPath({ sha1, distro }: Target): string {
  return `/r/bench/main/${sha1}/${distro}/flavors/default/`;
}

/** The file whose change shows that a publish is served. */
export function entryPath(target: Target): string {
  const { distro } = target;
  const codename = distro.slice('debian/'.length);
  const isRpm = distro === 'centos/9';
  return (
    publishedPath(target) + (isRpm ? 'x86_64/repodata/repomd.xml' : `dists/${codename}/InRelease`)
  );
}
