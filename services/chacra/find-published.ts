import type { PublishedPackage } from '../domain/generation.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Repo } from '../domain/repo.ts';
import type { KeptIndex } from '../domain/export-tree.ts';
import type { KeptFiles } from './kept-files.ts';
import type { RepoStore } from './ports.ts';

/** A name in a folder of a published repository. */
export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
  readonly size: number | null;
}

export type Published =
  | { readonly kind: 'index'; readonly index: KeptIndex; readonly immutable: boolean }
  | { readonly kind: 'package'; readonly file: PublishedPackage }
  | { readonly kind: 'folder'; readonly entries: readonly FolderEntry[] }
  | { readonly kind: 'missing' };

/**
 * Splits a path below `/r/` into a repository and the rest. A ref with slashes may stand there
 * plainly, so every split that names a repo is tried, and one that is published wins; "flavors"
 * marks where one can end.
 */
export function locateRepo(
  repos: RepoStore,
  segments: readonly string[],
): { repo: Repo; rest: readonly string[] } | null {
  let unpublished: { repo: Repo; rest: readonly string[] } | null = null;
  for (let at = 5; at + 1 < segments.length; at += 1) {
    if (segments[at] !== 'flavors') continue;
    const identity: RepoIdentity = {
      project: segments[0] ?? '',
      ref: segments.slice(1, at - 3).join('/'),
      sha1: segments[at - 3] ?? '',
      distro: segments[at - 2] ?? '',
      distroVersion: segments[at - 1] ?? '',
      flavor: segments[at + 1] ?? '',
    };
    const repo = repos.get(identity);
    if (repo === undefined || repo.head.status === 'deleted') continue;
    const found = { repo, rest: segments.slice(at + 2) };
    if (repo.head.live !== null) return found;
    unpublished ??= found;
  }
  return unpublished;
}

/** What a published repo has at a path: a file of any kept generation, or a folder of the live one. */
export async function findPublished(
  kept: KeptFiles,
  repo: Repo,
  rest: readonly string[],
): Promise<Published> {
  const files = await kept.of(repo);
  const path = rest.join('/');
  const index = files.index(path);
  if (index !== undefined) {
    return { kind: 'index', index, immutable: files.isImmutable(path) };
  }
  const file = files.package(path);
  if (file !== undefined) return { kind: 'package', file };
  const { live } = files;
  const entries = live === null ? [] : folder([...live.files, ...live.packages], path);
  return entries.length === 0 ? { kind: 'missing' } : { kind: 'folder', entries };
}

/** The names directly below a folder, folders first, each once. */
function folder(
  files: readonly { readonly path: string; readonly size: number }[],
  path: string,
): FolderEntry[] {
  const prefix = path === '' ? '' : `${path}/`;
  const found = new Map<string, FolderEntry>();
  for (const file of files) {
    if (!file.path.startsWith(prefix)) continue;
    const below = file.path.slice(prefix.length);
    const slash = below.indexOf('/');
    const name = slash < 0 ? below : below.slice(0, slash);
    found.set(name, { name, isFolder: slash >= 0, size: slash < 0 ? file.size : null });
  }
  return [...found.values()].sort(
    (a, b) => Number(b.isFolder) - Number(a.isFolder) || (a.name < b.name ? -1 : 1),
  );
}
