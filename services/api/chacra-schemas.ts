import { z } from 'zod';
import { REPO_TYPES } from '../domain/repo.ts';

/** `POST /repos/…/`: what may be set; the original's other keys are taken when they change nothing. */
export const RepoSettings = z
  .strictObject({
    type: z.enum(REPO_TYPES),
    needs_update: z.boolean(),
    distro: z.string(),
    distro_version: z.string(),
    ref: z.string(),
  })
  .partial()
  .refine((settings) => Object.keys(settings).length > 0, 'at least one key is needed');

/** `POST /repos/…/extra`: any object; it replaces the former one. */
export const RepoExtra = z.record(z.string(), z.unknown());

/** `POST /binaries/…/{name}`: `path` and `size` are the original's and have no effect. */
export const BinaryMetadata = z.strictObject({
  name: z.string({ error: "could not find required key: 'name'" }),
  built_by: z.string().nullable().optional(),
  force: z.boolean().optional(),
  path: z.string().nullable().optional(),
  size: z.number().optional(),
});

/** `PUT /api/v1/pins/…`: why a sha1 is kept, and until when. */
export const PinSettings = z.strictObject({
  reason: z.string().trim().min(1, 'say why, for those who find it full years later').max(1000),
  until: z.iso.datetime({ offset: true }).nullable().optional(),
});

/** `PUT …/generations/{number}/kept`: why a generation is kept. */
export const GenerationKeep = z.strictObject({
  reason: z.string().trim().min(1, 'say why, for those who find it kept years later').max(1000),
});

/** What any refused request answers when JSON is asked for. */
export const ErrorBody = z.object({
  message: z.string(),
  code: z.string(),
  advice: z.string(),
  request_id: z.string(),
});

/** The schemas that the OpenAPI document names. */
export const CHACRA_SCHEMAS = {
  RepoSettings,
  RepoExtra,
  BinaryMetadata,
  PinSettings,
  GenerationKeep,
  ErrorBody,
};
