import { containerPage, errorPage, json, leadsTo, page, text } from './answers.ts';
import type { Answer } from './answers.ts';
import { missing, notPosted, shown } from './ask.ts';
import type { Ask } from './ask.ts';
import { buildPath, jobPath, shownLog, write } from './builds.ts';
import { buildJson, JOB_DEPTH_0, jobJson } from './job-json.ts';
import { enqueueJob } from './queue.ts';
import { finishBuild } from './runs.ts';
import { prune } from './tree.ts';
import { may } from './users.ts';
import { isAtLeast } from './world.ts';
import type { Build, Job, World } from './world.ts';

/** `/job/…`, folders included. */
export function jobRoutes(world: World, ask: Ask): Answer {
  let at = 0;
  const names: string[] = [];
  while (ask.path[at] === 'job' && ask.path[at + 1] !== undefined) {
    names.push(ask.path[at + 1] ?? '');
    at += 2;
  }
  const rest = ask.path.slice(at);
  const refusal = missing(ask, 'Overall/Read');
  if (refusal !== null) return refusal;
  const job = world.jobs.get(names.join('/'));
  if (job === undefined || !ask.mayReadJobs) return errorPage(ask, 404);
  const [action, below, last] = rest;
  if (action === 'api') return jobAnswer(world, ask, job);
  if (action === undefined) return page(ask, job.name);
  if (action === 'build' || action === 'buildWithParameters') {
    const answer = trigger(world, ask, job, action);
    const allow = answer.status === 405 && action === 'buildWithParameters';
    return allow ? { ...answer, headers: { ...answer.headers, Allow: 'POST' } } : answer;
  }
  const build =
    action === 'lastBuild'
      ? job.builds.at(-1)
      : job.builds.find(({ number }) => String(number) === action);
  return build === undefined ? errorPage(ask, 404) : buildRoutes(world, ask, build, below, last);
}

function jobAnswer(world: World, ask: Ask, job: Job): Answer {
  return json(
    ask,
    shown(ask, jobJson(world, job, ask), (all) => prune(all, JOB_DEPTH_0)),
  );
}

/** Milliseconds that `delay=0sec` means; null for what Jenkins cannot read. */
function delayOf(given: string | null): number | null | undefined {
  if (given === null) return undefined;
  const found = /^(\d+)(sec|secs|min|mins|h|hours)?$/.exec(given);
  if (found === null) return null;
  const unit = { s: 1000, m: 60_000, h: 3_600_000 }[(found[2] ?? 'sec').slice(0, 1)];
  return Number(found[1]) * (unit ?? 1000);
}

function trigger(
  world: World,
  ask: Ask,
  job: Job,
  action: 'build' | 'buildWithParameters',
): Answer {
  const refusal = notPosted(ask) ?? missing(ask, 'Job/Build');
  if (refusal !== null) return refusal;
  if (job.disabled) return errorPage(ask, 409);
  const quietMilliseconds = delayOf(ask.form.get('delay'));
  if (quietMilliseconds === null) return errorPage(ask, 500);
  if (action === 'buildWithParameters' && job.parameters === null) return errorPage(ask, 500);
  const submitted = action === 'build' ? submittedForm(ask) : null;
  if (action === 'build' && job.parameters !== null && submitted === null) {
    const said = ask.body === '' ? 'Nothing is submitted' : 'This page expects a form submission';
    return containerPage(400, said);
  }
  const given = submitted ?? Object.fromEntries(ask.form);
  const parameters = Object.fromEntries(
    Object.entries(job.parameters ?? {}).map(([name, value]) => [name, given[name] ?? value]),
  );
  const startedBy = ask.user?.name ?? 'anonymous';
  const { item, merged } = enqueueJob(world, job, { startedBy, parameters, quietMilliseconds });
  // With a form in JSON Jenkins leads to the job, and names no item.
  if (submitted !== null) return leadsTo(201, ask.origin + jobPath(job.name));
  const answersMerge = action === 'buildWithParameters' && isAtLeast(world.version, '2.308');
  return leadsTo(merged && answersMerge ? 303 : 201, `${ask.origin}queue/item/${item.id}/`);
}

function submittedForm(ask: Ask): Record<string, string> | null {
  const given = ask.form.get('json');
  if (given === null) return null;
  const { parameter } = JSON.parse(given) as {
    parameter?: { name: string; value: string } | { name: string; value: string }[];
  };
  const all = Array.isArray(parameter) ? parameter : parameter === undefined ? [] : [parameter];
  return Object.fromEntries(all.map(({ name, value }) => [name, value]));
}

function buildRoutes(
  world: World,
  ask: Ask,
  build: Build,
  action: string | undefined,
  last: string | undefined,
): Answer {
  if (action === undefined) return page(ask, `${build.job.name} #${build.number}`);
  if (action === 'api') {
    const value = buildJson(build, ask);
    return json(
      ask,
      shown(ask, value, (all) => all),
    );
  }
  if (action === 'consoleText')
    return text('text/plain;charset=utf-8', shownLog(build.log).replaceAll('\r\n', '\n'));
  if (action === 'logText' && (last === 'progressiveText' || last === 'progressiveHtml'))
    return progressive(ask, build, last);
  if (action === 'stop' || action === 'term' || action === 'kill')
    return stop(world, ask, build, action);
  return errorPage(ask, 404);
}

/** Sizes count what is hidden in the log; a start beyond its end begins anew. */
function progressive(ask: Ask, build: Build, kind: string): Answer {
  const raw = Buffer.from(build.log);
  const asked = Number(ask.query.get('start') ?? '0');
  const start = asked > raw.length ? 0 : asked;
  const type = kind === 'progressiveText' ? 'text/plain' : 'text/html';
  return text(`${type};charset=utf-8`, shownLog(raw.subarray(start).toString()), {
    'X-Text-Size': String(raw.length),
    ...(build.building ? { 'X-More-Data': 'true' } : {}),
  });
}

function stop(world: World, ask: Ask, build: Build, action: 'stop' | 'term' | 'kill'): Answer {
  const refusal =
    notPosted(ask) ?? (may(ask.user, 'Job/Cancel') ? null : missing(ask, 'Job/Cancel'));
  if (refusal !== null) return refusal;
  const isFreestyle = build.job.kind === 'freestyle';
  if (isFreestyle && action !== 'stop')
    return leadsTo(302, `${ask.origin}${buildPath(build)}${action}/`);
  if (build.building) {
    write(build, isFreestyle ? 'Build was aborted' : `Aborted by ${ask.user?.name ?? ''}`);
    finishBuild(world, build, 'ABORTED');
  }
  return leadsTo(302, ask.origin + buildPath(build));
}
