import { buildPath, fullDisplayName } from './builds.ts';
import { labelsIn } from './label.ts';
import { isIdle, isOnline } from './nodes-of-label.ts';
import { runClass } from './queue-json.ts';
import { parseTree } from './tree.ts';
import type { Asker } from './queue-json.ts';
import type { Build, Computer, Executor, OfflineCause, World } from './world.ts';

/** What of a computer is shown without `tree`. */
export const COMPUTER_DEPTH_0 = parseTree(
  'assignedLabels[name],description,displayName,executors[nothing],icon,idle,jnlpAgent,launchSupported,manualLaunchAllowed,numExecutors,offline,offlineCause[timestamp,description],offlineCauseReason,oneOffExecutors[nothing],temporarilyOffline,absoluteRemotePath,monitorData[*]',
);

const PLACEHOLDER =
  'org.jenkinsci.plugins.workflow.support.steps.ExecutorStepExecution$PlaceholderTask$PlaceholderExecutable';

/** What the caller's rights let it see of a computer. */
export interface ComputerAsker extends Asker {
  /** Job/Read: without it a busy executor shows no build. */
  readonly mayReadJobs: boolean;
  /** Agent/Connect: monitors and the remote path. */
  readonly mayConnect: boolean;
}

/** Everything that `/computer/api/json` exports. */
export function computersJson(world: World, asker: ComputerAsker): Record<string, unknown> {
  const computers = [...world.computers.values()];
  const online = computers.filter(isOnline).flatMap(({ executors }) => executors);
  const all = [...world.builtInExecutors, ...computers.flatMap(({ executors }) => executors)];
  return {
    _class: 'hudson.model.ComputerSet',
    busyExecutors: all.filter((executor) => !isIdle(executor)).length,
    computer: [
      builtInJson(world, asker),
      ...computers.map((computer) => computerJson(world, computer, asker)),
    ],
    displayName: 'Nodes',
    totalExecutors: world.builtInExecutors.length + online.length,
  };
}

/** A defined node, or one that is deleted and still held by a Pipeline. */
export function computerJson(
  world: World,
  computer: Computer,
  asker: ComputerAsker,
): Record<string, unknown> {
  const node = world.nodes.get(computer.name);
  const connected = computer.link !== null;
  const labels = [...labelsIn(node?.labelString ?? ''), computer.name];
  return {
    _class: 'hudson.slaves.SlaveComputer',
    assignedLabels: [...new Set(labels)].map((name) => ({ name })),
    description: node?.description ?? '',
    displayName: computer.name,
    executors: computer.executors.map((executor) => executorJson(executor, asker)),
    icon: connected ? 'symbol-computer' : 'symbol-computer-offline',
    idle: computer.executors.every(isIdle),
    jnlpAgent: true,
    launchSupported: false,
    manualLaunchAllowed: true,
    numExecutors: node?.numExecutors ?? 0,
    offline: !isOnline(computer),
    offlineCause: causeJson(computer.offlineCause),
    offlineCauseReason: causeReason(computer.offlineCause),
    oneOffExecutors: [],
    temporarilyOffline: computer.temporarilyOffline,
    absoluteRemotePath: connected && asker.mayConnect ? (node?.remoteFS ?? null) : null,
    monitorData: asker.mayConnect ? monitors(world, connected) : {},
  };
}

/** The built-in node: online, never idle while a Pipeline runs. */
export function builtInJson(world: World, asker: ComputerAsker): Record<string, unknown> {
  const pipelines = [...world.jobs.values()]
    .filter(({ kind }) => kind === 'pipeline')
    .flatMap(({ builds }) => builds.filter(({ building }) => building));
  const { builtInExecutors } = world;
  return {
    _class: 'hudson.model.Hudson$MasterComputer',
    assignedLabels: [{ name: 'built-in' }],
    description: "the Jenkins controller's built-in node",
    displayName: 'Built-In Node',
    executors: builtInExecutors.map((executor) => executorJson(executor, asker)),
    icon: 'symbol-computer',
    idle: builtInExecutors.every(isIdle) && pipelines.length === 0,
    jnlpAgent: false,
    launchSupported: true,
    manualLaunchAllowed: true,
    numExecutors: builtInExecutors.length,
    offline: false,
    offlineCause: null,
    offlineCauseReason: '',
    oneOffExecutors: pipelines.map((build) => ({
      currentExecutable: asker.mayReadJobs ? buildStub(build, asker) : null,
      number: -1,
      idle: false,
    })),
    temporarilyOffline: false,
    absoluteRemotePath: asker.mayConnect ? '/var/lib/jenkins' : null,
    monitorData: asker.mayConnect ? monitors(world, true) : {},
  };
}

function executorJson({ number, running }: Executor, asker: ComputerAsker) {
  return {
    currentExecutable: running === null || !asker.mayReadJobs ? null : executableJson(running),
    idle: running === null,
    likelyStuck: false,
    number,
    progress: running === null ? -1 : 0,
  };

  function executableJson(now: NonNullable<Executor['running']>): Record<string, unknown> {
    if (now.kind === 'freestyle') return buildStub(now.build, asker);
    const { stage } = now.block.definition;
    const name = fullDisplayName(now.build) + (stage === undefined ? '' : ` (${stage})`);
    return {
      ...buildStub(now.build, asker),
      _class: PLACEHOLDER,
      displayName: name,
      fullDisplayName: name,
      estimatedDuration: -1,
    };
  }
}

function buildStub(build: Build, asker: Asker): Record<string, unknown> {
  return {
    _class: runClass(build),
    displayName: `#${build.number}`,
    fullDisplayName: fullDisplayName(build),
    number: build.number,
    timestamp: build.timestamp,
    url: asker.rootUrl + buildPath(build),
  };
}

function causeJson(cause: OfflineCause | null): Record<string, unknown> | null {
  if (cause === null) return null;
  const description = causeReason(cause);
  switch (cause.kind) {
    case 'user':
      return {
        _class: 'hudson.slaves.OfflineCause$UserCause',
        timestamp: cause.at,
        description: `Disconnected by ${cause.by} : ${cause.message}`,
      };
    case 'monitor':
      return { _class: 'hudson.node_monitors.DiskSpaceMonitorDescriptor$DiskSpace', description };
    case 'launch-failed':
      return { _class: 'hudson.slaves.OfflineCause$LaunchFailed', description };
    case 'channel-terminated':
      return { _class: 'hudson.slaves.OfflineCause$ChannelTermination', description };
    case 'removed':
      return { _class: 'hudson.slaves.OfflineCause$SimpleOfflineCause', description };
  }
}

function causeReason(cause: OfflineCause | null): string {
  if (cause === null) return '';
  switch (cause.kind) {
    case 'user':
    case 'monitor':
      return cause.message;
    case 'launch-failed':
      return 'This agent is offline because Jenkins failed to launch the agent process on it.';
    case 'channel-terminated':
      return 'Connection was broken';
    case 'removed':
      return 'Node is being removed';
  }
}

function monitors(world: World, connected: boolean): Record<string, unknown> {
  const of = 'hudson.node_monitors.';
  const response = {
    _class: `${of}ResponseTimeMonitor$Data`,
    average: 382,
    timestamp: world.clock.now().getTime(),
  };
  return {
    [`${of}ArchitectureMonitor`]: connected ? 'Linux (amd64)' : null,
    [`${of}ResponseTimeMonitor`]: connected ? response : null,
    ...Object.fromEntries(
      ['SwapSpace', 'TemporarySpace', 'DiskSpace', 'Clock'].map((name) => [
        `${of}${name}Monitor`,
        null,
      ]),
    ),
  };
}
