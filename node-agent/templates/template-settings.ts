import { z } from 'zod';
import { byteSize } from '../../services/platform/setting-types.ts';
import { PULL_POLICIES } from '../rules/template.ts';

/** Everything that stands in a name of a node or container, and in no shell or URL with a meaning. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,39}$/i;
/** Node names of Jenkins are labels too; these are refused in neither, and need no escape. */
const LABEL = /^[^\s"'&|!<>()\\\p{Cc}]+$/u;
const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const text = () =>
  z
    .string()
    .min(1, 'is empty')
    .regex(/^[^\p{Cc}]*$/u, 'holds a control character');
const seconds = () =>
  z
    .int()
    .min(0)
    .max(365 * 86_400);
/** A timer of Node that is set for more than 24 days ends at once. */
const waiting = () => z.int().max(86_400);
const place = () =>
  z
    .string()
    .regex(/^\/[^\p{Cc}:]*$/u, 'expected an absolute path')
    .refine((path) => !path.split('/').includes('..'), 'leads out of its folder');

const mount = z.union(
  [
    z.strictObject({ bind: place(), target: place(), readOnly: z.boolean().default(false) }),
    z.strictObject({
      volume: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, 'is no name of a volume'),
      target: place(),
      readOnly: z.boolean().default(false),
    }),
    z.strictObject({ tmpfs: place(), size: byteSize().optional() }),
  ],
  { error: 'expected { bind, target }, { volume, target } or { tmpfs }' },
);

const file = z.strictObject({
  path: place(),
  content: z.string(),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'expected a mode such as "0644", in quotes')
    .default('0644'),
});

const provision = z.strictObject({
  packages: z.array(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+._:=~-]*$/, 'is no name of a package'),
  ),
  user: z.strictObject({
    name: z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'is no name of a user'),
    uid: z
      .int()
      .min(1)
      .max(2 ** 31)
      .optional(),
    home: place().optional(),
    sudo: z.boolean().default(false),
  }),
  locale: z.string().regex(/^[A-Za-z0-9_.@-]+$/, 'is no locale'),
  authorizedKeys: z.array(z.string().regex(/^[^\p{Cc}]+$/u, 'expected one line')),
  files: z.array(file),
  script: z.string(),
});

const window = z
  .strictObject({
    cron: z.string(),
    minutes: z.int().min(1),
    minIdle: z.int().min(0),
    maxIdle: z.int().min(0).optional(),
  })
  .refine(
    ({ minIdle, maxIdle }) => maxIdle === undefined || minIdle <= maxIdle,
    'minIdle is above maxIdle',
  );

/**
 * Everything that may stand in a template, each part optional: what it lacks comes from the one that it
 * extends, and then from the defaults.
 */
export const templateSettings = z
  .strictObject({
    extends: z.string(),
    abstract: z.boolean(),
    image: text(),
    pull: z.enum(PULL_POLICIES),
    pullSeconds: waiting().min(1),
    labels: z.array(
      z.string().regex(LABEL, 'holds a blank, or a letter with a meaning in label expressions'),
    ),
    remoteFs: place(),
    user: z.string().regex(/^[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?$/, 'expected USER or USER:GROUP'),
    env: z.record(z.string().regex(ENVIRONMENT_NAME, 'is no name of a variable'), z.string()),
    mounts: z.array(mount),
    caches: z.record(z.string().regex(NAME, 'is no name of a cache'), place()),
    cpus: z.number().positive(),
    memory: byteSize(),
    pids: z.int().min(1),
    shm: byteSize(),
    network: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'is no name of a network'),
    extraHosts: z.array(z.string().regex(/^[^\s:]+:[^\s]+$/, 'expected NAME:ADDRESS')),
    hosts: z.array(text()),
    arch: text(),
    privileges: z.array(
      z
        .string()
        .regex(
          /^(privileged|host-network|host-pid|new-privileges|(device|cap|security):\S+)$/,
          'expected privileged, host-network, host-pid, new-privileges, device:PATH, cap:NAME or security:OPTION',
        ),
    ),
    minIdle: z.int().min(0),
    maxIdle: z.int().min(0),
    idleWindows: z.array(window),
    idleSeconds: seconds(),
    uses: z.union([z.int().min(1), z.literal('unlimited')]),
    maxAgeSeconds: seconds(),
    cap: z.int().min(0),
    weight: z.number().min(0),
    connectSeconds: seconds(),
    keepFailedSeconds: seconds(),
    java: z.string().regex(/^[A-Za-z0-9_./-]+$/, 'expected a path or name'),
    javaOptions: z.array(text()),
    noReconnectAfterSeconds: seconds(),
    stopSeconds: waiting().min(0),
    provision: provision.partial(),
  })
  .partial();

type Read = z.infer<typeof templateSettings>;
/** YAML knows no undefined: what is not given has no key. */
export type TemplateSettings = { readonly [K in keyof Read]?: Exclude<Read[K], undefined> };

/** What a template has that says nothing else; docs/agents.md shows them. */
export const TEMPLATE_DEFAULTS = {
  pull: 'missing',
  pullSeconds: 600,
  labels: [],
  remoteFs: '/home/jenkins/agent',
  minIdle: 0,
  idleSeconds: 300,
  uses: 1,
  weight: 1,
  connectSeconds: 120,
  keepFailedSeconds: 0,
  java: 'java',
  javaOptions: [],
  noReconnectAfterSeconds: 900,
  stopSeconds: 10,
} as const satisfies TemplateSettings;

/** Whether text may name a template. */
export function isTemplateName(text: string): boolean {
  return NAME.test(text);
}
