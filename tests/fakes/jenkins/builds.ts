import type { Block, Build, Executor, Item, Job, World } from './world.ts';

/** What Jenkins hides in its log files and counts in `X-Text-Size`. */
export const ANNOTATION = '\u001b[8mha:////4FakeAnnotationOfSomeLength==\u001b[0m';

/** Makes the next build of a job; it runs as soon as its blocks, or it itself, have an executor. */
export function startBuild(world: World, job: Job, item: Item): Build {
  const build: Build = {
    job,
    number: (job.builds.at(-1)?.number ?? 0) + 1,
    queueId: item.id,
    parameters: item.parameters,
    startedBy: item.startedBy[0] ?? 'system',
    timestamp: world.clock.now().getTime(),
    result: null,
    building: true,
    duration: 0,
    log: '',
    blocks: [],
    node: null,
  };
  write(build, `${ANNOTATION}Started by user ${build.startedBy}`);
  for (const definition of job.kind === 'pipeline' ? job.blocks : []) {
    const id = `block-${world.nextBlock}`;
    world.nextBlock += 1;
    build.blocks.push({
      ...{ definition, state: 'unborn', node: null, cookie: null, id, cancelTimer: null },
      retries: definition.retries ?? 0,
    });
  }
  job.builds.push(build);
  return build;
}

/** A `node` block has its executor: it begins, or goes on where a restart left it. */
export function startBlock(
  world: World,
  build: Build,
  block: Block,
  executor: Executor,
  node: string,
): void {
  const goesOn = block.node !== null;
  const cookie = world.computers.get(node)?.link?.cookie ?? null;
  executor.running = { kind: 'block', build, block };
  block.state = 'running';
  block.node = node;
  if (goesOn && block.cookie !== cookie) {
    block.state = 'lost';
    return;
  }
  block.cookie = cookie;
  write(
    build,
    goesOn ? `Ready to run` : `${ANNOTATION}[Pipeline] node\r\nRunning on ${node} in /workspace`,
  );
  if (!goesOn) world.began(build, block);
}

/** A freestyle build has its executor. */
export function startFreestyle(world: World, build: Build, executor: Executor, node: string): void {
  executor.running = { kind: 'freestyle', build };
  build.node = node;
  write(build, `${ANNOTATION}Building remotely on ${node} in workspace /workspace`);
  world.began(build, null);
}

/** Adds lines to a build's log. */
export function write(build: Build, text: string): void {
  build.log += `${text}\r\n`;
}

/** The log as it is shown: without what is hidden in it. */
export function shownLog(raw: string): string {
  return raw.replaceAll(ANNOTATION, '');
}

/** `fold » in #1`, as the JSON and the queue name a build. */
export function fullDisplayName(build: Build): string {
  return `${build.job.name.split('/').join(' » ')} #${build.number}`;
}

/** `job/fold/job/in/`: where a job is, from the root. */
export function jobPath(name: string): string {
  return `${name
    .split('/')
    .map((part) => `job/${encodeURIComponent(part)}`)
    .join('/')}/`;
}

/** `job/fold/job/in/1/`: where a build is, from the root. */
export function buildPath(build: Build): string {
  return `${jobPath(build.job.name)}${build.number}/`;
}
