import { z } from 'zod';

/** Reads an answer by its schema; undefined for what does not fit. */
export function reading<T>(schema: z.ZodType<T>): (answer: unknown) => T | undefined {
  return (answer) => schema.safeParse(answer).data;
}

/*
 * The parts of Docker's answers that we use (Engine API 1.41, https://docs.docker.com/engine/api/v1.41/).
 * Everything else in them is ignored; what is missing makes the whole answer nonsense.
 */

const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((read) => read ?? {});

export const infoAnswer = z.object({
  ServerVersion: z.string(),
  Architecture: z.string(),
  NCPU: z.number(),
  MemTotal: z.number(),
});

export const networkAnswer = z.object({
  IPAM: z.object({
    Config: z
      .array(z.object({ Gateway: z.string().optional() }))
      .nullish()
      .transform((read) => read ?? []),
  }),
});

const listedContainer = z.object({
  Id: z.string().min(1),
  State: z.string(),
  Status: z.string(),
  Labels: labels,
});
export type ListedContainer = z.infer<typeof listedContainer>;

export const containerList = z.array(listedContainer);

export const madeContainer = z.object({ Id: z.string().min(1) });

export const inspectedContainer = z.object({
  Id: z.string(),
  Config: z.object({ User: z.string(), Labels: labels }),
});

export const inspectedImage = z.object({
  Id: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  Config: z.object({ User: z.string().default(''), Labels: labels }).nullish(),
});

export const volumeAnswer = z.object({
  Name: z.string(),
  Labels: labels,
  CreatedAt: z.string().optional(),
});

export const usageAnswer = z.object({
  Volumes: z
    .array(
      volumeAnswer.extend({
        UsageData: z.object({ Size: z.number(), RefCount: z.number() }).nullish(),
      }),
    )
    .nullish()
    .transform((read) => read ?? []),
});

/** A `die` among the events of containers. */
export const dieEvent = z.object({
  Action: z.literal('die'),
  Actor: z.object({ ID: z.string(), Attributes: labels }),
  time: z.number(),
  timeNano: z.number(),
});

/** What became of a command in a container. */
export const endedExec = z.object({ exitCode: z.number(), lines: z.array(z.string()) });
