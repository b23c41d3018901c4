import { DEFAULT_FLAVOR, parseIdentity } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { parseBinaryName, parseWord } from '../domain/names.ts';

type Params = Readonly<Record<string, string>>;

/** The repository that a URL names; without `flavors/…` its flavor is `default`. */
export function identityOf(params: Params): RepoIdentity {
  return parseIdentity({
    project: params['project'] ?? '',
    ref: params['ref'] ?? '',
    sha1: params['sha1'] ?? '',
    distro: params['distro'] ?? '',
    distroVersion: params['version'] ?? '',
    flavor: params['flavor'] ?? DEFAULT_FLAVOR,
  });
}

/** The arch that a URL names. */
export function archOf(params: Params): string {
  return parseWord('arch', params['arch'] ?? '');
}

/** The binary that a URL names. */
export function nameOf(params: Params): string {
  return parseBinaryName(params['name'] ?? '');
}
