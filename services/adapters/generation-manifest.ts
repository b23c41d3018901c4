import { z } from 'zod';
import type { Generation } from '../domain/generation.ts';

const leftOut = z.array(
  z.object({
    name: z.string(),
    arch: z.string(),
    reason: z.string(),
    from: z.exactOptional(z.string()),
  }),
);

const manifestSchema = z.object({
  number: z.int(),
  type: z.enum(['deb', 'rpm', 'raw']),
  date: z.string(),
  suites: z.array(z.string()),
  singleRoot: z.boolean(),
  archs: z.array(z.string()),
  packages: z.array(
    z.object({
      path: z.string(),
      sha256: z.string(),
      size: z.int(),
      time: z.int(),
      suite: z.string(),
    }),
  ),
  files: z.array(
    z.object({
      path: z.string(),
      // It becomes a file name.
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      size: z.int(),
      text: z.exactOptional(z.string()),
    }),
  ),
  revision: z.exactOptional(z.int()),
  leftOut: z.exactOptional(
    z.object({ shadowed: leftOut, superseded: leftOut, incomplete: leftOut }),
  ),
}) satisfies z.ZodType<Generation>;

/** Checks the stored form of a generation, which is plain JSON. */
export function parseManifest(text: string): Generation {
  return manifestSchema.parse(JSON.parse(text));
}
