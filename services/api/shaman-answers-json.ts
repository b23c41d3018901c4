import { platformName } from '../domain/asked-platform.ts';
import type { Build } from '../domain/build.ts';
import { codenameOf, versionOf } from '../domain/distros.ts';
import type { DistroTable } from '../domain/distros.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';

/** A repo record in answers below `/api/v1/`: times are RFC 3339, and nothing is left out. */
export interface RepoAnswerJson {
  readonly project: string;
  readonly ref: string;
  readonly sha1: string;
  readonly distro: string;
  readonly distro_version: string;
  readonly distro_codename: string | null;
  readonly flavor: string;
  readonly archs: readonly string[];
  readonly status: string;
  readonly reason: string | null;
  readonly url: string;
  readonly chacra_url: string;
  readonly type: string | null;
  readonly generation: number | null;
  readonly live_generation: number | null;
  readonly created: string;
  readonly modified: string;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** Renders a repo record for `/api/v1/`. */
export function repoAnswerJson(repo: ShamanRepo, distros: DistroTable): RepoAnswerJson {
  const { identity } = repo;
  const { distro, distroVersion } = identity;
  return {
    project: identity.project,
    ref: identity.ref,
    sha1: identity.sha1,
    distro,
    distro_version: versionOf(distros, distro, distroVersion),
    distro_codename: codenameOf(distros, distro, distroVersion),
    flavor: identity.flavor,
    archs: repo.archs,
    status: repo.status,
    reason: repo.reason,
    url: repo.url,
    chacra_url: repo.chacraUrl,
    type: repo.type,
    generation: repo.generation,
    live_generation: repo.liveGeneration,
    created: repo.created,
    modified: repo.modified.at,
    extra: repo.extra,
  };
}

/** A build record in answers below `/api/v1/`. */
export interface BuildAnswerJson {
  readonly project: string;
  readonly ref: string;
  readonly sha1: string;
  readonly distro: string | null;
  readonly distro_version: string | null;
  readonly distro_codename: string | null;
  readonly arch: string | null;
  readonly flavor: string;
  readonly status: string;
  readonly url: string;
  readonly log_url: string | null;
  readonly build_id: string | null;
  readonly created: string;
  readonly started: string | null;
  readonly ended: string | null;
  readonly modified: string;
  readonly history: readonly { readonly status: string; readonly at: string }[];
  readonly extra: Readonly<Record<string, unknown>>;
}

/** Renders a build record for `/api/v1/`. */
export function buildAnswerJson(build: Build, distros: DistroTable): BuildAnswerJson {
  const { identity } = build;
  const { distro, distroVersion } = identity;
  const isNamed = distro !== null && distroVersion !== null;
  return {
    project: identity.project,
    ref: identity.ref,
    sha1: identity.sha1,
    distro,
    distro_version: isNamed ? versionOf(distros, distro, distroVersion) : distroVersion,
    distro_codename: isNamed ? codenameOf(distros, distro, distroVersion) : null,
    arch: identity.distroArch,
    flavor: identity.flavor,
    status: build.status,
    url: build.url,
    log_url: build.logUrl === '' ? null : build.logUrl,
    build_id: build.buildId,
    created: build.created,
    started: build.started,
    ended: build.ended,
    modified: build.modified.at,
    history: build.history,
    extra: build.extra,
  };
}

/** What an answer says of one cell, or of a platform that was asked for. */
export interface CellAnswer {
  readonly distro: string | null;
  readonly version: string;
  readonly arch: string | null;
  readonly flavor: string;
  readonly state: 'ready' | 'pending' | 'failed' | 'missing';
  readonly why: string | null;
  readonly repo: ShamanRepo | null;
  readonly build: Build | null;
}

/** Renders a cell: its state, where its packages are, and where its log is. */
export function cellJson(cell: CellAnswer, distros: DistroTable) {
  const { distro, version, arch, flavor, state, why, repo, build } = cell;
  return {
    platform: platformName(cell),
    distro,
    distro_version: version,
    distro_codename: distro === null ? null : codenameOf(distros, distro, version),
    arch,
    flavor,
    state,
    why,
    url: state === 'ready' && repo !== null && repo.url !== '' ? repo.url : null,
    log_url: build === null || build.logUrl === '' ? null : build.logUrl,
    repo: repo === null ? null : repoAnswerJson(repo, distros),
    build: build === null ? null : buildAnswerJson(build, distros),
  };
}
