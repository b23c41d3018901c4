import { repoPath } from '../domain/identity.ts';
import { statusFlags } from '../domain/repo-status.ts';
import type { RepoStatus } from '../domain/repo-status.ts';
import { archsOf, unpublishedCount } from '../domain/repo.ts';
import type { LeftOut, PendingEvent, Repo } from '../domain/repo.ts';
import { naiveTime } from './wire-time.ts';

/** A repository as chacra answers it: the original's fields, then ours. */
export interface RepoJson {
  readonly path: string | null;
  readonly project_name: string;
  readonly ref: string;
  readonly sha1: string;
  readonly distro: string;
  readonly distro_version: string;
  readonly modified: string;
  readonly signed: boolean;
  readonly needs_update: boolean;
  readonly is_updating: boolean;
  readonly is_queued: boolean;
  readonly type: string | null;
  readonly size: number;
  readonly flavor: string;
  readonly archs: readonly string[];
  readonly extra: Readonly<Record<string, unknown>>;
  readonly status: RepoStatus;
  readonly reason: string | null;
  readonly failed_package: string | null;
  readonly generation: number;
  readonly live_generation: number | null;
  readonly unpublished: number;
  readonly shadowed: readonly LeftOut[];
  readonly superseded: readonly LeftOut[];
  readonly incomplete: readonly LeftOut[];
  readonly chacra_url: string;
  readonly url: string;
}

/** The two URLs by which the world knows a repo; both end in a slash, as its clients need. */
export function repoUrls(repo: Repo, publicUrl: string): { chacra_url: string; url: string } {
  const path = repoPath(repo.identity);
  return { chacra_url: `${publicUrl}repos/${path}/`, url: `${publicUrl}r/${path}/` };
}

/** Renders a repo; `status` overrides what stands in it, for the answer to an accepted `update`. */
export function repoJson(repo: Repo, publicUrl: string, status?: RepoStatus): RepoJson {
  const { identity, head } = repo;
  const { live, failure } = head;
  let size = 0;
  for (const { blob } of repo.binaries.values()) size += blob?.size ?? 0;
  return {
    path: live === null ? null : repoPath(identity),
    project_name: identity.project,
    ref: identity.ref,
    sha1: identity.sha1,
    distro: identity.distro,
    distro_version: identity.distroVersion,
    modified: naiveTime(head.modified),
    signed: (live?.signedBy ?? null) !== null,
    ...statusFlags(status ?? head.status),
    type: head.type,
    size,
    flavor: identity.flavor,
    archs: archsOf(repo.binaries.values()),
    extra: head.extra,
    status: status ?? head.status,
    reason: failure?.message ?? null,
    failed_package: failure?.package ?? null,
    generation: head.generation,
    live_generation: live?.number ?? null,
    unpublished: unpublishedCount(repo),
    shadowed: live?.shadowed ?? [],
    superseded: live?.superseded ?? [],
    incomplete: live?.incomplete ?? [],
    ...repoUrls(repo, publicUrl),
  };
}

/** What shaman is told: the repo as it is, with the state, generation and archs of the event itself. */
export function repoEventBody(repo: Repo, event: PendingEvent, publicUrl: string): object {
  return {
    ...repoJson(repo, publicUrl, event.status),
    // Told late, it stands beside the `live_generation` of now, whose archs these are.
    archs: repo.head.live?.archs ?? event.archs,
    generation: event.generation,
    sequence: event.sequence,
    // A failure before this state is not its reason.
    reason: event.reason,
    failed_package: event.status === 'failed' ? (repo.head.failure?.package ?? null) : null,
  };
}
