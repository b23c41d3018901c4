import { z } from 'zod';

/** What the configuration says of one project. */
export const projectSettings = z.strictObject({
  automatic: z
    .boolean()
    .default(true)
    .describe(
      'Publish by itself after each upload and its quiet time; false: only when asked by `update`.',
    ),
  disabled: z.boolean().default(false).describe('Keep what is uploaded, but publish nothing.'),
  combined: z
    .array(z.string())
    .default([])
    .describe(
      'Codenames: every apt repository also holds the packages that the same sha1 and flavor has for these, each under its own `dists/`.',
    ),
  extras: z
    .record(z.string(), z.record(z.string(), z.array(z.string()).min(1)))
    .transform(
      (extras): ReadonlyMap<string, ReadonlyMap<string, readonly string[]>> =>
        new Map(
          Object.entries(extras).map(([ref, taken]) => [ref, new Map(Object.entries(taken))]),
        ),
    )
    .prefault({})
    .describe(
      'Packages of other projects in the repositories of this one: own ref or `all`, other project, list of its refs or `all`; of each the newest sha1. See docs/operations.md.',
    ),
});

export type ProjectSettings = z.infer<typeof projectSettings>;

/** The rules of a project that the configuration does not name. */
export const DEFAULT_PROJECT: ProjectSettings = projectSettings.parse({});
