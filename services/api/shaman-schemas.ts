import { z } from 'zod';
import { BUILD_STATUSES } from '../domain/build.ts';
import { REPO_TYPES } from '../domain/repo.ts';
import { ANNOUNCED_STATUSES } from '../domain/repo-status.ts';
import { ErrorBody } from './chacra-schemas.ts';

const needed = z.string({
  error: (issue) => (issue.input === undefined ? 'is missing' : undefined),
});
const text = z.string().nullish();
const extra = z.record(z.string(), z.unknown()).nullish();
const status = <T extends string>(known: readonly [T, ...T[]]) =>
  z.enum(known, {
    error: (issue) =>
      issue.input === undefined ? 'is missing' : `must be one of ${known.join(', ')}`,
  });

/** `POST /api/repos/{project}/`: what a storage node says of a repo; what it does not say stays as it was. */
export const RepoEventBody = z.object({
  chacra_url: needed,
  status: status(ANNOUNCED_STATUSES),
  ref: text,
  sha1: text,
  distro: text,
  distro_version: text,
  flavor: text,
  url: text,
  extra,
  archs: z.array(z.string()).max(100).nullish(),
  // Foreign backends have types of their own, which say nothing here.
  type: z.enum(REPO_TYPES).nullish().catch(null),
  reason: text,
  sequence: z.int().nullish(),
  generation: z.int().nullish(),
  live_generation: z.int().nullish(),
});

/** `POST /api/builds/{project}/`: what Jenkins says of a build; empty strings mean unknown. */
export const BuildReportBody = z.object({
  url: needed,
  ref: needed,
  sha1: needed,
  status: status(BUILD_STATUSES),
  flavor: text,
  distro: text,
  distro_version: text,
  distro_arch: text,
  log_url: text,
  build_id: z.union([z.string(), z.number()]).nullish(),
  extra,
});

/** `POST /api/nodes/{host}/`: nothing, as the original, or what a heartbeat carries. */
export const NodeReportBody = z.object({
  url: text,
  free_bytes: z.number().min(0).nullish(),
  load: z.number().min(0).nullish(),
  version: text,
});

/** A node's share of new work: 1 is usual, 0 gets nothing new. */
export const NodeWeightBody = z.strictObject({ weight: z.number().min(0).max(1000) });

/** The schemas that the OpenAPI document names. */
export const SHAMAN_SCHEMAS = {
  RepoEventBody,
  BuildReportBody,
  NodeReportBody,
  NodeWeightBody,
  ErrorBody,
};
