import { hostname } from 'node:os';
import { join } from 'node:path';
import { schedule } from 'node-cron';
import { httpRepoTruth } from './adapters/http-repo-truth.ts';
import { openNodeRecords } from './adapters/shaman-nodes.ts';
import { openShamanStore } from './adapters/shaman-store.ts';
import { withDistros } from './domain/distros.ts';
import { RepoTexts } from './http/repo-texts.ts';
import { shamanApp } from './http/shaman-app.ts';
import type { ShamanContext } from './http/shaman-context.ts';
import { shamanMetrics } from './http/shaman-metrics.ts';
import { authenticator } from './platform/auth.ts';
import type { User } from './platform/auth.ts';
import { makeFolder } from './platform/durable-file.ts';
import { lockFolder } from './platform/folder-lock.ts';
import { trustedProxies } from './platform/forwarded.ts';
import { listen } from './platform/http-server.ts';
import { makeMetrics } from './platform/metrics.ts';
import type { Configuration } from './platform/settings.ts';
import { checkRepos } from './shaman/check-repos.ts';
import { markLostBuilds } from './shaman/mark-lost-builds.ts';
import type { Clock, Log } from './shaman/ports.ts';
import { retireRecords } from './shaman/retire-records.ts';

const STOP_GRACE_MILLISECONDS = 10_000;
const CHECKS_PER_SECOND = 50;
const HOUR = 3_600_000;
/** Odd minutes: not when everybody else's jobs start. */
const LOST_TIMES = '3-59/10 * * * *';
const RETIRE_TIMES = '27 * * * *';
const CHECK_TIMES = '43 1-23/6 * * *';

export interface ShamanOptions {
  readonly configuration: Configuration;
  readonly users: readonly User[];
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
}

/** A service that runs; `url` ends in a slash. */
export interface RunningShaman {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the coordinator: everything it is made of is put together here. */
export async function startShaman(options: ShamanOptions): Promise<RunningShaman> {
  const root = join(options.configuration.data, 'shaman');
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

async function startLocked(root: string, options: ShamanOptions): Promise<RunningShaman> {
  const { configuration, clock, log, version } = options;
  const settings = configuration.shaman;
  const store = await openShamanStore({ root, clock, log });
  const nodes = await openNodeRecords({ root, clock, log });
  const { repos, builds, commits } = store;
  const distros = withDistros(configuration.distros);

  let stopping = false;
  const context: ShamanContext = {
    repos,
    builds,
    commits,
    nodes,
    clock,
    log,
    distros,
    texts: new RepoTexts(repos, distros),
    version,
    problems: () => [
      ...(store.isWritable ? [] : ['the last change could not be written to the disk']),
      ...(stopping ? ['this service is stopping'] : []),
    ],
  };
  const metrics = makeMetrics();
  shamanMetrics(metrics, context);
  const server = await listen(
    shamanApp({
      context,
      authenticate: authenticator(options.users),
      anonymous: configuration.anonymous,
      trusted: trustedProxies(configuration.trustedProxies),
      publicUrl: settings.publicUrl ?? null,
      metrics,
      log,
    }),
    settings.listen,
  );
  const jobs = [
    job(log, 'lost builds', LOST_TIMES, () =>
      markLostBuilds(context, settings.lostAfterHours * HOUR),
    ),
    job(log, 'retention', RETIRE_TIMES, () => retireRecords(context, rulesOf(configuration))),
    ...(settings.checkRepos
      ? [
          job(log, 'check of repositories', CHECK_TIMES, () =>
            checkRepos(
              { repos, clock, truth: httpRepoTruth },
              { perSecond: CHECKS_PER_SECOND, isStopped: () => stopping },
            ),
          ),
        ]
      : []),
  ];
  return {
    url: urlOf(server),
    async stop() {
      stopping = true;
      for (const { destroy } of jobs) await destroy();
      await server.stop(STOP_GRACE_MILLISECONDS);
      await nodes.close();
      await store.close();
    },
  };
}

/** Work at times of its own; what goes wrong is logged, and tried again at the next time. */
function job(log: Log, name: string, times: string, work: () => Promise<unknown>) {
  const task = schedule(
    times,
    async () => {
      try {
        log.info({ job: name, result: await work() }, 'job done');
      } catch (cause) {
        log.error({ job: name, err: cause }, 'job failed');
      }
    },
    { name, noOverlap: true },
  );
  return { destroy: async () => task.destroy() };
}

function rulesOf({ shaman }: Configuration) {
  return shaman.retention.map(({ project, ref, repoDays, buildDays }) => ({
    project,
    ref,
    repoDays: repoDays ?? null,
    buildDays: buildDays ?? null,
  }));
}

/** An address that listens everywhere is reached under this machine's name. */
function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? hostname() : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}/`;
}
