import { z } from 'zod';
import { buildPath } from '../rules/build-path.ts';
import type { Computer, QueueItem } from '../rules/jenkins-facts.ts';

/** What to ask of the queue. Without it, a Pipeline's block shows nothing but its class. */
export const QUEUE_TREE =
  'items[id,why,pending,stuck,inQueueSince,task[name,fullDisplayName,url,labelExpression]]';

/** What to ask of the nodes. */
export const COMPUTERS_TREE =
  'computer[displayName,description,offline,temporarilyOffline,offlineCauseReason,offlineCause[*],idle,numExecutors,assignedLabels[name],executors[currentExecutable[url]],oneOffExecutors[currentExecutable[url]]]';

const KINDS: Readonly<Record<string, QueueItem['kind']>> = {
  'hudson.model.Queue$WaitingItem': 'waiting',
  'hudson.model.Queue$BlockedItem': 'blocked',
  'hudson.model.Queue$BuildableItem': 'buildable',
};
const BLOCK = 'org.jenkinsci.plugins.workflow.support.steps.ExecutorStepExecution$PlaceholderTask';
const PIPELINE = 'org.jenkinsci.plugins.workflow.job.WorkflowJob';
const MONITORS = 'hudson.node_monitors.';
const BUILT_IN = 'hudson.model.Hudson$MasterComputer';

const text = z.string().nullish();
const flag = z.boolean().nullish();

const QUEUE = z.object({
  items: z.array(
    z.object({
      _class: text,
      id: z.number(),
      why: text,
      pending: flag,
      stuck: flag,
      inQueueSince: z.number(),
      task: z
        .object({
          _class: text,
          name: text,
          fullDisplayName: text,
          url: text,
          labelExpression: text,
        })
        .nullish(),
    }),
  ),
});

const EXECUTORS = z
  .array(z.object({ currentExecutable: z.object({ url: text }).nullish() }))
  .nullish();

const COMPUTER_SET = z.object({
  computer: z.array(
    z.object({
      _class: text,
      displayName: z.string(),
      description: text,
      offline: z.boolean(),
      temporarilyOffline: flag,
      offlineCauseReason: text,
      offlineCause: z.object({ _class: text }).nullish(),
      idle: z.boolean(),
      numExecutors: z.number(),
      assignedLabels: z.array(z.object({ name: text })).nullish(),
      executors: EXECUTORS,
      oneOffExecutors: EXECUTORS,
    }),
  ),
});

/** The items of `/queue/api/json`, newest first; null when this is something else. */
export function readItems(body: unknown): QueueItem[] | null {
  const items = QUEUE.safeParse(body).data?.items;
  if (items === undefined) return null;
  return items
    .map(({ _class, id, why, pending, stuck, inQueueSince, task }) => ({
      id,
      kind: KINDS[_class ?? ''] ?? ('other' as const),
      why: why ?? null,
      inQueueSince,
      pending: pending ?? false,
      stuck: stuck ?? false,
      task: {
        kind: taskKind(task?._class),
        name: task?.fullDisplayName ?? task?.name ?? '',
        path: buildPath(task?.url ?? '') ?? '',
        labelExpression: task?.labelExpression ?? null,
      },
    }))
    .sort((a, b) => b.id - a.id);
}

function taskKind(name: string | null | undefined): QueueItem['task']['kind'] {
  if (name === BLOCK) return 'block';
  return name === PIPELINE ? 'pipeline' : 'project';
}

/** The nodes of `/computer/api/json`; null when this is something else. */
export function readComputers(body: unknown): Computer[] | null {
  const computers = COMPUTER_SET.safeParse(body).data?.computer;
  if (computers === undefined) return null;
  return computers.map((computer) => ({
    name: computer.displayName,
    isBuiltIn: computer._class === BUILT_IN,
    description: computer.description ?? '',
    offline: computer.offline,
    temporarilyOffline: computer.temporarilyOffline ?? false,
    offlineReason: computer.offlineCauseReason ?? '',
    isOfflineByMonitor: (computer.offlineCause?._class ?? '').startsWith(MONITORS),
    idle: computer.idle,
    executors: computer.numExecutors,
    labels: (computer.assignedLabels ?? [])
      .map(({ name }) => name ?? '')
      .filter((name) => name !== '' && name !== computer.displayName),
    builds: [...(computer.executors ?? []), ...(computer.oneOffExecutors ?? [])]
      .map(({ currentExecutable }) => buildPath(currentExecutable?.url ?? '') ?? '')
      .filter((path) => path !== ''),
  }));
}
