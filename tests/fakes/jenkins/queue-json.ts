import { buildPath, fullDisplayName, jobPath } from './builds.ts';
import { parseTree, prune } from './tree.ts';
import { isStuck, why } from './why.ts';
import type { Language } from './why.ts';
import type { Build, Item, Job, LeftItem, World } from './world.ts';

/** Who asks, and in which words the answer comes. */
export interface Asker {
  readonly rootUrl: string;
  readonly language: Language;
}

const PLACEHOLDER =
  'org.jenkinsci.plugins.workflow.support.steps.ExecutorStepExecution$PlaceholderTask';

const ITEM_DEPTH_0 = parseTree(
  'actions[causes[shortDescription,userId,userName]],blocked,buildable,id,inQueueSince,params,stuck,task[name,url,color],url,why,timestamp,buildableStartMilliseconds,pending,cancelled,executable[number,url]',
);

/** What is shown of an item without `tree`: of a placeholder's task nothing but its class. */
export function itemAtDepth0(item: Record<string, unknown>): unknown {
  const kept = prune(item, ITEM_DEPTH_0);
  const { task } = item;
  const isBlock =
    typeof task === 'object' && task !== null && '_class' in task && task._class === PLACEHOLDER;
  return isBlock ? Object.assign({}, kept, { task: { _class: PLACEHOLDER } }) : kept;
}

/** Everything that the queue exports of an item. */
export function itemJson(world: World, item: Item, asker: Asker): Record<string, unknown> {
  const state = { waiting: 'WaitingItem', blocked: 'BlockedItem', buildable: 'BuildableItem' };
  return {
    _class: `hudson.model.Queue$${state[item.state]}`,
    ...sameForAll(item, asker),
    blocked: item.state === 'blocked',
    buildable: item.state === 'buildable',
    stuck: isStuck(world, item),
    why: why(world, item, asker.language),
    ...(item.state === 'waiting'
      ? { timestamp: item.quietUntil }
      : { buildableStartMilliseconds: item.buildableSince }),
    ...(item.state === 'buildable' ? { pending: false } : {}),
  };
}

/** An item that left, as its number alone still finds it. */
export function leftJson(left: LeftItem, asker: Asker): Record<string, unknown> {
  return {
    _class: 'hudson.model.Queue$LeftItem',
    ...sameForAll(left.item, asker),
    blocked: false,
    buildable: false,
    stuck: false,
    why: null,
    cancelled: left.executable === null,
    executable:
      left.executable === null
        ? null
        : {
            _class: runClass(left.executable),
            number: left.executable.number,
            url: asker.rootUrl + buildPath(left.executable),
          },
  };
}

function sameForAll(item: Item, asker: Asker): Record<string, unknown> {
  const parameters = Object.entries(item.parameters);
  return {
    actions: item.startedBy.length === 0 ? [] : [causeAction(item.startedBy)],
    id: item.id,
    inQueueSince: item.inQueueSince,
    params: parameters.map(([key, value]) => `\n${key}=${value}`).join(''),
    task: taskJson(item, asker),
    url: `queue/item/${item.id}/`,
  };
}

/** A `CauseAction` with one cause per person. */
export function causeAction(people: readonly string[]): Record<string, unknown> {
  return {
    _class: 'hudson.model.CauseAction',
    causes: people.map((person) => ({
      _class: 'hudson.model.Cause$UserIdCause',
      shortDescription: `Started by user ${person}`,
      userId: person,
      userName: person,
    })),
  };
}

function taskJson({ task }: Item, asker: Asker): Record<string, unknown> {
  if (task.kind === 'job') return jobStub(task.job, asker);
  const name = `part of ${fullDisplayName(task.build)}`;
  return { _class: PLACEHOLDER, fullDisplayName: name, name, url: buildPath(task.build) };
}

/** A job as lists and queue items show it. */
export function jobStub(job: Job, asker: Asker): Record<string, unknown> {
  const parts = job.name.split('/');
  const shown = parts.join(' » ');
  const short = parts.at(-1) ?? job.name;
  return {
    _class: jobClass(job),
    displayName: short,
    fullDisplayName: shown,
    fullName: job.name,
    name: short,
    url: asker.rootUrl + jobPath(job.name),
    color: colour(job),
    ...(job.kind === 'freestyle' ? { labelExpression: job.labelExpression } : {}),
  };
}

/** Class of a job. */
export function jobClass(job: Job): string {
  return job.kind === 'freestyle'
    ? 'hudson.model.FreeStyleProject'
    : 'org.jenkinsci.plugins.workflow.job.WorkflowJob';
}

/** Class of a build. */
export function runClass(build: Build): string {
  return build.job.kind === 'freestyle'
    ? 'hudson.model.FreeStyleBuild'
    : 'org.jenkinsci.plugins.workflow.job.WorkflowRun';
}

function colour(job: Job): string {
  const last = job.builds.at(-1);
  if (job.disabled) return 'disabled';
  const ended = job.builds.findLast(({ building }) => !building)?.result ?? null;
  const colours = { SUCCESS: 'blue', UNSTABLE: 'yellow', FAILURE: 'red', ABORTED: 'aborted' };
  const shown = ended === null ? 'notbuilt' : colours[ended];
  return last?.building === true ? `${shown}_anime` : shown;
}
