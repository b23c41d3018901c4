import { buildKey } from '../domain/build.ts';
import type { Build, BuildIdentity, BuildStatus } from '../domain/build.ts';
import { canonicalArch, versionOf } from '../domain/distros.ts';
import type { DistroTable } from '../domain/distros.ts';
import type { Moment } from '../domain/shaman-repo.ts';
import type { BuildRecords, BuildsChange } from './ports.ts';

/** The last states of a build that reports for ever. */
const LONGEST_HISTORY = 100;

/** What Jenkins says of one of its builds. Undefined: it did not say. */
export interface BuildReport {
  readonly identity: BuildIdentity;
  readonly url: string;
  readonly status: BuildStatus;
  readonly logUrl: string | undefined;
  readonly buildId: string | undefined;
  readonly extra: Readonly<Record<string, unknown>> | undefined;
}

/** Takes a report in. Durable when it resolves. */
export async function recordBuild(
  { builds, distros }: { readonly builds: BuildRecords; readonly distros: DistroTable },
  report: BuildReport,
): Promise<void> {
  await builds.change(report.identity, (known, moment) =>
    applyBuildReport(known, report, moment, distros),
  );
}

/**
 * What a report makes of the builds of its sha1. It belongs to the record of the same cell and URL;
 * else it takes over one that was queued for this cell under another URL, or before the cell was known.
 */
export function applyBuildReport(
  known: ReadonlyMap<string, Build>,
  report: BuildReport,
  moment: Moment,
  distros: DistroTable,
): BuildsChange {
  const builds = [...known.values()].sort((a, b) => a.modified.order - b.modified.order);
  const sameCell = builds.filter((build) => isSameCell(distros, build.identity, report.identity));
  const queued = builds.filter(({ status }) => status === 'queued');
  const before =
    sameCell.find((build) => build.url === report.url) ??
    sameCell.find((build) => queued.includes(build)) ??
    queuedBeforeItsCell(queued, report.identity);
  const after = merge(before, report, moment);
  const isMoved = before !== undefined && buildKey(before) !== buildKey(after);
  return { put: [after], remove: isMoved ? [buildKey(before)] : [] };
}

function queuedBeforeItsCell(queued: readonly Build[], cell: BuildIdentity): Build | undefined {
  if (cell.distro === null) return undefined;
  const waiting = queued.filter(
    ({ identity }) => identity.distro === null && identity.ref === cell.ref,
  );
  return waiting.find(({ identity }) => identity.flavor === cell.flavor) ?? waiting[0];
}

function isSameCell(distros: DistroTable, a: BuildIdentity, b: BuildIdentity): boolean {
  return (
    a.ref === b.ref &&
    a.flavor === b.flavor &&
    a.distro === b.distro &&
    canonicalVersion(distros, a) === canonicalVersion(distros, b) &&
    canonicalArch(a.distroArch ?? '') === canonicalArch(b.distroArch ?? '')
  );
}

function canonicalVersion(distros: DistroTable, { distro, distroVersion }: BuildIdentity): string {
  return versionOf(distros, distro ?? '', distroVersion ?? '');
}

function merge(before: Build | undefined, report: BuildReport, moment: Moment): Build {
  const { identity, url, status } = report;
  const { at } = moment;
  const history = before?.history ?? [];
  const isNew = history.at(-1)?.status !== status;
  return {
    identity,
    url,
    logUrl: report.logUrl ?? before?.logUrl ?? '',
    buildId: report.buildId ?? before?.buildId ?? null,
    status,
    extra: report.extra ?? before?.extra ?? {},
    created: before?.created ?? at,
    started: before?.started ?? (status === 'started' ? at : null),
    ended: endAfter(before, status, at),
    history: isNew ? [...history, { status, at }].slice(-LONGEST_HISTORY) : history,
    modified: moment,
  };
}

function endAfter(before: Build | undefined, status: BuildStatus, at: string): string | null {
  switch (status) {
    case 'completed':
    case 'failed':
    case 'aborted':
      return before?.status === status ? (before.ended ?? at) : at;
    case 'queued':
    case 'started':
    case 'lost':
      return null;
  }
}
