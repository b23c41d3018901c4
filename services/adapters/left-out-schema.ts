import { z } from 'zod';
import type { LeftOut } from '../domain/repo.ts';

/** What a publish left out, as documents and manifests hold it. */
export const leftOutSchema = z.array(
  z.object({
    name: z.string(),
    arch: z.string(),
    reason: z.string(),
    from: z.exactOptional(z.string()),
  }),
) satisfies z.ZodType<LeftOut[]>;
