import { shownLog, write } from './builds.ts';
import { finishBlock, finishBuild } from './runs.ts';
import type { Block, Build, Computer, World } from './world.ts';

/** Begins what a run does: nothing until the test ends it, a time, or a script on its agent. */
export function beginBody(world: World, build: Build, block: Block | null): void {
  const body = block?.definition.body ?? build.job.body;
  const end = () =>
    block === null
      ? finishBuild(world, build, 'SUCCESS')
      : finishBlock(world, build, block, 'SUCCESS');
  if (body.kind === 'lasts') world.clock.after(body.milliseconds, end);
  if (body.kind !== 'script') return;
  const link = world.computers.get(block?.node ?? build.node ?? '')?.link;
  link?.send(`run ${runId(build, block)} ${Buffer.from(body.text).toString('base64')}`);
}

function runId(build: Build, block: Block | null): string {
  return block?.id ?? `build-${build.queueId}`;
}

/** A line from an agent: `out ID BASE64` of a script's output, `exit ID CODE` at its end. */
export function hearAgent(world: World, computer: Computer, line: string): void {
  const [kind, id, value = ''] = line.trim().split(' ');
  for (const { running } of computer.executors) {
    if (running === null) continue;
    const block = running.kind === 'block' ? running.block : null;
    const { build } = running;
    if (runId(build, block) !== id) continue;
    if (kind === 'out') write(build, Buffer.from(value, 'base64').toString().replace(/\n$/, ''));
    if (kind !== 'exit') continue;
    const result = value === '0' ? 'SUCCESS' : 'FAILURE';
    if (block === null) finishBuild(world, build, result);
    else finishBlock(world, build, block, result);
  }
  world.changed();
}

/** What a build said, for people. */
export function logOf(build: Build): string {
  return shownLog(build.log).replaceAll('\r\n', '\n');
}
