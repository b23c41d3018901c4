import { z } from 'zod';
import { BUILD_STATUSES } from '../domain/build.ts';
import type { Build } from '../domain/build.ts';
import { REPO_TYPES } from '../domain/repo.ts';
import { ANNOUNCED_STATUSES } from '../domain/repo-status.ts';
import type { Moment, ShamanRepo } from '../domain/shaman-repo.ts';
import { repoIdentitySchema } from './repo-identity-schema.ts';

/** What the document of one sha1 holds; tombstones stand among its repos. */
export interface CommitDocument {
  /** Of the last change it contains. */
  readonly order: number;
  readonly project: string;
  readonly sha1: string;
  readonly seen: readonly { readonly ref: string; readonly first: Moment }[];
  readonly repos: readonly ShamanRepo[];
  readonly builds: readonly Build[];
}

/** One line of the journal: what changed at one sha1, in whole records, so that replaying is putting. */
export interface RecordLine {
  readonly order: number;
  readonly project: string;
  readonly sha1: string;
  readonly repos?: readonly ShamanRepo[];
  /** `chacraUrl`s of records and tombstones that go. */
  readonly forget?: readonly string[];
  readonly builds?: readonly Build[];
  /** Keys of builds that go. */
  readonly drop?: readonly string[];
}

const moment = z.object({ at: z.string(), order: z.int() }) satisfies z.ZodType<Moment>;
const extra = z.record(z.string(), z.unknown());

const repo = z.object({
  identity: repoIdentitySchema,
  chacraUrl: z.string(),
  url: z.string(),
  status: z.enum(ANNOUNCED_STATUSES),
  reason: z.string().nullable(),
  type: z.enum(REPO_TYPES).nullable(),
  archs: z.array(z.string()),
  extra,
  sequence: z.int().nullable(),
  generation: z.int().nullable(),
  liveGeneration: z.int().nullable(),
  created: z.string(),
  modified: moment,
  gone: z.object({ since: z.string(), was: z.enum(ANNOUNCED_STATUSES) }).nullable(),
}) satisfies z.ZodType<ShamanRepo>;

const status = z.enum(BUILD_STATUSES);
const build = z.object({
  identity: z.object({
    project: z.string(),
    ref: z.string(),
    sha1: z.string(),
    flavor: z.string(),
    distro: z.string().nullable(),
    distroVersion: z.string().nullable(),
    distroArch: z.string().nullable(),
  }),
  url: z.string(),
  logUrl: z.string(),
  buildId: z.string().nullable(),
  status,
  extra,
  created: z.string(),
  started: z.string().nullable(),
  ended: z.string().nullable(),
  history: z.array(z.object({ status, at: z.string() })),
  modified: moment,
}) satisfies z.ZodType<Build>;

const document = z.object({
  order: z.int(),
  project: z.string(),
  sha1: z.string(),
  seen: z.array(z.object({ ref: z.string(), first: moment })),
  repos: z.array(repo),
  builds: z.array(build),
}) satisfies z.ZodType<CommitDocument>;

const line = z.object({
  order: z.int(),
  project: z.string(),
  sha1: z.string(),
  repos: z.array(repo).default([]),
  forget: z.array(z.string()).default([]),
  builds: z.array(build).default([]),
  drop: z.array(z.string()).default([]),
}) satisfies z.ZodType<Required<RecordLine>>;

/** Checks the document of a sha1; equal strings within it become one, for its records repeat their identity. */
export function parseCommitDocument(raw: unknown): CommitDocument {
  const found = document.parse(raw);
  return {
    ...found,
    repos: found.repos.map((record) => ({
      ...record,
      identity: { ...record.identity, project: found.project, sha1: found.sha1 },
    })),
  };
}

/** Checks a line of the journal. */
export function parseRecordLine(raw: unknown): RecordLine {
  return line.parse(raw);
}
