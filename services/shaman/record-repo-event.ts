import { GitbuilderError } from '../domain/errors.ts';
import { parseIdentity } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { RepoType } from '../domain/repo.ts';
import type { AnnouncedStatus } from '../domain/repo-status.ts';
import type { Moment, ShamanRepo } from '../domain/shaman-repo.ts';
import type { RepoRecords } from './ports.ts';

/** What a storage node says of one of its repos. Undefined: it did not say. */
export interface RepoEvent {
  readonly project: string;
  readonly chacraUrl: string;
  readonly status: AnnouncedStatus;
  readonly ref: string | undefined;
  readonly sha1: string | undefined;
  readonly distro: string | undefined;
  readonly distroVersion: string | undefined;
  readonly flavor: string | undefined;
  readonly url: string | undefined;
  readonly extra: Readonly<Record<string, unknown>> | undefined;
  readonly archs: readonly string[] | undefined;
  readonly type: RepoType | undefined;
  readonly reason: string | undefined;
  readonly sequence: number | undefined;
  readonly generation: number | undefined;
  readonly liveGeneration: number | undefined;
}

/** Takes an event in. Durable when it resolves, also when it tells nothing new. */
export async function recordRepoEvent(
  { repos }: { readonly repos: RepoRecords },
  event: RepoEvent,
): Promise<void> {
  await repos.change(event.chacraUrl, (record, moment) => applyRepoEvent(record, event, moment));
}

/**
 * What an event makes of a record; null when it is older than what is known, or deletes what nobody
 * knows. What it does not say stays as it was. One without a sequence, as the original sends it,
 * counts as new.
 */
export function applyRepoEvent(
  record: ShamanRepo | undefined,
  event: RepoEvent,
  moment: Moment,
): ShamanRepo | null {
  if (isOld(record, event)) return null;
  const living = record?.status === 'deleted' ? undefined : record;
  if (event.status === 'deleted' && living === undefined) return tombstone(record, event, moment);
  const { status, generation, sequence } = event;
  return {
    identity: living?.identity ?? identityOf(event),
    chacraUrl: event.chacraUrl,
    url: event.url ?? living?.url ?? '',
    status,
    reason: status === 'failed' ? (event.reason ?? 'the storage node did not say why') : null,
    type: event.type ?? living?.type ?? null,
    archs: archsAfter(living, event),
    extra: event.extra ?? living?.extra ?? {},
    sequence: sequence ?? record?.sequence ?? null,
    generation: generation ?? living?.generation ?? null,
    liveGeneration:
      event.liveGeneration ??
      (status === 'ready' ? (generation ?? null) : (living?.liveGeneration ?? null)),
    created: living?.created ?? moment.at,
    modified: moment,
    gone: null,
  };
}

/** A number that comes again was delivered twice; a lower one was overtaken. */
function isOld(record: ShamanRepo | undefined, { sequence }: RepoEvent): boolean {
  const known = record?.sequence ?? null;
  return known !== null && sequence !== undefined && sequence <= known;
}

/** Remembers a numbered `deleted` that overtook everything before it, or came again with a new number. */
function tombstone(
  record: ShamanRepo | undefined,
  event: RepoEvent,
  moment: Moment,
): ShamanRepo | null {
  const { sequence } = event;
  if (sequence === undefined) return null;
  if (record !== undefined) return { ...record, sequence, modified: moment };
  if (missingOf(event).length > 0) return null;
  return {
    identity: identityOf(event),
    chacraUrl: event.chacraUrl,
    url: '',
    status: 'deleted',
    reason: null,
    type: null,
    archs: [],
    extra: {},
    sequence,
    generation: null,
    liveGeneration: null,
    created: moment.at,
    modified: moment,
    gone: null,
  };
}

/** A node that numbers its events sends the archs of the generation; the original only ever adds. */
function archsAfter(living: ShamanRepo | undefined, event: RepoEvent): readonly string[] {
  const before = living?.archs ?? [];
  if (event.archs === undefined) return before;
  if (event.sequence !== undefined) return event.archs;
  return [...new Set([...before, ...event.archs])];
}

function missingOf(event: RepoEvent): string[] {
  const needed = {
    ref: event.ref,
    sha1: event.sha1,
    flavor: event.flavor,
    distro: event.distro,
    distro_version: event.distroVersion,
  };
  return Object.entries(needed).flatMap(([name, value]) => (value === undefined ? [name] : []));
}

function identityOf(event: RepoEvent): RepoIdentity {
  const missing = missingOf(event);
  if (missing.length > 0) {
    const reason = `missing at the first event of a repository: ${missing.join(', ')}`;
    throw new GitbuilderError('REQUEST_INVALID', { reason });
  }
  const { project, ref = '', sha1 = '', distro = '', distroVersion = '', flavor = '' } = event;
  return parseIdentity({ project, ref, sha1, distro, distroVersion, flavor });
}
