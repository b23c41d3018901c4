import { join } from 'node:path';
import { trustedProxies, clientAddress } from '../services/platform/forwarded.ts';
import { authenticator } from '../services/platform/auth.ts';
import { configuredSecret } from '../services/platform/credentials.ts';
import { HeldRequests } from '../services/platform/held-requests.ts';
import { listen } from '../services/platform/http-server.ts';
import type { HttpServer } from '../services/platform/http-server.ts';
import { scheduleJob } from '../services/platform/jobs.ts';
import { makeMetrics } from '../services/platform/metrics.ts';
import { openAudit } from '../services/platform/open-audit.ts';
import { startOnFolder } from '../services/platform/running-service.ts';
import type { RunningService, ServiceOptions } from '../services/platform/running-service.ts';
import { AgentJarCache } from './agent-jar-cache.ts';
import { AgentLoops } from './agent-loops.ts';
import { agentProblems } from './agent-problems.ts';
import type { AgentPolicy, Collaborators } from './collaborators.ts';
import { buildArchive } from './docker/file-archive.ts';
import { hostSettings, openEngine } from './docker/open-engine.ts';
import { openRegistryLogins } from './docker/registry-logins.ts';
import { forgetHistory } from './forget-history.ts';
import { agentApp } from './http/agent-app.ts';
import type { AgentContext, Running } from './http/agent-context.ts';
import { agentJson } from './http/agent-json.ts';
import { agentMetrics } from './http/agent-metrics.ts';
import { AgentStreams } from './http/agent-streams.ts';
import { jenkinsApi } from './jenkins/jenkins-api.ts';
import { KnownImages } from './known-images.ts';
import { pruneHostCaches } from './prune-caches.ts';
import { provisionFiles } from './rules/provision-files.ts';
import { ImageRefreshing } from './refresh-images.ts';
import { SetupTokens } from './setup-tokens.ts';
import { Situation } from './situation.ts';
import { openAgentDocuments } from './store/agent-documents.ts';
import { openDemandDocument } from './store/demand-document.ts';
import { randomIds } from './store/random-ids.ts';
import { ownServiceId } from './store/service-id.ts';
import { openStandingDocument } from './store/standing-document.ts';
import { TemplateReloading } from './template-source.ts';
import { templateSource } from './templates/template-folder.ts';

const STOP_GRACE_MILLISECONDS = 10_000;
const DAY = 86_400_000;
const FORGET_TIMES = '39 * * * *';

type Leaked = Collaborators['leaked'];

/** Starts the agent service: everything it is made of is put together here. */
export function startAgents(options: ServiceOptions): Promise<RunningService> {
  const root = join(options.configuration.data, 'agents');
  return startOnFolder(root, () => startLocked(root, options));
}

async function startLocked(root: string, options: ServiceOptions): Promise<RunningService> {
  const { configuration, log, version } = options;
  const settings = configuration.agents;
  const trusted = trustedProxies(configuration.trustedProxies);
  const audit = openAudit('agents', options);
  const metrics = makeMetrics();
  const { leaked, watch } = agentMetrics(metrics);
  const { heldPerAddress: perAddress, heldTotal: total } = settings;
  const held = new HeldRequests({ perAddress, total, section: 'agents' });

  let work: Work | null = null;
  let stopping = false;
  const context: { -readonly [K in keyof AgentContext]: AgentContext[K] } = {
    agents: null,
    held,
    addressOf: (request) => clientAddress(request, trusted),
    version,
    problems: () => [
      ...(work?.problems() ?? []),
      ...(stopping ? ['this service is stopping'] : []),
    ],
    warnings: () => [
      ...(settings.jenkins === undefined ? ['stands by: no Jenkins is configured'] : []),
      ...(audit.problem === null ? [] : [audit.problem]),
    ],
  };
  const server = await listen(
    agentApp({
      context,
      authenticate: authenticator(options.users),
      anonymous: configuration.anonymous,
      trusted,
      publicUrl: settings.publicUrl ?? null,
      ...{ metrics, log, audit },
    }),
    settings.listen,
  );
  const { jenkins } = settings;
  if (jenkins !== undefined) {
    try {
      work = await begin(root, options, jenkins, server, leaked);
    } catch (cause) {
      // A server that goes on would keep the process, with nothing behind it.
      await server.stop(0);
      await audit.close();
      throw cause;
    }
    context.agents = work.running;
    watch(work.running.collaborators);
  }
  return {
    url: server.url,
    async stop() {
      stopping = true;
      held.close();
      await work?.stop();
      await server.stop(STOP_GRACE_MILLISECONDS);
      await work?.close();
      await audit.close();
    },
  };
}

