import { write } from './builds.ts';
import { newComputer } from './nodes.ts';
import { enqueueBlock } from './queue.ts';
import type { Build, World } from './world.ts';

/** The controller ends: all connections with it. What it knows of nodes, items and Pipelines is on its disk. */
export function goDown(world: World): void {
  for (const computer of world.computers.values()) {
    const { link } = computer;
    computer.link = null;
    link?.close();
  }
  world.changed();
}

/** It is up again: freestyle builds failed, left items are forgotten, running Pipelines want their nodes back by name. */
export function comeUp(world: World): void {
  const held = [...world.computers.values()].map((computer) => ({
    name: computer.name,
    kept: computer.keptOffline,
  }));
  world.left.clear();
  world.computers.clear();
  for (const executor of world.builtInExecutors) executor.running = null;
  for (const { name, numExecutors } of world.nodes.values()) {
    if (numExecutors < 1) continue;
    const computer = newComputer(name, numExecutors);
    computer.keptOffline = held.find((before) => before.name === name)?.kept ?? null;
    world.computers.set(name, computer);
  }
  // Read from disk, oldest first.
  for (const item of world.items.values()) {
    item.order = -item.id;
    item.refusals = null;
  }
  for (const { builds } of world.jobs.values())
    for (const build of builds) if (build.building) resume(world, build);
  world.quieting = false;
  world.changed();
}

function resume(world: World, build: Build): void {
  if (build.job.kind === 'freestyle') {
    build.building = false;
    build.result = 'FAILURE';
    write(build, 'FATAL: Jenkins was restarted\r\nFinished: FAILURE');
    return;
  }
  write(build, 'Resuming build after Jenkins restart');
  for (const block of build.blocks)
    if (block.state === 'running' || block.state === 'lost') enqueueBlock(world, build, block);
}
