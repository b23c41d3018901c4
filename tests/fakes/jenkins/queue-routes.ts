import { errorPage, json, nothing, oops } from './answers.ts';
import type { Answer } from './answers.ts';
import { missing, notPosted, shown } from './ask.ts';
import type { Ask } from './ask.ts';
import { itemAtDepth0, itemJson, jobStub, leftJson } from './queue-json.ts';
import { leave, leftItem, listedItems } from './queue.ts';
import { finishBuild } from './runs.ts';
import { may } from './users.ts';
import type { Item, World } from './world.ts';

/** `/queue/…`. */
export function queueRoutes(world: World, ask: Ask): Answer {
  const [, second, third, fourth] = ask.path;
  if (second === 'api') return listing(world, ask);
  if (second === 'cancelItem') return cancelItem(world, ask);
  if (second !== 'item') return errorPage(ask, 404);
  return fourth === 'cancelQueue'
    ? cancelQueue(world, ask, Number(third))
    : oneItem(world, ask, Number(third));
}

function listing(world: World, ask: Ask): Answer {
  const refusal = missing(ask, 'Overall/Read');
  if (refusal !== null) return refusal;
  const items = listedItems(world);
  const onlyDiscovers = may(ask.user, 'Job/Discover') && !ask.mayReadJobs;
  const queue = {
    _class: 'hudson.model.Queue',
    discoverableItems: onlyDiscovers ? items.map((item) => stub(item, ask)) : [],
    items: ask.mayReadJobs ? items.map((item) => itemJson(world, item, ask)) : [],
  };
  return json(
    ask,
    shown(ask, queue, (all) => ({ ...all, items: all.items.map(itemAtDepth0) })),
  );
}

function stub({ task }: Item, ask: Ask): Record<string, unknown> {
  const job = task.kind === 'job' ? task.job : task.build.job;
  return { task: { name: jobStub(job, ask).name } };
}

function oneItem(world: World, ask: Ask, id: number): Answer {
  const refusal = missing(ask, 'Overall/Read');
  if (refusal !== null) return refusal;
  const waiting = world.items.get(id);
  const left = leftItem(world, id);
  const value =
    waiting !== undefined
      ? itemJson(world, waiting, ask)
      : left !== undefined
        ? leftJson(left, ask)
        : null;
  if (value === null) return errorPage(ask, 404);
  if (!ask.mayReadJobs) return errorPage(ask, may(ask.user, 'Job/Discover') ? 403 : 404);
  return json(ask, shown(ask, value, itemAtDepth0));
}

function cancelItem(world: World, ask: Ask): Answer {
  const refusal = notPosted(ask) ?? missing(ask, 'Overall/Read');
  if (refusal !== null) return refusal;
  const id = Number(ask.form.get('id') ?? 'none');
  const item = world.items.get(id);
  if (item === undefined) return oops(ask, leftItem(world, id) === undefined ? 404 : 500);
  if (!may(ask.user, 'Job/Cancel')) return oops(ask, 422);
  cancel(world, item);
  return nothing;
}

function cancelQueue(world: World, ask: Ask, id: number): Answer {
  const refusal = notPosted(ask) ?? missing(ask, 'Overall/Read');
  if (refusal !== null) return refusal;
  const item = world.items.get(id);
  if (item !== undefined && may(ask.user, 'Job/Cancel')) cancel(world, item);
  return nothing;
}

function cancel(world: World, item: Item): void {
  leave(world, item, null);
  // To cancel the item of a node block aborts its build.
  if (item.task.kind === 'block') finishBuild(world, item.task.build, 'ABORTED');
  world.changed();
}
