import { write } from './builds.ts';
import { enqueueBlock, leave, maintain } from './queue.ts';
import type { Block, Build, Computer, Executor, Result, World } from './world.ts';

/** Ends a `node` block, with it perhaps its build, and lets the next one run. */
export function finishBlock(world: World, build: Build, block: Block, result: Result): void {
  if (block.state === 'done') return;
  block.cancelTimer?.();
  const executor = executorOf(world, build, block);
  if (executor !== undefined) executor.running = null;
  dequeue(world, block);
  block.state = 'done';
  const next = build.blocks.find(({ state }) => state === 'unborn');
  if (result === 'SUCCESS' && next !== undefined) enqueueBlock(world, build, next);
  else if (build.blocks.every(({ state }) => state === 'done' || state === 'unborn'))
    finishBuild(world, build, result);
  else if (result !== 'SUCCESS') build.result = result;
  dropGhosts(world);
  maintain(world);
}

/** Ends a build, whatever still runs of it. */
export function finishBuild(world: World, build: Build, result: Result): void {
  if (!build.building) return;
  for (const block of build.blocks) {
    block.cancelTimer?.();
    dequeue(world, block);
    block.state = 'done';
  }
  for (const executor of executorsOf(world))
    if (executor.running?.build === build) executor.running = null;
  build.result = worst(build.result, result);
  build.building = false;
  build.duration = world.clock.now().getTime() - build.timestamp;
  write(build, `Finished: ${build.result}`);
  dropGhosts(world);
  maintain(world);
}

function worst(before: Result | null, now: Result): Result {
  const order: Result[] = ['SUCCESS', 'UNSTABLE', 'FAILURE', 'ABORTED'];
  return before !== null && order.indexOf(before) > order.indexOf(now) ? before : now;
}

function dequeue(world: World, block: Block): void {
  for (const item of world.items.values())
    if (item.task.kind === 'block' && item.task.block === block) leave(world, item, null);
}

/** The connection of a computer ended: freestyle builds fail, Pipeline blocks wait for it. */
export function loseAgent(world: World, computer: Computer): void {
  computer.link = null;
  for (const { running } of computer.executors) {
    if (running === null) continue;
    const lost = 'hudson.remoting.ChannelClosedException: Channel is closing or has closed down';
    if (running.kind === 'freestyle') {
      write(running.build, `FATAL: ${lost}`);
      finishBuild(world, running.build, 'FAILURE');
    } else {
      write(running.build, `Cannot contact ${computer.name}: ${lost}`);
    }
  }
  world.changed();
}

/** The agent is back: the scripts of its Pipelines go on if it is the same process. */
export function resumeBlocks(computer: Computer): void {
  for (const { running } of computer.executors) {
    if (running?.kind !== 'block') continue;
    if (running.block.cookie !== computer.link?.cookie) running.block.state = 'lost';
  }
}

/** The node is deleted: freestyle builds fail at once, Pipeline blocks after five minutes. Answers whether one holds it. */
export function abandonRuns(world: World, computer: Computer): boolean {
  let isHeld = false;
  for (const { running } of computer.executors) {
    if (running === null) continue;
    if (running.kind === 'freestyle') {
      write(running.build, 'FATAL: hudson.remoting.ChannelClosedException: Agent was deleted');
      finishBuild(world, running.build, 'FAILURE');
      continue;
    }
    isHeld = true;
    const { build, block } = running;
    block.cancelTimer?.();
    block.cancelTimer = world.clock.after(world.timings.removedNode, () =>
      removeAgent(world, build, block, computer.name),
    );
  }
  return isHeld;
}

function removeAgent(world: World, build: Build, block: Block, node: string): void {
  if (block.state === 'done') return;
  write(build, `Agent ${node} was deleted; cancelling node body`);
  write(build, 'Could not connect to ' + node + ' to send interrupt signal to process');
  write(build, 'Agent was removed');
  if (block.retries === 0) {
    finishBlock(world, build, block, 'ABORTED');
    return;
  }
  write(build, 'Retrying');
  const executor = executorOf(world, build, block);
  if (executor !== undefined) executor.running = null;
  block.retries -= 1;
  block.node = null;
  block.cookie = null;
  block.cancelTimer = null;
  dequeue(world, block);
  enqueueBlock(world, build, block);
  dropGhosts(world);
  maintain(world);
}

/** A deleted node is gone once nothing runs on it. */
export function dropGhosts(world: World): void {
  for (const [name, computer] of world.computers) {
    if (!computer.removed || computer.executors.some(({ running }) => running !== null)) continue;
    world.computers.delete(name);
    computer.link?.close();
    computer.link = null;
  }
}

function executorOf(world: World, build: Build, block: Block): Executor | undefined {
  return executorsOf(world).find(
    ({ running }) =>
      running?.kind === 'block' && running.build === build && running.block === block,
  );
}

function executorsOf(world: World): Executor[] {
  const ofNodes = [...world.computers.values()].flatMap(({ executors }) => executors);
  return [...world.builtInExecutors, ...ofNodes];
}
