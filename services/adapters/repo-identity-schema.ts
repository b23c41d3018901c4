import { z } from 'zod';
import type { RepoIdentity } from '../domain/identity.ts';

/** An identity as our documents hold it. */
export const repoIdentitySchema = z.object({
  project: z.string(),
  ref: z.string(),
  sha1: z.string(),
  distro: z.string(),
  distroVersion: z.string(),
  flavor: z.string(),
}) satisfies z.ZodType<RepoIdentity>;
