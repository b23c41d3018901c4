import { validate } from 'node-cron';
import { z } from 'zod';
import { byteSize, pathFrom } from './setting-types.ts';

const pattern = (what: string) =>
  z.string().default('*').describe(`${what} it is for; \`*\` stands for anything.`);

/** How long builds of some refs are kept: the original's 14 days, unless the rule says more. */
export const retentionRule = z.strictObject({
  project: pattern('Projects'),
  ref: pattern('Refs'),
  flavor: pattern('Flavors'),
  keepBuilds: z
    .int()
    .min(0)
    .default(0)
    .describe('So many of the newest builds of each project, ref and flavor stay, however old.'),
  days: z
    .number()
    .min(0)
    .meta({ kind: 'days' })
    .default(14)
    .describe(
      'A build stays so long after its last publish, what was never ready after its last write.',
    ),
  minimumBuilds: z
    .int()
    .min(0)
    .default(1)
    .describe('So many of the newest builds stay even when the disk is full.'),
});

/** What a node says and does when its disk fills. */
export const diskPressure = z
  .strictObject({
    showBelowBytes: byteSize()
      .prefault('10 GiB')
      .describe('With less free space, `/health/` and a metric say so.'),
    deleteBelowBytes: byteSize()
      .optional()
      .describe(
        'With less free space, the oldest builds go that a retention rule would still keep, down to its minimumBuilds. Without it, never.',
      ),
  })
  .refine(
    ({ showBelowBytes, deleteBelowBytes = 0 }) => deleteBelowBytes <= showBelowBytes,
    'deleteBelowBytes is larger than showBelowBytes',
  );

/** When work is done by itself: a cron expression. */
export const cronTimes = (standard: string) =>
  z
    .string()
    .refine((text) => validate(text), 'expected a cron expression, such as "47 * * * *"')
    .meta({ kind: 'a cron expression' })
    .default(standard);

/** Where and how long it stands who changed what. */
export const audit = (folder: string) =>
  z.strictObject({
    enabled: z.boolean().default(true).describe('Write audit lines.'),
    folder: pathFrom(folder)
      .optional()
      .describe(
        'Folder of `chacra.log`, `shaman.log`, `agents.log` and what they were before. Without it, `audit` in the data folder.',
      ),
    rotateBytes: byteSize()
      .prefault('64 MiB')
      .describe('A file of this size is compressed and put aside.'),
    keepFiles: z.int().min(1).default(20).describe('So many files that were put aside stay.'),
  });
