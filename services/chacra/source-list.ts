import { GitbuilderError } from '../domain/errors.ts';
import { repoPath } from '../domain/identity.ts';
import type { Repo } from '../domain/repo.ts';
import { oneLineUrl, yumText } from '../domain/source-text.ts';

export type SourceListFormat = 'list' | 'sources' | 'repo';

export interface SourceListOptions {
  readonly publicUrl: string;
  /** The client shall check our signature instead of trusting blindly. */
  readonly signed: boolean;
  readonly publicKeyArmored: string | null;
}

/** Where the one-line form expects the key: people fetch it there once. */
const KEYRING = '/etc/apt/keyrings/gitbuilder.asc';

/**
 * The text that makes a repo known to apt, dnf or zypper: by default to the letter what the
 * original answers; null for a raw repo, which has no such thing.
 */
export function sourceList(
  repo: Repo,
  format: SourceListFormat | null,
  options: SourceListOptions,
): string | null {
  const { type } = repo.head;
  if (options.signed && options.publicKeyArmored === null) {
    throw new GitbuilderError('REQUEST_INVALID', {
      reason: 'this node signs nothing, so there is no signed form of this source list',
    });
  }
  switch (type) {
    case 'raw':
    case null:
      return null;
    case 'deb':
      if (format === 'repo') throw wrongFormat('repo', 'an apt');
      return format === 'sources' ? deb822(repo, options) : oneLine(repo, options);
    case 'rpm':
      if (format !== null && format !== 'repo') throw wrongFormat(format, 'a yum');
      return yumRepo(repo, options);
  }
}

function wrongFormat(format: SourceListFormat, kind: string): GitbuilderError {
  return new GitbuilderError('REQUEST_INVALID', {
    reason: `format=${format} does not fit ${kind} repository`,
  });
}

function baseUrl(repo: Repo, publicUrl: string): string {
  return `${publicUrl}r/${repoPath(repo.identity)}/`;
}

/** sources.list(5), one-line style. */
function oneLine(repo: Repo, { publicUrl, signed }: SourceListOptions): string {
  const url = oneLineUrl(baseUrl(repo, publicUrl));
  const { distroVersion } = repo.identity;
  if (!signed) return `deb [trusted=yes] ${url} ${distroVersion} main\n`;
  return (
    `# once: curl -fsSo ${KEYRING} ${publicUrl}api/v1/key.asc\n` +
    `deb [signed-by=${KEYRING}] ${url} ${distroVersion} main\n`
  );
}

/** sources.list(5), deb822 style; the key stands inside, so the file is all a client needs. */
function deb822(repo: Repo, { publicUrl, signed, publicKeyArmored }: SourceListOptions): string {
  const lines = [
    'Types: deb',
    `URIs: ${baseUrl(repo, publicUrl)}`,
    `Suites: ${repo.identity.distroVersion}`,
    'Components: main',
  ];
  if (signed) {
    const key = (publicKeyArmored ?? '').trimEnd().split(/\r?\n/);
    lines.push('Signed-By:', ...key.map((line) => ` ${line === '' ? '.' : line}`));
  } else {
    lines.push('Trusted: yes');
  }
  return `${lines.join('\n')}\n`;
}

function yumRepo(repo: Repo, { publicUrl, signed }: SourceListOptions): string {
  const { project, distro } = repo.identity;
  const trust = signed
    ? ['gpgcheck=0', 'repo_gpgcheck=1', `gpgkey=${publicUrl}api/v1/key.asc`]
    : ['gpgcheck=0'];
  return yumText({ project, distro, url: baseUrl(repo, publicUrl) }, trust);
}
