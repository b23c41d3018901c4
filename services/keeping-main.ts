import { openPinStore } from './adapters/pin-store.ts';
import { DiskUses } from './chacra/disk-use.ts';
import type { Pause } from './chacra/pauses.ts';
import type {
  BlobStore,
  Clock,
  GenerationStore,
  Log,
  ProjectStore,
  RepoStore,
} from './chacra/ports.ts';
import { RepoActivity } from './chacra/repo-activity.ts';
import { Retention } from './chacra/run-retention.ts';
import type { Audit } from './platform/audit-log.ts';
import { scheduleJob } from './platform/jobs.ts';
import type { Job } from './platform/jobs.ts';
import type { Configuration } from './platform/settings.ts';

const PRESSURE_TIMES = '2-57/5 * * * *';

/** What keeps a storage node from filling up, put together: part of its composition root. */
export async function openKeeping(options: {
  readonly root: string;
  readonly settings: Configuration['chacra'];
  readonly repos: RepoStore;
  readonly projects: ProjectStore;
  readonly blobs: BlobStore;
  readonly generations: GenerationStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit & { readonly problem: string | null };
  readonly sweep: () => Promise<unknown>;
  readonly pause: Pause;
}) {
  const { settings, repos, blobs, clock, log, audit, pause } = options;
  const { showBelowBytes, deleteBelowBytes = null } = settings.diskPressure;
  const quietMilliseconds = settings.retentionQuietMinutes * 60_000;
  const pins = await openPinStore(options);
  const activity = new RepoActivity(clock);
  const retention = new Retention({
    ...{ ...options, pins, activity, quietMilliseconds, deleteBelowBytes },
    rules: settings.retention,
    freeBytes: () => blobs.freeBytes(),
    onDeleted: ({ build: { project, ref, sha1, flavor }, rule, why }) =>
      audit.add({ user: 'retention', what: 'deleted', project, ref, sha1, flavor, rule, why }),
  });
  return {
    pins,
    activity,
    retention,
    diskUses: new DiskUses({ repos, clock, pause }),
    async warnings(): Promise<string[]> {
      const free = await blobs.freeBytes();
      const low = `only ${free} bytes are free on the disk, fewer than ${showBelowBytes}`;
      const unwritten = audit.problem === null ? [] : [audit.problem];
      return [...(free < showBelowBytes ? [low] : []), ...unwritten];
    },
    startJobs(): Job[] {
      const quietFrom = clock.now().getTime() + quietMilliseconds;
      // Just started, nobody knows who was reading what.
      const isTooEarly = () => clock.now().getTime() < quietFrom;
      return [
        scheduleJob(log, 'retention', settings.retentionTimes, async () =>
          isTooEarly() ? null : retention.startUnlessRunning('schedule'),
        ),
        scheduleJob(log, 'disk pressure', PRESSURE_TIMES, async () => {
          const isFull = deleteBelowBytes !== null && (await blobs.freeBytes()) < deleteBelowBytes;
          return isFull && !isTooEarly() ? retention.startUnlessRunning('disk pressure') : null;
        }),
      ];
    },
  };
}