interface Work {
  readonly running: Running;
  readonly problems: () => readonly string[];
  stop(): Promise<void>;
  close(): Promise<void>;
}

type JenkinsSettings = NonNullable<ServiceOptions['configuration']['agents']['jenkins']>;

async function begin(
  root: string,
  options: ServiceOptions,
  jenkinsSettings: JenkinsSettings,
  server: HttpServer,
  leaked: Leaked,
): Promise<Work> {
  const { configuration, clock, log } = options;
  const settings = configuration.agents;
  const service = settings.service ?? (await ownServiceId(root));
  const logins = await openRegistryLogins(settings.registries);
  const images = new KnownImages();
  const hosts = await Promise.all(
    settings.engines.map(async (one) => ({
      settings: hostSettings(one),
      engine: await openEngine(one, {
        ...{ service, clock, log, logins },
        told: (_, pull) => {
          if (pull !== undefined) images.pulling(one.name, pull.image, pull.done);
        },
      }),
    })),
  );
  const agents = await openAgentDocuments(root);
  const demands = await openDemandDocument(root);
  const standing = await openStandingDocument(root);
  const ending = new AbortController();
  const { url, user, tokenFile, reachableUrl = url } = jenkinsSettings;
  const token = await configuredSecret('agents.jenkins.tokenFile', tokenFile);
  const jenkins = jenkinsApi({ url, user, token, clock, signal: ending.signal });
  const situation = new Situation(hosts, clock, images);
  const collaborators: Collaborators = {
    policy: policyOf(settings, service, url),
    ...{ jenkins, agents, demands, standing, situation, clock, log, leaked },
    tokens: new SetupTokens(clock, randomIds),
    ids: randomIds,
    reach: (host) => ({
      serviceUrl: settings.reachableUrl ?? serviceUrl(server, settings, situation, host),
      controllerUrl: reachableUrl,
    }),
  };
  const reloading = new TemplateReloading({
    read: templateSource(
      settings.templates,
      hosts.map((host) => host.settings),
    ),
    ...{ situation, clock, log },
  });
  await reloading.start();
  const loops = new AgentLoops(collaborators, {
    pollMilliseconds: settings.pollSeconds * 1000,
    reconcileMilliseconds: settings.reconcileSeconds * 1000,
    parallelPerHost: settings.parallelPerHost,
  });
  loops.start();
  const refreshing = new ImageRefreshing(collaborators, settings.imageSeconds * 1000);
  if (settings.imageSeconds > 0) refreshing.start();
  const jobs = [
    scheduleJob(log, 'history of agents', FORGET_TIMES, () => forgetHistory(collaborators)),
    scheduleJob(log, 'caches of agents', settings.cacheTimes, () => pruneHostCaches(collaborators)),
  ];
  const archive = (name: string) => {
    const template = situation.template(name);
    return buildArchive(template === undefined ? [] : provisionFiles(template.provision));
  };
  return {
    running: {
      ...{ collaborators, loops, archive },
      streams: new AgentStreams(agents, clock, (agent) => agentJson(collaborators, agent)),
      jar: new AgentJarCache(jenkins),
    },
    problems: () => agentProblems(collaborators, loops),
    async stop() {
      await Promise.all(jobs.map((job) => job.destroy()));
      await reloading.stop();
      // What takes longer is ended: it is found again at the next start.
      const cancel = clock.after(STOP_GRACE_MILLISECONDS, () => end());
      const end = (): void => {
        ending.abort();
        for (const { engine } of hosts) engine.close();
      };
      await Promise.all([loops.stop(), refreshing.stop()]);
      cancel();
      end();
    },
    async close() {
      await agents.close();
      await demands.close();
      await standing.close();
    },
  };
}

function policyOf(
  settings: ServiceOptions['configuration']['agents'],
  service: string,
  controllerUrl: string,
): AgentPolicy {
  return {
    service,
    totalCap: settings.cap ?? null,
    graceMilliseconds: settings.graceSeconds * 1000,
    anchor: settings.anchor,
    controllerUrl,
    demandSeconds: settings.demandSeconds,
    longestDemandSeconds: settings.longestDemandSeconds,
    longestHoldSeconds: settings.longestHoldSeconds,
    historyMilliseconds: settings.historyDays * DAY,
  };
}

/** On one host, containers reach what listens everywhere by the gateway of their network. */
function serviceUrl(
  server: HttpServer,
  { listen: { host: address } }: ServiceOptions['configuration']['agents'],
  situation: Situation,
  host: string,
): string {
  const gateway = situation.host(host)?.facts?.gateway ?? null;
  if (gateway === null || (address !== '0.0.0.0' && address !== '::')) return server.url;
  const { port } = new URL(server.url);
  return `http://${gateway}:${port}/`;
}
