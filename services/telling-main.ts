import { loadavg } from 'node:os';
import type { ShamanAccess, ShamanLine } from './adapters/shaman-client.ts';
import { repoEventBody } from './api/repo-json.ts';
import { EventDelivery } from './chacra/deliver-events.ts';
import { Heartbeat } from './chacra/heartbeat.ts';
import type { BlobStore, Clock, Log, RepoStore } from './chacra/ports.ts';
import { configuredSecret } from './platform/credentials.ts';
import type { Configuration } from './platform/settings.ts';

/** What a storage node tells shaman, put together: part of its composition root. */
export function openTelling(options: {
  readonly repos: RepoStore;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly shaman: ShamanLine;
  readonly publicUrl: string;
  readonly version: string;
}) {
  const { blobs, publicUrl, version } = options;
  const events = new EventDelivery({
    ...options,
    body: (repo, event) => repoEventBody(repo, event, publicUrl),
  });
  const heartbeat = new Heartbeat({
    ...options,
    host: new URL(publicUrl).host,
    report: async () => ({
      url: publicUrl,
      free_bytes: await blobs.freeBytes(),
      load: loadavg()[0] ?? 0,
      version,
    }),
  });
  return { events, heartbeat };
}

/** The shaman of the configuration; null where it names none. */
export async function configuredShaman({ chacra }: Configuration): Promise<ShamanAccess | null> {
  if (chacra.shaman === undefined) return null;
  const { url, user, keyFile } = chacra.shaman;
  return { url, user, key: await configuredSecret('chacra.shaman.keyFile', keyFile) };
}
