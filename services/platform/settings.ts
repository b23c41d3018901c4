import { z } from 'zod';
import { SCOPE_MEANS, SCOPES } from '../domain/scope.ts';
import { agents } from './agents-settings.ts';
import { audit, cronTimes, diskPressure, retentionRule } from './keeping-settings.ts';
import { projectSettings } from './project-settings.ts';
import type { ProjectSettings } from './project-settings.ts';
import {
  baseUrl,
  byteSize,
  keyHash,
  listenAddress,
  network,
  pathFrom,
  userName,
} from './setting-types.ts';
import { storageSettings } from './storage-settings.ts';

const seconds = (standard: number) => z.number().min(0).meta({ kind: 'seconds' }).default(standard);
const hours = (standard: number) => z.number().min(0).meta({ kind: 'hours' }).default(standard);
const days = () => z.number().min(0).meta({ kind: 'days' });
const count = (standard: number) => z.int().min(1).default(standard);
const flag = (standard: boolean) => z.boolean().default(standard);

const chacra = (folder: string) =>
  z.strictObject({
    listen: listenAddress()
      .prefault('127.0.0.1:8081')
      .describe('Where the storage node listens; port 0 takes a free one.'),
    publicUrl: baseUrl()
      .optional()
      .describe(
        'How others reach this node: stands in chacra_url, url and source lists. Without it, the address it listens on.',
      ),
    shaman: z
      .strictObject({
        url: baseUrl().describe('Address of shaman.'),
        user: userName().describe('Name of this node there.'),
        keyFile: pathFrom(folder).describe(
          'File with the key of that user alone, without its name.',
        ),
      })
      .optional()
      .describe('Where each state of a repository is told. Without it, nobody is told.'),
    signing: z
      .strictObject({
        keyFile: pathFrom(folder).describe(
          'Armoured private OpenPGP key, from `gitbuilder key signing` or from gpg.',
        ),
        passphraseFile: pathFrom(folder)
          .optional()
          .describe('File with the passphrase of that key, where it has one.'),
      })
      .optional()
      .describe('Signs repositories. Without it, they are served unsigned.'),
    projects: z
      .record(z.string(), projectSettings)
      .transform(
        (projects): ReadonlyMap<string, ProjectSettings> => new Map(Object.entries(projects)),
      )
      .prefault({})
      .describe('Rules per project; one that is not named has the defaults.'),
    quietSeconds: seconds(2).describe(
      'How long after its last upload a repository of an automatic project is published.',
    ),
    maxUploadBytes: byteSize().prefault('64 GiB').describe('The largest file that is taken.'),
    reserveBytes: byteSize()
      .prefault('1 GiB')
      .describe('Space that uploads leave free on the disk; one that would not is answered 507.'),
    stallSeconds: seconds(60).describe('An upload that sends no byte for so long is dropped.'),
    heldPerAddress: count(2000).describe(
      'Requests of one address (of IPv6: one /64) that may wait for a publish at once.',
    ),
    heldTotal: count(10_000).describe('The same for all addresses.'),
    keepGenerationsHours: hours(24).describe(
      'How long a replaced generation of a repository stays readable.',
    ),
    retention: z
      .array(retentionRule)
      .default([])
      .describe(
        'How long builds are kept; for each the first rule that fits. Without rules, nothing is deleted.',
      ),
    retentionTimes: cronTimes('47 * * * *').describe('When the rules are carried out.'),
    retentionQuietMinutes: z
      .number()
      .min(0)
      .meta({ kind: 'minutes' })
      .default(15)
      .describe('Retention leaves alone what was read from or written to so recently.'),
    diskPressure: diskPressure.prefault({}).describe('What happens when the disk fills.'),
    sha512: flag(true).describe(
      'Compute the sha512 that chacractl compares after its upload; switched off only to measure.',
    ),
    ...storageSettings(folder),
    origin: z.string().default('gitbuilder').describe('Origin in the Release file of apt.'),
    description: z.string().default('').describe('Description in the Release file of apt.'),
  });

/** How long shaman remembers what it was told of some refs. */
const recordRule = z.strictObject({
  project: z.string().default('*').describe('Projects it is for; `*` stands for anything.'),
  ref: z.string().default('*').describe('Refs it is for; `*` stands for anything.'),
  repoDays: days()
    .optional()
    .describe('Forget repositories so long after their last change; without it, never.'),
  buildDays: days()
    .optional()
    .describe('Forget builds so long after their last report; without it, never.'),
});

/** Which nodes some projects may use. */
const placementRule = z.strictObject({
  project: z.string().default('*').describe('Projects it is for; `*` stands for anything.'),
  ref: z.string().default('*').describe('Refs it is for; `*` stands for anything.'),
  nodes: z.array(z.string()).min(1).describe('Host, or host:port, of each storage node.'),
});

