import { GitbuilderError } from '../domain/errors.ts';
import { repoPath } from '../domain/identity.ts';
import type { Repo } from '../domain/repo.ts';
import { oneLineUrl, sourceText, yumText } from '../domain/source-text.ts';
import type { Source } from '../domain/source-text.ts';

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
  { identity, head: { type } }: Repo,
  format: SourceListFormat | null,
  { publicUrl, signed, publicKeyArmored }: SourceListOptions,
): string | null {
  if (signed && publicKeyArmored === null) {
    throw new GitbuilderError('REQUEST_INVALID', {
      reason: 'this node signs nothing, so there is no signed form of this source list',
    });
  }
  if (type === 'raw' || type === null) return null;
  refuseOtherFormats(type, format);
  const { project, distro, distroVersion: suite } = identity;
  const source = { project, distro, suite, type, url: `${publicUrl}r/${repoPath(identity)}/` };
  if (format === 'sources') return deb822(source, signed ? publicKeyArmored : null);
  if (!signed) return sourceText(source);
  const keyUrl = `${publicUrl}api/v1/key.asc`;
  return type === 'deb' ? signedLine(source, keyUrl) : signedSections(source, keyUrl);
}

function refuseOtherFormats(type: Source['type'], format: SourceListFormat | null): void {
  if (format === null || (format === 'repo') === (type === 'rpm')) return;
  const kind = type === 'deb' ? 'an apt' : 'a yum';
  const reason = `format=${format} does not fit ${kind} repository`;
  throw new GitbuilderError('REQUEST_INVALID', { reason });
}

/** sources.list(5), one-line style. */
function signedLine({ url, suite }: Source, keyUrl: string): string {
  return (
    `# once: curl -fsSo ${KEYRING} ${keyUrl}\n` +
    `deb [signed-by=${KEYRING}] ${oneLineUrl(url)} ${suite} main\n`
  );
}

/** sources.list(5), deb822 style; the key stands inside, so the file is all a client needs. */
function deb822({ url, suite }: Source, publicKeyArmored: string | null): string {
  const lines = ['Types: deb', `URIs: ${url}`, `Suites: ${suite}`, 'Components: main'];
  if (publicKeyArmored === null) lines.push('Trusted: yes');
  else {
    const key = publicKeyArmored.trimEnd().split(/\r?\n/);
    lines.push('Signed-By:', ...key.map((line) => ` ${line === '' ? '.' : line}`));
  }
  return `${lines.join('\n')}\n`;
}

function signedSections(source: Source, keyUrl: string): string {
  return yumText(source, ['gpgcheck=0', 'repo_gpgcheck=1', `gpgkey=${keyUrl}`]);
}
