import { hostname } from 'node:os';
import { join } from 'node:path';
import { schedule } from 'node-cron';
import { openBlobStore } from './adapters/blob-store.ts';
import { DiskGenerationStore } from './adapters/generation-store.ts';
import { loadSigner } from './adapters/openpgp-signer.ts';
import { openProjectStore } from './adapters/project-store.ts';
import { openRepoStore } from './adapters/repo-store.ts';
import { httpShamanClient, nobodyListens } from './adapters/shaman-client.ts';
import { repoEventBody } from './api/repo-json.ts';
import { EventDelivery } from './chacra/deliver-events.ts';
import { GzipMembers } from './chacra/gzip-members.ts';
import { KeptFiles } from './chacra/kept-files.ts';
import { pickOwn } from './chacra/pick-own.ts';
import type { Clock, Log } from './chacra/ports.ts';
import { PublishQueue } from './chacra/publish-queue.ts';
import { publishRepo } from './chacra/publish-repo.ts';
import { repoRenderer } from './chacra/render-repo.ts';
import { indexRestorer } from './chacra/restore-index.ts';
import { resumeDeletions } from './chacra/resume-deletions.ts';
import { sweepStorage } from './chacra/sweep-storage.ts';
import { tapFor } from './formats/package-tap.ts';
import { chacraApp } from './http/chacra-app.ts';
import type { ChacraContext } from './http/chacra-context.ts';
import { chacraMetrics } from './http/chacra-metrics.ts';
import { authenticator } from './platform/auth.ts';
import type { User } from './platform/auth.ts';
import { readSecret } from './platform/credentials.ts';
import { makeFolder } from './platform/durable-file.ts';
import { lockFolder } from './platform/folder-lock.ts';
import { trustedProxies } from './platform/forwarded.ts';
import { listen } from './platform/http-server.ts';
import { makeMetrics } from './platform/metrics.ts';
import { DEFAULT_PROJECT } from './platform/settings.ts';
import type { Configuration } from './platform/settings.ts';

const INDEX_CACHE_BYTES = 16 * 1024 * 1024;
const PARALLEL_PUBLISHES = 4;
const STOP_GRACE_MILLISECONDS = 10_000;
/** Minute 17 of each hour: not when everybody else's jobs start. */
const SWEEP_TIMES = '17 * * * *';

export interface ChacraOptions {
  readonly configuration: Configuration;
  readonly users: readonly User[];
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
}

/** A service that runs; `url` ends in a slash. */
export interface RunningChacra {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a storage node: everything it is made of is put together here. */
export async function startChacra(options: ChacraOptions): Promise<RunningChacra> {
  const root = join(options.configuration.data, 'chacra');
  await makeFolder(root);
  const lock = await lockFolder(root);
  try {
    const running = await startLocked(root, options);
    return {
      url: running.url,
      async stop() {
        await running.stop();
        lock.release();
      },
    };
  } catch (cause) {
    lock.release();
    throw cause;
  }
}

async function startLocked(root: string, options: ChacraOptions): Promise<RunningChacra> {
  const { clock, log, version } = options;
  const settings = options.configuration.chacra;
  const signer = settings.signing === undefined ? null : await loadSigner(settings.signing);
  const shaman =
    settings.shaman === undefined
      ? nobodyListens
      : httpShamanClient({
          url: settings.shaman.url,
          user: settings.shaman.user,
          key: await readSecret(settings.shaman.keyFile),
        });
  const repos = await openRepoStore({ root, clock, log });
  const projects = await openProjectStore({ root });
  const blobs = await openBlobStore({ root, clock, tapFor, sha512: settings.sha512 });
  const generations = new DiskGenerationStore({ root });
  const rulesOf = (project: string) => settings.projects.get(project) ?? DEFAULT_PROJECT;
  const kept = new KeptFiles(generations);
  const render = repoRenderer({
    members: new GzipMembers({ cacheBytes: INDEX_CACHE_BYTES }),
    signer,
    origin: settings.origin,
    description: settings.description,
  });
  const parts = { repos, projects, blobs, generations, clock, log };
  const publishing = { ...parts, pick: pickOwn, render, kept, signed: signer !== null };
  const queue = new PublishQueue({
    ...parts,
    publish: (identity) => publishRepo(publishing, identity),
    quietMilliseconds: settings.quietSeconds * 1000,
    parallel: PARALLEL_PUBLISHES,
  });
  await resumeDeletions(repos, generations);

  let stopping = false;
  const context: ChacraContext = {
    ...parts,
    kept,
    restoreIndex: indexRestorer({ ...parts, render }),
    queue,
    rulesOf,
    upload: {
      ...parts,
      rulesOf,
      tapFor,
      maxUploadBytes: settings.maxUploadBytes,
      reserveBytes: settings.reserveBytes,
    },
    stallMilliseconds: settings.stallSeconds * 1000,
    publicKeyArmored: signer?.publicKeyArmored ?? null,
    version,
    async problems() {
      const free = await blobs.freeBytes();
      const low = `only ${free} bytes are free on the disk, fewer than the reserve of ${settings.reserveBytes}`;
      return [
        ...(free < settings.reserveBytes ? [low] : []),
        ...(stopping ? ['this node is stopping'] : []),
      ];
    },
  };
  const metrics = makeMetrics();
  const server = await listen(
    chacraApp({
      context,
      authenticate: authenticator(options.users),
      anonymous: options.configuration.anonymous,
      trusted: trustedProxies(options.configuration.trustedProxies),
      publicUrl: settings.publicUrl ?? null,
      metrics,
      log,
    }),
    settings.listen,
  );
  const url = urlOf(server);
  const publicUrl = settings.publicUrl ?? url;
  const events = new EventDelivery({
    ...parts,
    shaman,
    body: (repo, event) => repoEventBody(repo, event, publicUrl),
  });
  chacraMetrics(metrics, { ...parts, queue, events });
  queue.resume();
  events.start();
  const keepMilliseconds = settings.keepGenerationsHours * 3_600_000;
  const sweep = schedule(SWEEP_TIMES, () => sweepStorage({ ...parts, keepMilliseconds }), {
    name: 'sweep',
    noOverlap: true,
  });
  return {
    url,
    async stop() {
      stopping = true;
      await sweep.destroy();
      await server.stop(STOP_GRACE_MILLISECONDS);
      await queue.stop();
      await events.stop();
      await repos.close();
      await blobs.close();
    },
  };
}

/** An address that listens everywhere is reached under this machine's name. */
function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? hostname() : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}/`;
}
