import { z } from 'zod';
import type { Generation } from '../domain/generation.ts';
import { REPO_TYPES } from '../domain/repo.ts';
import { leftOutSchema } from './left-out-schema.ts';

const manifestSchema = z.object({
  number: z.int(),
  type: z.enum(REPO_TYPES),
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
    z.object({ shadowed: leftOutSchema, superseded: leftOutSchema, incomplete: leftOutSchema }),
  ),
}) satisfies z.ZodType<Generation>;

/** Checks the stored form of a generation, which is plain JSON. */
export function parseManifest(text: string): Generation {
  return manifestSchema.parse(JSON.parse(text));
}
