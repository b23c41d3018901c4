import { buildRecordJson, repoRecordJson } from '../api/shaman-json.ts';
import type { Build } from '../domain/build.ts';
import type { DistroTable } from '../domain/distros.ts';
import type { ShamanRepo } from '../domain/shaman-repo.ts';
import type { WebhookEvent } from '../domain/webhook.ts';
import type { BuildRecords, RepoRecords } from '../shaman/ports.ts';

/** What webhooks say of a repo's state. */
export function repoEvent(
  repo: ShamanRepo,
  before: ShamanRepo | undefined,
  distros: DistroTable,
): WebhookEvent {
  const { project, ref, sha1 } = repo.identity;
  return {
    order: repo.modified.order,
    at: repo.modified.at,
    kind: 'repo',
    project,
    ref,
    sha1,
    status: repo.status,
    before: before?.status ?? null,
    record: repoRecordJson(repo, distros),
  };
}

/** What webhooks say of a build's state. */
export function buildEvent(
  build: Build,
  before: Build | undefined,
  distros: DistroTable,
): WebhookEvent {
  const { project, ref, sha1 } = build.identity;
  return {
    order: build.modified.order,
    at: build.modified.at,
    kind: 'build',
    project,
    ref,
    sha1,
    status: build.status,
    before: before?.status ?? null,
    record: buildRecordJson(build, distros),
  };
}

/** Hears of every change as an event. */
export function watchEvents(
  records: { readonly repos: RepoRecords; readonly builds: BuildRecords },
  distros: DistroTable,
  hear: (event: WebhookEvent) => void,
): void {
  records.repos.watch(({ before, after }) => {
    if (after !== undefined) hear(repoEvent(after, before, distros));
  });
  records.builds.watch(({ before, after }) => {
    if (after !== undefined) hear(buildEvent(after, before, distros));
  });
}

/** The present state of everything on record, as events. */
export function* presentEvents(
  records: { readonly repos: RepoRecords; readonly builds: BuildRecords },
  distros: DistroTable,
): Generator<WebhookEvent, void, undefined> {
  for (const repo of records.repos.all()) yield repoEvent(repo, undefined, distros);
  for (const build of records.builds.all()) yield buildEvent(build, undefined, distros);
}
