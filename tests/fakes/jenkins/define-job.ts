import type { BlockDefinition, Body, Job, World } from './world.ts';

/** A job in few words: freestyle when it has no blocks. */
export interface JobDefinition {
  /** Folders included: `fold/in`. */
  readonly name: string;
  /** Of a freestyle job; as typed. */
  readonly label?: string;
  /** What a freestyle build does; held until the test ends it when not said. */
  readonly body?: Body;
  /** Of a Pipeline. */
  readonly blocks?: readonly (Partial<BlockDefinition> & { readonly label: string | null })[];
  readonly parallel?: boolean;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly concurrent?: boolean;
  readonly quietMilliseconds?: number;
}

/** Gives the controller a job. */
export function defineJob(world: World, definition: JobDefinition): Job {
  const { name, blocks } = definition;
  const job: Job = {
    name,
    kind: blocks === undefined ? 'freestyle' : 'pipeline',
    labelExpression: definition.label ?? null,
    body: definition.body ?? { kind: 'hold' },
    blocks: (blocks ?? []).map((block) => ({ body: { kind: 'hold' }, ...block })),
    parallel: definition.parallel ?? false,
    parameters: definition.parameters ?? null,
    // Pipelines run side by side unless told otherwise; freestyle jobs the other way round.
    concurrent: definition.concurrent ?? blocks !== undefined,
    quietMilliseconds: definition.quietMilliseconds ?? world.timings.quietPeriod,
    disabled: false,
    builds: [],
  };
  world.jobs.set(name, job);
  world.changed();
  return job;
}
