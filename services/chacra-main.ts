import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { openBlobStore } from './adapters/blob-store.ts';
import { DiskGenerationStore } from './adapters/generation-store.ts';
import { loadSigner } from './adapters/openpgp-signer.ts';
import { openProjectStore } from './adapters/project-store.ts';
import { openRepoStore } from './adapters/repo-store.ts';
import { SerialByKey } from './adapters/serial-by-key.ts';
import { httpShamanClient, nobodyListens } from './adapters/shaman-client.ts';
import type { ShamanAccess } from './adapters/shaman-client.ts';
import { PublishWaiters } from './chacra/await-publish.ts';
import { resumeDeletions } from './chacra/resume-deletions.ts';
import { sweepStorage } from './chacra/sweep-storage.ts';
import { openExporter } from './export-main.ts';
import { tapFor } from './formats/tap-for.ts';
import { accelRedirect } from './http/accel-redirect.ts';
import { chacraApp } from './http/chacra-app.ts';
import type { ChacraContext } from './http/chacra-context.ts';
import { chacraMetrics } from './http/chacra-metrics.ts';
import { PieceBuffers } from './http/piece-buffers.ts';
import { openKeeping } from './keeping-main.ts';
import { authenticator } from './platform/auth.ts';
import { FileThread } from './platform/file-thread.ts';
import { clientAddress, trustedProxies } from './platform/forwarded.ts';
import { HeldRequests } from './platform/held-requests.ts';
import { listen } from './platform/http-server.ts';
import { scheduleJob } from './platform/jobs.ts';
import { makeMetrics } from './platform/metrics.ts';
import { openAudit } from './platform/open-audit.ts';
import { startOnFolder } from './platform/running-service.ts';
import type { RunningService, ServiceOptions } from './platform/running-service.ts';
import { Turns } from './platform/turns.ts';
import { openPublishing } from './publishing-main.ts';
import { configuredShaman, openTelling } from './telling-main.ts';
import { makeScrub } from './verify-main.ts';
import { DEFAULT_PROJECT } from './platform/project-settings.ts';

const STOP_GRACE_MILLISECONDS = 10_000;
const SHAMAN_GRACE_MILLISECONDS = 2_000;
/** Minute 17 of each hour: not when everybody else's jobs start. */
const SWEEP_TIMES = '17 * * * *';

/** What a storage node is started with. */
export interface ChacraOptions extends ServiceOptions {
  /** The shaman in the same process, for a configuration that names none. */
  readonly neighbour?: ShamanAccess | null;
}

/** Starts a storage node: everything it is made of is put together here. */
export function startChacra(options: ChacraOptions): Promise<RunningService> {
  const root = join(options.configuration.data, 'chacra');
  return startOnFolder(root, () => startLocked(root, options));
}

async function startLocked(root: string, options: ChacraOptions): Promise<RunningService> {
  const { clock, log, version } = options;
  const settings = options.configuration.chacra;
  const signer = settings.signing === undefined ? null : await loadSigner(settings.signing);
  const access = (await configuredShaman(options.configuration)) ?? options.neighbour ?? null;
  const shaman = access === null ? nobodyListens : httpShamanClient(access);
  const files = new FileThread({ log });
  const repos = await openRepoStore({ root, clock, log, files });
  const projects = await openProjectStore({ root });
  const blobs = await openBlobStore({ root, clock, tapFor, sha512: settings.sha512, files });
  const generations = new DiskGenerationStore({ root, files });
  const rulesOf = (project: string) => settings.projects.get(project) ?? DEFAULT_PROJECT;
  const rules = settings.projects;
  const parts = {
    pause: () => setImmediate(),
    repos,
    projects,
    blobs,
    generations,
    clock,
    log,
    rulesOf,
    rules,
  };
  const publishing = openPublishing(parts, settings, signer);
  const { queue, dependents, restoreIndex } = publishing;
  await resumeDeletions(repos, generations);
  const keepMilliseconds = settings.keepGenerationsHours * 3_600_000;
  const sweeps = new SerialByKey();
  const exporter = await openExporter(settings.exportRoot, root, {
    ...{ ...parts, restoreIndex, keepMilliseconds },
  });
  const onLost = async (sha256: string) => exporter?.relink(sha256);
  const scrub = makeScrub(root, { ...parts, restoreIndex, onLost }, settings.scrubBytesPerSecond);
  await scrub.load();
  const sweep = () =>
    sweeps.run('sweep', async () => {
      await sweepStorage({ ...parts, keepMilliseconds });
      await exporter?.sweep();
    });
  const audit = openAudit('chacra', options);
  const keeping = await openKeeping({ ...parts, root, settings, audit, sweep });

  const trusted = trustedProxies(options.configuration.trustedProxies);
  const held = new HeldRequests({
    perAddress: settings.heldPerAddress,
    total: settings.heldTotal,
    section: 'chacra',
  });
  let stopping = false;
  let shamanWarnings = (): readonly string[] => [];
  const context: ChacraContext = {
    ...parts,
    ...publishing,
    ...keeping,
    publishes: new PublishWaiters(parts),
    holder: { held, clock, addressOf: (request) => clientAddress(request, trusted) },
    turns: new Turns({ atOnce: 1 }),
    pieces: new PieceBuffers(),
    upload: {
      ...parts,
      tapFor,
      maxUploadBytes: settings.maxUploadBytes,
      reserveBytes: settings.reserveBytes,
    },
    accelRedirect: accelRedirect(settings.accelRedirect ?? null, trusted),
    stallMilliseconds: settings.stallSeconds * 1000,
    keepMilliseconds,
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
    warnings: async () => [
      ...(await keeping.warnings()),
      ...(await scrub.warnings()),
      ...shamanWarnings(),
    ],
  };
  const metrics = makeMetrics();
  const server = await listen(
    chacraApp({
      context,
      authenticate: authenticator(options.users),
      anonymous: options.configuration.anonymous,
      trusted,
      publicUrl: settings.publicUrl ?? null,
      ...{ metrics, log, audit },
    }),
    settings.listen,
  );
  const publicUrl = settings.publicUrl ?? server.url;
  const { events, heartbeat } = openTelling({ ...parts, shaman, publicUrl, version });
  chacraMetrics(metrics, { ...parts, queue, events, exporter, scrub, held });
  queue.resume();
  dependents.start();
  events.start();
  shamanWarnings = () => heartbeat.warnings();
  if (access !== null) heartbeat.start();
  exporter?.start();
  scrub.start();
  const jobs = [
    scheduleJob(log, 'sweep', SWEEP_TIMES, sweep),
    scheduleJob(log, 'scrub', settings.scrubTimes, () => scrub.run()),
    ...keeping.startJobs(),
  ];
  return {
    url: server.url,
    async stop() {
      stopping = true;
      // Whoever told us to stop waits ten seconds, as Docker does, and shaman may take as long to answer.
      const patience = clock.after(SHAMAN_GRACE_MILLISECONDS, () => shaman.hangUp());
      for (const job of jobs) await job.destroy();
      // A run ends with a sweep.
      await Promise.all([keeping.retention.stop(), blobs.endSweeps()]);
      await scrub.stop();
      await heartbeat.stop();
      held.close();
      await server.stop(STOP_GRACE_MILLISECONDS);
      dependents.stop();
      await queue.stop();
      await exporter?.stop();
      await events.stop();
      patience();
      await generations.settled();
      await repos.close();
      await blobs.close();
      await files.close();
      await audit.close();
    },
  };
}
