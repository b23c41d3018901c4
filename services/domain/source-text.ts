import type { RepoType } from './repo.ts';

/** What a source list must know of a repo, whoever holds it. */
export interface Source {
  readonly project: string;
  readonly distro: string;
  /** The codename under `dists/`, for apt. */
  readonly suite: string;
  readonly type: Exclude<RepoType, 'raw'>;
  /** Where the packages are; ends in "/". */
  readonly url: string;
}

/** zypper reads one repository at the root; yum and dnf one for each arch. */
const SINGLE_ROOT_DISTROS: readonly string[] = ['opensuse', 'sle'];

/** True for the distros whose clients expect one repository at the root. */
export function isSingleRoot(distro: string): boolean {
  return SINGLE_ROOT_DISTROS.includes(distro);
}

/** The unsigned source list of a repo, to the letter what the original answers at `…/repo`. */
export function sourceText(source: Source): string {
  return source.type === 'deb'
    ? `deb [trusted=yes] ${oneLineUrl(source.url)} ${source.suite} main\n`
    : yumText(source, ['gpgcheck=0']);
}

/** A URL for a one-line apt source: apt decodes `%2F` there before it asks, so it is encoded twice. */
export function oneLineUrl(url: string): string {
  return url.replaceAll('%2F', '%252F');
}

/** dnf.conf(5), repo options; `trust` holds the lines that say what is checked. */
export function yumText(
  { project, distro, url }: Pick<Source, 'project' | 'distro' | 'url'>,
  trust: readonly string[],
): string {
  const section = (id: string, name: string, base: string) =>
    [`[${id}]`, `name=${name}`, `baseurl=${base}`, 'enabled=1', ...trust, 'type=rpm-md', ''].join(
      '\n',
    );
  if (isSingleRoot(distro)) return section(project, `${project} packages`, url);
  return [
    section(project, `${project} packages for $basearch`, `${url}$basearch`),
    section(`${project}-noarch`, `${project} noarch packages`, `${url}noarch`),
    section(`${project}-source`, `${project} source packages`, `${url}SRPMS`),
  ].join('\n');
}
