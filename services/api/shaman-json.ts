import type { Build } from '../domain/build.ts';
import { codenameOf, versionOf } from '../domain/distros.ts';
import type { DistroTable } from '../domain/distros.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';
import type { StorageNode } from '../domain/storage-node.ts';
import { naiveTime } from './wire-time.ts';

/** A repo record to the letter as the original answers it; `reason` is there only when it failed. */
export interface RepoRecordJson {
  readonly url: string;
  readonly chacra_url: string;
  readonly ref: string;
  readonly sha1: string;
  readonly distro: string;
  /** The number where there is one. */
  readonly distro_version: string;
  readonly distro_codename: string | null;
  readonly modified: string;
  readonly status: string;
  readonly flavor: string;
  readonly project: string;
  readonly archs: readonly string[];
  readonly extra: Readonly<Record<string, unknown>>;
  readonly reason?: string;
}

/** Renders a repo record. */
export function repoRecordJson(repo: ShamanRepo, distros: DistroTable): RepoRecordJson {
  const { identity, reason } = repo;
  const { distro, distroVersion } = identity;
  return {
    url: repo.url,
    chacra_url: repo.chacraUrl,
    ref: identity.ref,
    sha1: identity.sha1,
    distro,
    distro_version: versionOf(distros, distro, distroVersion),
    distro_codename: codenameOf(distros, distro, distroVersion),
    modified: offsetTime(repo.modified.at),
    status: repo.status,
    flavor: identity.flavor,
    project: identity.project,
    archs: repo.archs,
    extra: repo.extra,
    ...(reason === null ? {} : { reason }),
  };
}

/** A build record to the letter as the original answers it. */
export interface BuildRecordJson {
  readonly url: string;
  readonly log_url: string;
  readonly ref: string;
  readonly sha1: string;
  readonly flavor: string;
  readonly status: string;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly modified: string;
  readonly started: string;
  readonly completed: string | null;
  readonly project: string;
  readonly distro_version: string | null;
  readonly distro_codename: string | null;
  readonly distro: string | null;
  readonly distro_arch: string | null;
}

/** Renders a build record; versions look as those of repos do, for clients compare the two. */
export function buildRecordJson(build: Build, distros: DistroTable): BuildRecordJson {
  const { identity } = build;
  const { distro, distroVersion } = identity;
  const named = distroVersion === null ? null : versionOf(distros, distro ?? '', distroVersion);
  return {
    url: build.url,
    log_url: build.logUrl,
    ref: identity.ref,
    sha1: identity.sha1,
    flavor: identity.flavor,
    status: build.status,
    extra: build.extra,
    modified: offsetTime(build.modified.at),
    started: offsetTime(build.started ?? build.created),
    completed:
      build.status === 'completed' && build.ended !== null ? offsetTime(build.ended) : null,
    project: identity.project,
    distro_version: named,
    distro_codename: named === null ? null : codenameOf(distros, distro ?? '', named),
    distro,
    distro_arch: identity.distroArch,
  };
}

/** A storage node: the original's fields, then ours. */
export interface NodeJson {
  readonly host: string;
  readonly last_used: string;
  readonly last_check: string | null;
  readonly healthy: boolean;
  readonly down_count: number;
  readonly url: string;
  readonly reason: string | null;
  readonly draining: boolean;
  readonly weight: number;
  readonly free_bytes: number | null;
  readonly load: number | null;
  readonly version: string | null;
}

/** Renders a storage node. */
export function nodeJson(node: StorageNode): NodeJson {
  return {
    host: node.host,
    last_used: node.lastUsed === null ? '1970-01-01 00:00:00' : naiveTime(node.lastUsed),
    last_check: node.lastCheck === null ? null : naiveTime(node.lastCheck),
    healthy: node.healthy,
    down_count: node.downCount,
    url: node.url,
    reason: node.reason,
    draining: node.draining,
    weight: node.weight,
    free_bytes: node.freeBytes,
    load: node.load,
    version: node.version,
  };
}

/** As the original writes the times of repos and builds: Python's `str()` of a time in UTC. */
function offsetTime(rfc3339: string): string {
  return `${naiveTime(rfc3339)}+00:00`;
}
