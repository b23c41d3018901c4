import { isPending } from '../domain/repo-status.ts';
import { unpublishedCount } from '../domain/repo.ts';
import type { BlobRef, Repo } from '../domain/repo.ts';
import type { Pauses } from './pauses.ts';
import type { BuildFacts, BuildName, BuildUse } from './judge-builds.ts';
import type { RepoStore } from './ports.ts';
import type { RepoActivity } from './repo-activity.ts';

/** What tells whether a build is in use. */
export interface UseCollaborators {
  readonly activity: RepoActivity;
  /** How long after its last read or write a repo counts as in use. */
  readonly quietMilliseconds: number;
}

/** The builds of a node as retention looks at them, and how many binaries name each blob. */
export interface BuildsOnNode {
  readonly builds: readonly BuildFacts[];
  readonly named: Map<string, number>;
}

/** Looks at every repo, a little at a time. What changes meanwhile is looked at again before it goes. */
export async function buildsOnNode(
  repos: RepoStore,
  use: UseCollaborators,
  now: Date,
  pauses: Pauses,
): Promise<BuildsOnNode> {
  const groups = new Map<string, Repo[]>();
  const named = new Map<string, number>();
  for (const repo of [...repos.all()]) {
    if (repo.head.status === 'deleted') continue;
    const key = buildKey(repo.identity);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [repo]);
    else group.push(repo);
    for (const { sha256 } of blobsOf(repo)) named.set(sha256, (named.get(sha256) ?? 0) + 1);
    await pauses.after(repo.binaries.size);
  }
  const builds: BuildFacts[] = [];
  for (const [first, ...others] of groups.values()) {
    if (first === undefined) continue;
    const facts = buildFacts([first, ...others], use, now);
    builds.push(facts);
    await pauses.after(facts.binaries);
  }
  return { builds, named };
}

/** The facts of one build, from its repos of this moment. */
export function buildFacts(
  repos: readonly [Repo, ...Repo[]],
  use: UseCollaborators,
  now: Date,
): BuildFacts {
  const { project, ref, sha1, flavor } = repos[0].identity;
  const written = repos.map(({ head }) => Date.parse(head.modified));
  const published = repos.flatMap(({ head: { live } }) =>
    live === null ? [] : [Date.parse(live.ownPublished ?? live.published)],
  );
  const unpublished = repos.flatMap((repo, at) =>
    unpublishedCount(repo) > 0 ? (written[at] ?? []) : [],
  );
  return {
    ...{ project, ref, sha1, flavor },
    published: latest(published),
    written: latest(written) ?? 0,
    unpublished: latest(unpublished),
    use: useOf(repos, use, now),
    repos: repos.length,
    binaries: repos.reduce((sum, { binaries }) => sum + binaries.size, 0),
    blobs: repos.flatMap(blobsOf),
  };
}

/** The repos of a build as they are now. */
export function reposOf(repos: RepoStore, { project, ref, sha1, flavor }: BuildName): Repo[] {
  const distros = repos.tree().get(project)?.get(ref)?.get(sha1)?.values() ?? [];
  return [...distros]
    .flatMap((versions) => [...versions.values()])
    .flatMap((flavors) => flavors.get(flavor) ?? []);
}

function useOf(
  repos: readonly Repo[],
  { activity, quietMilliseconds }: UseCollaborators,
  now: Date,
): BuildUse | null {
  const since = now.getTime() - quietMilliseconds;
  const isWritten = ({ identity, head }: Repo) =>
    isPending(head.status) || activity.isUploading(identity) || Date.parse(head.modified) > since;
  if (repos.some(isWritten)) return 'is being written';
  const isRead = ({ identity }: Repo) => activity.lastRead(identity) > since;
  return repos.some(isRead) ? 'is being read' : null;
}

function blobsOf({ binaries }: Repo): BlobRef[] {
  const blobs: BlobRef[] = [];
  for (const { blob } of binaries.values()) if (blob !== null) blobs.push(blob);
  return blobs;
}

function latest(times: readonly number[]): number | null {
  return times.length === 0 ? null : Math.max(...times);
}

function buildKey({ project, ref, sha1, flavor }: BuildName): string {
  return `${project}\n${ref}\n${sha1}\n${flavor}`;
}
