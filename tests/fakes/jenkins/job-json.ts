import { buildPath, fullDisplayName } from './builds.ts';
import { labelClass, parseLabel, printLabel } from './label.ts';
import { BUILT_IN, isIdle, placesOf } from './nodes-of-label.ts';
import { causeAction, jobStub, runClass } from './queue-json.ts';
import { parseTree } from './tree.ts';
import type { Asker } from './queue-json.ts';
import type { Build, Job, World } from './world.ts';

/** What of a job is shown without `tree`. */
export const JOB_DEPTH_0 = parseTree(
  '_class,displayName,fullDisplayName,fullName,name,url,buildable,builds[number,url],color,inQueue,lastBuild[number,url],lastCompletedBuild[number,url],nextBuildNumber,property[parameterDefinitions[name,type,defaultParameterValue[name,value]]],queueItem,concurrentBuild,disabled',
);

/** Everything that a job exports. */
export function jobJson(world: World, job: Job, asker: Asker): Record<string, unknown> {
  const builds = [...job.builds].reverse().map((build) => buildJson(build, asker));
  const ended = builds.find(({ building }) => building === false) ?? null;
  const definitions = Object.entries(job.parameters ?? {}).map(([name, value]) => ({
    _class: 'hudson.model.StringParameterDefinition',
    defaultParameterValue: { _class: 'hudson.model.StringParameterValue', name, value },
    name,
    type: 'StringParameterDefinition',
  }));
  return {
    ...jobStub(job, asker),
    buildable: !job.disabled,
    builds,
    inQueue: [...world.items.values()].some(({ task }) => task.kind === 'job' && task.job === job),
    lastBuild: builds[0] ?? null,
    lastCompletedBuild: ended,
    nextBuildNumber: (job.builds.at(-1)?.number ?? 0) + 1,
    property:
      definitions.length === 0
        ? []
        : [
            {
              _class: 'hudson.model.ParametersDefinitionProperty',
              parameterDefinitions: definitions,
            },
          ],
    queueItem: null,
    concurrentBuild: job.concurrent,
    disabled: job.disabled,
  };
}

/** Everything that a build exports. */
export function buildJson(build: Build, asker: Asker): Record<string, unknown> {
  const parameters = Object.entries(build.parameters).map(([name, value]) => ({
    _class: 'hudson.model.StringParameterValue',
    name,
    value,
  }));
  return {
    _class: runClass(build),
    actions: [
      ...(parameters.length === 0 ? [] : [{ _class: 'hudson.model.ParametersAction', parameters }]),
      causeAction([build.startedBy]),
      ...[{}, { _class: 'org.jenkinsci.plugins.displayurlapi.actions.RunDisplayAction' }, {}],
    ],
    artifacts: [],
    building: build.building,
    displayName: `#${build.number}`,
    duration: build.building ? 0 : build.duration,
    estimatedDuration: build.building ? -1 : build.duration,
    fullDisplayName: fullDisplayName(build),
    number: build.number,
    queueId: build.queueId,
    result: build.building ? null : build.result,
    timestamp: build.timestamp,
    url: asker.rootUrl + buildPath(build),
    inProgress: build.building,
    ...(build.job.kind === 'freestyle' ? { builtOn: build.node ?? '' } : {}),
  };
}

/** `/label/<expression>/api/json`: Jenkins evaluates it, and finds every text an expression. */
export function labelJson(world: World, text: string, asker: Asker): Record<string, unknown> {
  const expression = parseLabel(text);
  const own = placesOf(world, text);
  const executors = own.filter(({ online }) => online).flatMap((place) => place.executors);
  const idle = executors.filter(isIdle).length;
  const tied = [...world.jobs.values()].filter(
    ({ labelExpression }) =>
      labelExpression !== null &&
      printLabel(parseLabel(labelExpression)) === printLabel(expression),
  );
  const names = own.map(({ name }) => name);
  return {
    _class: labelClass(expression),
    busyExecutors: executors.length - idle,
    clouds: [],
    description:
      own.length > 0 || expression.kind === 'atom'
        ? `group of ${names.join(',')}`
        : 'invalid label',
    idleExecutors: idle,
    name: printLabel(expression),
    nodes: names.map((name) => ({
      _class: name === BUILT_IN ? 'hudson.model.Hudson' : 'hudson.slaves.DumbSlave',
      nodeName: name === BUILT_IN ? '' : name,
    })),
    offline: !own.some(({ online }) => online),
    tiedJobs: tied.map((job) => jobStub(job, asker)),
    totalExecutors: executors.length,
  };
}
