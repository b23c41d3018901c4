import { fullDisplayName, startBlock, startBuild, startFreestyle } from './builds.ts';
import { isIdle, labelOf, places, refusal } from './nodes-of-label.ts';
import type { Place } from './nodes-of-label.ts';
import type { Block, Build, Item, Job, Refusal, Task, World } from './world.ts';

/** What a request for a build became: a new item, or one more cause of a waiting one. */
export interface Enqueued {
  readonly item: Item;
  readonly merged: boolean;
}

/** Puts a job into the queue, unless the same with the same parameters waits there already. */
export function enqueueJob(
  world: World,
  job: Job,
  request: {
    readonly startedBy: string;
    readonly parameters: Readonly<Record<string, string>>;
    readonly quietMilliseconds?: number | undefined;
  },
): Enqueued {
  const same = [...world.items.values()].find(
    ({ task, parameters }) =>
      task.kind === 'job' &&
      task.job === job &&
      JSON.stringify(parameters) === JSON.stringify(request.parameters),
  );
  if (same !== undefined) {
    same.startedBy.push(request.startedBy);
    return { item: same, merged: true };
  }
  const quiet = request.quietMilliseconds ?? job.quietMilliseconds;
  const item = put(world, { kind: 'job', job }, request, quiet);
  if (quiet === 0) maintain(world);
  world.changed();
  return { item, merged: false };
}

/** A `node` block of a running Pipeline asks for its executor: an item of its own, without a quiet period. */
export function enqueueBlock(world: World, build: Build, block: Block): void {
  block.state = 'queued';
  put(world, { kind: 'block', build, block }, { startedBy: '', parameters: {} }, 0);
}

function put(
  world: World,
  task: Task,
  { startedBy, parameters }: Pick<Item, 'parameters'> & { readonly startedBy: string },
  quietMilliseconds: number,
): Item {
  const now = world.clock.now().getTime();
  const id = world.nextItem;
  world.nextItem += 1;
  const item: Item = {
    id,
    task,
    inQueueSince: now,
    parameters,
    startedBy: startedBy === '' ? [] : [startedBy],
    order: id,
    state: task.kind === 'block' ? 'buildable' : 'waiting',
    quietUntil: now + quietMilliseconds,
    buildableSince: now,
    refusals: null,
  };
  world.items.set(id, item);
  return item;
}

/** What Jenkins does each five seconds and at each event: moves items on, and gives free executors to those that fit. */
export function maintain(world: World): void {
  const now = world.clock.now().getTime();
  for (let again = true; again;) {
    again = false;
    for (const item of [...world.items.values()].sort((a, b) => a.id - b.id)) {
      if (item.state === 'waiting' && now >= item.quietUntil) leaveWaiting(world, item);
      if (item.state === 'blocked' && !isBlocked(item)) item.state = 'buildable';
      // A Pipeline that starts puts its blocks into the queue.
      if (item.state === 'buildable' && !world.quieting && place(world, item)) again = true;
    }
  }
  world.changed();
}

function leaveWaiting(world: World, item: Item): void {
  item.buildableSince = world.clock.now().getTime();
  item.state = isBlocked(item) ? 'blocked' : 'buildable';
}

function isBlocked({ task }: Item): boolean {
  return task.kind === 'job' && !task.job.concurrent && task.job.builds.some((b) => b.building);
}

function place(world: World, item: Item): boolean {
  const { task } = item;
  if (task.kind === 'job' && task.job.kind === 'pipeline') {
    const build = startBuild(world, task.job, item);
    leave(world, item, build);
    for (const block of build.blocks)
      if (task.job.parallel || block === build.blocks[0]) enqueueBlock(world, build, block);
    return true;
  }
  const label = labelOf(item);
  const free = places(world).flatMap((place) =>
    place.executors.filter(isIdle).map((executor) => ({ place, executor })),
  );
  const refuses = (place: Place) => refusal(place, label) ?? awaits(world, place, item);
  const taker = free.find(({ place }) => refuses(place) === null);
  if (taker === undefined) {
    const refusals = free.flatMap(({ place }) => refuses(place) ?? []);
    item.refusals = refusals.length === 0 ? null : refusals;
    return false;
  }
  const node = taker.place.name;
  if (task.kind === 'block') {
    leave(world, item, task.build);
    startBlock(world, task.build, task.block, taker.executor, node);
  } else {
    const build = startBuild(world, task.job, item);
    leave(world, item, build);
    startFreestyle(world, build, taker.executor, node);
  }
  return true;
}

/** After a restart a node is kept for the Pipeline that ran on it. */
function awaits(world: World, place: Place, item: Item): Refusal | null {
  const first = [...world.items.values()].find(
    ({ task }) => task.kind === 'block' && task.block.node === place.name,
  );
  if (first === undefined || first === item || first.task.kind !== 'block') return null;
  const name = `part of ${fullDisplayName(first.task.build)}`;
  return { kind: 'other', text: `${name} should be allowed to run first` };
}

/** Takes an item out of the queue; it can be asked for by its number for five minutes more. */
export function leave(world: World, item: Item, executable: Build | null): void {
  world.items.delete(item.id);
  const leftAt = world.clock.now().getTime();
  world.left.set(item.id, { id: item.id, item, executable, leftAt });
}

/** The item that left under this number, as long as it is remembered. */
export function leftItem(world: World, id: number) {
  const left = world.left.get(id);
  if (left === undefined) return undefined;
  return world.clock.now().getTime() - left.leftAt < world.timings.leftItem ? left : undefined;
}

/** Items as the listing has them: waiting, blocked, buildable; in each the newest first. */
export function listedItems(world: World): Item[] {
  const rank = { waiting: 0, blocked: 1, buildable: 2 };
  return [...world.items.values()].sort(
    (a, b) => rank[a.state] - rank[b.state] || b.order - a.order,
  );
}
