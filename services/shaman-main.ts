import { join } from 'node:path';
import { httpNodeProbe } from './adapters/http-node-probe.ts';
import { httpRepoTruth } from './adapters/http-repo-truth.ts';
import { openNodeAssignments } from './adapters/node-assignments.ts';
import { openNodeRecords } from './adapters/shaman-nodes.ts';
import { httpWebhookSender } from './adapters/http-webhook-sender.ts';
import { openShamanStore } from './adapters/shaman-store.ts';
import { openWebhookOutbox } from './adapters/webhook-outbox.ts';
import { withDistros } from './domain/distros.ts';
import type { DistroTable } from './domain/distros.ts';
import { KeptSearches } from './http/kept-searches.ts';
import { questionContext } from './http/question-context.ts';
import { RepoTexts } from './http/repo-texts.ts';
import { shamanApp } from './http/shaman-app.ts';
import type { ShamanContext } from './http/shaman-context.ts';
import { shamanMetrics } from './http/shaman-metrics.ts';
import { presentEvents, watchEvents } from './http/webhook-events.ts';
import { authenticator } from './platform/auth.ts';
import { configuredSecret } from './platform/credentials.ts';
import { FileThread } from './platform/file-thread.ts';
import { trustedProxies } from './platform/forwarded.ts';
import { listen } from './platform/http-server.ts';
import { scheduleJob } from './platform/jobs.ts';
import { makeMetrics } from './platform/metrics.ts';
import { openAudit } from './platform/open-audit.ts';
import { startOnFolder } from './platform/running-service.ts';
import type { RunningService, ServiceOptions } from './platform/running-service.ts';
import type { Configuration } from './platform/settings.ts';
import { checkRepos } from './shaman/check-repos.ts';
import { markLostBuilds } from './shaman/mark-lost-builds.ts';
import { NodeProbing } from './shaman/probe-nodes.ts';
import { retireRecords } from './shaman/retire-records.ts';
import { WebhookDelivery } from './shaman/webhook-delivery.ts';

const STOP_GRACE_MILLISECONDS = 10_000;
const CHECKS_PER_SECOND = 50;
const HOUR = 3_600_000;
/** Odd minutes: not when everybody else's jobs start. */
const LOST_TIMES = '3-59/10 * * * *';
const RETIRE_TIMES = '27 * * * *';
const CHECK_TIMES = '43 1-23/6 * * *';

/** Starts the coordinator: everything it is made of is put together here. */
export function startShaman(options: ServiceOptions): Promise<RunningService> {
  const root = join(options.configuration.data, 'shaman');
  return startOnFolder(root, () => startLocked(root, options));
}

async function startLocked(root: string, options: ServiceOptions): Promise<RunningService> {
  const { configuration, clock, log, version } = options;
  const settings = configuration.shaman;
  const files = new FileThread({ log });
  const store = await openShamanStore({ root, clock, log, files });
  const nodes = await openNodeRecords({ root, clock, log });
  const assignments = await openNodeAssignments(root);
  const { repos, builds, commits } = store;
  const distros = withDistros(configuration.distros);
  const audit = openAudit('shaman', options);

  let stopping = false;
  const context: ShamanContext = {
    repos,
    builds,
    commits,
    nodes,
    assignments,
    placement: settings.placement,
    fullBelowBytes: settings.fullBelowBytes,
    clock,
    log,
    distros,
    texts: new RepoTexts(repos, distros),
    searches: new KeptSearches(repos),
    version,
    problems: () => [
      ...(store.isWritable ? [] : ['the last change could not be written to the disk']),
      ...(stopping ? ['this service is stopping'] : []),
    ],
    warnings: () => (audit.problem === null ? [] : [audit.problem]),
  };
  const webhooks = await startWebhooks(root, options, { repos, builds, commits }, distros);
  const metrics = makeMetrics();
  shamanMetrics(metrics, context, webhooks);
  const trusted = trustedProxies(configuration.trustedProxies);
  const questions = questionContext(context, { ...settings, trusted, metrics });
  const server = await listen(
    shamanApp({
      context,
      questions,
      authenticate: authenticator(options.users),
      anonymous: configuration.anonymous,
      trusted,
      publicUrl: settings.publicUrl ?? null,
      ...{ metrics, log, audit },
    }),
    settings.listen,
  );
  const probing = new NodeProbing({ nodes, probe: httpNodeProbe, clock, log });
  probing.start();
  const jobs = [
    scheduleJob(log, 'lost builds', LOST_TIMES, () =>
      markLostBuilds(context, settings.lostAfterHours * HOUR),
    ),
    scheduleJob(log, 'retention', RETIRE_TIMES, () =>
      retireRecords(context, rulesOf(configuration)),
    ),
    ...(settings.checkRepos
      ? [
          scheduleJob(log, 'check of repositories', CHECK_TIMES, () =>
            checkRepos(
              { repos, clock, truth: httpRepoTruth },
              { perSecond: CHECKS_PER_SECOND, isStopped: () => stopping },
            ),
          ),
        ]
      : []),
  ];
  return {
    url: server.url,
    async stop() {
      stopping = true;
      for (const job of jobs) await job.destroy();
      await probing.stop();
      questions.close();
      await server.stop(STOP_GRACE_MILLISECONDS);
      await Promise.all(webhooks.map((webhook) => webhook.stop()));
      await nodes.close();
      await store.close();
      await files.close();
      await audit.close();
    },
  };
}

function rulesOf({ shaman }: Configuration) {
  return shaman.retention.map(({ project, ref, repoDays, buildDays }) => ({
    project,
    ref,
    repoDays: repoDays ?? null,
    buildDays: buildDays ?? null,
  }));
}

async function startWebhooks(
  root: string,
  { configuration, clock, log }: ServiceOptions,
  records: Pick<ShamanContext, 'repos' | 'builds' | 'commits'>,
  distros: DistroTable,
): Promise<WebhookDelivery[]> {
  const rules = configuration.shaman.webhooks;
  const secrets = new Map<string, string>();
  for (const { name, secretFile } of rules) {
    if (secretFile === undefined) continue;
    const setting = `shaman.webhooks, ${name}, secretFile`;
    secrets.set(name, await configuredSecret(setting, secretFile));
  }
  const sender = httpWebhookSender((name) => secrets.get(name) ?? null);
  const webhooks: WebhookDelivery[] = [];
  for (const rule of rules) {
    const outbox = await openWebhookOutbox(root, rule.name);
    const webhook = new WebhookDelivery({ rule, outbox, sender, clock, log });
    await webhook.start(presentEvents(records, distros), records.commits.newest);
    webhooks.push(webhook);
  }
  watchEvents(records, distros, (event) => {
    for (const webhook of webhooks) webhook.offer(event);
  });
  return webhooks;
}