/** Who is told when a repository or build changes its state. */
const webhook = (folder: string) =>
  z.strictObject({
    name: z
      .string()
      .min(1)
      .describe('Names it in the log; what waits for it is kept under this name.'),
    url: z.url({ protocol: /^https?$/ }).describe('Where events are posted.'),
    secretFile: pathFrom(folder)
      .optional()
      .describe('File with the secret that signs each body (X-Hub-Signature-256).'),
    project: z.string().default('*').describe('Projects it is for; `*` stands for anything.'),
    ref: z.string().default('*').describe('Refs it is for; `*` stands for anything.'),
    kinds: z
      .array(z.enum(['repo', 'build']))
      .min(1)
      .default(['repo', 'build'])
      .describe('What it hears of.'),
  });

const shaman = (folder: string) =>
  z.strictObject({
    listen: listenAddress()
      .prefault('127.0.0.1:8080')
      .describe('Where the coordinator listens; port 0 takes a free one.'),
    publicUrl: baseUrl()
      .optional()
      .describe('How others reach it. Without it, the address it listens on.'),
    lostAfterHours: hours(24).describe(
      'A build that started and is silent for so long counts as lost.',
    ),
    fullBelowBytes: byteSize()
      .prefault('5 GiB')
      .describe('A storage node with less free space gets nothing new.'),
    placement: z
      .array(placementRule)
      .default([])
      .describe(
        'Which storage nodes projects may use; for each upload the first rule that fits. Without one, all.',
      ),
    webhooks: z
      .array(webhook(folder))
      .refine(
        (all) => new Set(all.map(({ name }) => name)).size === all.length,
        'two webhooks have one name',
      )
      .default([])
      .describe('Who is told of changes; see docs/operations.md.'),
    checkRepos: flag(true).describe(
      'Ask the storage nodes every six hours whether they have what is on record, and mark what is gone.',
    ),
    heldPerAddress: count(2000).describe(
      'Waiting requests and event streams that one address (of IPv6: one /64) may have open.',
    ),
    heldTotal: count(10_000).describe('Waiting requests and event streams of all addresses.'),
    keptEvents: count(10_000).describe(
      'How many changes an event stream that comes back finds; after more it is told to look anew.',
    ),
    retention: z
      .array(recordRule)
      .default([])
      .describe(
        'What is forgotten; for each record the first rule that fits. Without rules, nothing.',
      ),
  });

/**
 * Every setting, with its type, default and help: what is not here does not exist. The parser, the
 * type `Configuration` and docs/configuration.md all follow from it. Paths start at the folder.
 */
export function settings(folder: string) {
  return tableOf(folder).superRefine(({ chacra, trustedProxies }, context) => {
    if (chacra.accelRedirect === undefined || trustedProxies.length > 0) return;
    const message = 'needs the address of nginx in trustedProxies: others get the bytes from here';
    context.addIssue({ code: 'custom', path: ['chacra', 'accelRedirect'], message });
  });
}

function tableOf(folder: string) {
  return z.strictObject({
    data: pathFrom(folder)
      .prefault('./data')
      .describe('Folder of everything that is kept; one process at a time may use it.'),
    users: z
      .array(
        z.strictObject({
          name: userName().describe('Name of the user.'),
          keyHash: keyHash().describe('Hash of the key, printed by `gitbuilder key user`.'),
          scopes: z
            .array(z.enum(SCOPES))
            .min(1)
            .describe(
              `What the user may do. ${SCOPES.map((scope) => `\`${scope}\` is for ${SCOPE_MEANS[scope]}`).join('; ')}.`,
            ),
        }),
      )
      .default([])
      .describe('Who may change things. Without any, the first start makes an admin key.'),
    anonymous: z
      .enum(['read', 'none'])
      .default('read')
      .describe('What may be done without a key: reading, or nothing.'),
    trustedProxies: z
      .array(network())
      .default([])
      .describe('Proxies whose X-Forwarded-* headers are believed.'),
    logLevel: z
      .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
      .default('info')
      .describe('The least important messages that are logged.'),
    audit: audit(folder).prefault({}).describe('A line for every write: who, what, when.'),
    distros: z
      .record(z.string(), z.record(z.string(), z.string('expected a version in quotes')))
      .default({})
      .describe('Releases beside the built-in ones: distro, codename, version in quotes.'),
    chacra: chacra(folder).prefault({}).describe('The storage node.'),
    shaman: shaman(folder).prefault({}).describe('The coordinator.'),
    agents: agents(folder).prefault({}).describe('Agents of Jenkins as containers.'),
  });
}

/** The settings after parsing: every default filled in, every path absolute. */
export type Configuration = z.infer<ReturnType<typeof settings>>;
