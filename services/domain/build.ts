import type { Moment } from './shaman-repo.ts';

export const BUILD_STATUSES = [
  'queued',
  'started',
  'completed',
  'failed',
  'aborted',
  'lost',
] as const;

/** `lost`: it started and was silent beyond its limit; a late report revives it. */
export type BuildStatus = (typeof BUILD_STATUSES)[number];

/** What a build is for. Distro, version and arch are null while nobody knows the cell (`queued`). */
export interface BuildIdentity {
  readonly project: string;
  readonly ref: string;
  readonly sha1: string;
  readonly flavor: string;
  readonly distro: string | null;
  /** As it was reported: a codename for apt, a number for yum. */
  readonly distroVersion: string | null;
  readonly distroArch: string | null;
}

/** One Jenkins build of one cell. Its key is identity and URL: cells of a matrix may share a URL. */
export interface Build {
  readonly identity: BuildIdentity;
  /** Of the Jenkins build. */
  readonly url: string;
  readonly logUrl: string;
  readonly buildId: string | null;
  readonly status: BuildStatus;
  readonly extra: Readonly<Record<string, unknown>>;
  /** First report. RFC 3339 UTC, as all times here. */
  readonly created: string;
  /** First report of `started`. */
  readonly started: string | null;
  /** When it completed, failed or was aborted; null while it may go on. */
  readonly ended: string | null;
  /** Every state it was in, oldest first; the last is `status`. */
  readonly history: readonly { readonly status: BuildStatus; readonly at: string }[];
  readonly modified: Moment;
}

/** The key of a build; its parts hold no line break. */
export function buildKey({ identity, url }: Pick<Build, 'identity' | 'url'>): string {
  const { project, ref, sha1, flavor, distro, distroVersion, distroArch } = identity;
  return [project, ref, sha1, flavor, distro, distroVersion, distroArch, url]
    .map((part) => part ?? '')
    .join('\n');
}

/** True while a build may still change what there is: its cell is not ready before it ends. */
export function isUnderWay(status: BuildStatus): boolean {
  return status === 'queued' || status === 'started';
}
