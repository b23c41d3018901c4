import { z } from 'zod';

const build = {
  project: z.string(),
  ref: z.string(),
  sha1: z.string(),
  flavor: z.string(),
  rule: z.int(),
  why: z.string(),
  binaries: z.int(),
  bytes: z.number(),
};

/** RetentionPlan JSON, as far as it is shown. */
export const planAnswer = z.object({
  rules: z.int(),
  builds: z.int(),
  missing_bytes: z.number(),
  freed_bytes: z.number(),
  delete: z.array(z.object({ ...build, freed_bytes: z.number() })),
  spared: z.array(z.object({ ...build, held_by: z.string() })),
});
export type PlanAnswer = z.infer<typeof planAnswer>;

/** RetentionRun JSON. */
export const runAnswer = z.object({
  state: z.string(),
  started: z.string(),
  planned: z.int(),
  deleted: z.int(),
  spared: z.int(),
  freed_bytes: z.number(),
  error: z.string().nullable(),
});
export type RunAnswer = z.infer<typeof runAnswer>;

/** Pin JSON. */
export const pinAnswer = z.object({
  project: z.string(),
  ref: z.string(),
  sha1: z.string(),
  reason: z.string(),
  until: z.string().nullable(),
  by: z.string(),
  present: z.boolean(),
});
export type PinAnswer = z.infer<typeof pinAnswer>;

const use = {
  sha1s: z.int(),
  binaries: z.int(),
  bytes: z.number(),
  stored_bytes: z.number(),
  exclusive_bytes: z.number(),
};

/** DiskUse JSON, as far as it is shown. */
export const diskUseAnswer = z.object({
  free_bytes: z.number(),
  total: z.object(use),
  projects: z.array(
    z.object({ project: z.string(), ...use, refs: z.array(z.object({ ref: z.string(), ...use })) }),
  ),
});
export type DiskUseAnswer = z.infer<typeof diskUseAnswer>;
