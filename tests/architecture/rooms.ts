/** A room: the folder (or files) it is made of, and what it may import besides itself. */
export interface Room {
  readonly name: string;
  /** The room's place: a folder, or a pattern of files. */
  readonly holds: RegExp;
  /** Names of rooms; a path ending in `.ts` opens that one file only. */
  readonly mayImport: readonly string[];
  /** Packages and `node:` modules that stay outside. */
  readonly shuts?: RegExp;
}

const NO_DISK_NO_NETWORK =
  /^node:(fs|fs\/promises|net|tls|http|https|http2|dns|dgram|child_process|cluster|worker_threads)$|^(express|lowdb|pino|prom-client|openpgp|pg|dockerode|jenkins|helmet)$/;
const PORTS = [
  ...['services/chacra/ports.ts', 'services/chacra/signer.ts'],
  ...['services/chacra/verification-ports.ts', 'services/shaman/ports.ts'],
];

/** What `npm run generate` calls. */
const LIBRARY_PRINTERS = [
  'jenkins-shared-lib/catalogue/steps.ts',
  'jenkins-shared-lib/generate/library-files.ts',
  'jenkins-shared-lib/generate/steps-page.ts',
  'jenkins-shared-lib/generate/write-library.ts',
];

/** The arrows. docs/architecture.md draws them for people; this is what holds. */
export const ROOMS: readonly Room[] = [
  { name: 'domain', holds: /^services\/domain\//, mayImport: [], shuts: /./ },
  {
    name: 'formats',
    holds: /^services\/formats\//,
    mayImport: ['domain'],
    shuts: NO_DISK_NO_NETWORK,
  },
  { name: 'api', holds: /^services\/api\//, mayImport: ['domain'], shuts: NO_DISK_NO_NETWORK },
  {
    name: 'chacra',
    holds: /^services\/chacra\//,
    mayImport: ['domain', 'formats'],
    shuts: NO_DISK_NO_NETWORK,
  },
  {
    name: 'shaman',
    holds: /^services\/shaman\//,
    mayImport: ['domain'],
    shuts: NO_DISK_NO_NETWORK,
  },
  { name: 'platform', holds: /^services\/platform\//, mayImport: ['domain', 'api'] },
  {
    name: 'adapters',
    holds: /^services\/adapters\//,
    mayImport: ['domain', 'formats', 'api', 'platform', ...PORTS],
  },
  {
    // What handlers of every service stand on, the agents' too.
    name: 'http basics',
    holds:
      /^services\/http\/(audit-trail|exchange|health-answer|incoming-body|opened-exchange|path-segments|read-json|read-query|register|service-listener|url-parts)\.ts$/,
    mayImport: ['domain', 'api', 'platform'],
  },
  {
    name: 'http',
    holds: /^services\/http\//,
    mayImport: ['http basics', 'domain', 'api', 'platform', 'chacra', 'shaman'],
  },
  { name: 'ui', holds: /^services\/ui\//, mayImport: ['domain', 'platform', 'chacra', 'shaman'] },
  {
    name: 'mains',
    holds: /^services\/[a-z]+-main\.ts$/,
    mayImport: [
      ...['domain', 'formats', 'api', 'chacra', 'shaman', 'platform', 'adapters', 'http', 'ui'],
      'http basics',
    ],
  },
  {
    name: 'cli',
    holds: /^services\/cli\//,
    mayImport: [
      'mains',
      'agent main',
      'domain',
      'formats',
      'api',
      'platform',
      'adapters',
      ...LIBRARY_PRINTERS,
    ],
  },
  {
    name: 'agent rules',
    holds: /^node-agent\/rules\//,
    mayImport: ['domain'],
    shuts: /./,
  },
  {
    name: 'agent use cases',
    holds: /^node-agent\/(?!((engine|images|lint)-)?main\.ts$)[^/]+\.ts$/,
    mayImport: ['services/platform/lanes.ts', 'agent rules', 'domain'],
    shuts: NO_DISK_NO_NETWORK,
  },
  {
    name: 'agent adapters',
    holds: /^node-agent\/(docker|jenkins|store|templates)\//,
    mayImport: [
      'services/adapters/read-or-damaged.ts',
      'agent rules',
      'node-agent/ports.ts',
      'node-agent/idle-ranges.ts',
      'domain',
      'api',
      'platform',
    ],
  },
  {
    name: 'agent http',
    holds: /^node-agent\/http\//,
    mayImport: [...['agent rules', 'agent use cases', 'domain', 'api', 'platform', 'http basics']],
  },
  {
    name: 'agent main',
    holds: /^node-agent\/((engine|images|lint)-)?main\.ts$/,
    mayImport: [
      ...['agent rules', 'agent use cases', 'agent adapters', 'agent http'],
      ...['domain', 'api', 'platform'],
    ],
  },
  { name: 'jenkins-shared-lib', holds: /^jenkins-shared-lib\//, mayImport: ['domain', 'api'] },
  {
    name: 'tests',
    holds: /^tests\//,
    mayImport: [
      ...['domain', 'formats', 'api', 'chacra', 'shaman', 'platform', 'adapters', 'http', 'ui'],
      ...['http basics', 'mains', 'cli', 'jenkins-shared-lib'],
      ...['agent rules', 'agent use cases', 'agent adapters', 'agent http', 'agent main'],
    ],
  },
];

/** Folders that the checkout may have at its top; what git ignores and what starts with a dot apart. */
export const TOP_FOLDERS: readonly string[] = [
  ...['services', 'node-agent', 'jenkins-shared-lib', 'docs', 'deploy', 'tests'],
];

/** Files longer than this hold two things, unless the reason stands here. */
export const LONGEST_FILE = 250;
export const LONG_FILES: Readonly<Record<string, string>> = {
  'services/api/chacra-routes.ts':
    'one table: every route with its schemas, read from top to bottom',
  'services/domain/errors.ts': 'one table: every error that a person can meet, with its advice',
};

/** Declared packages that no file imports, and why they are declared. */
export const NOT_IMPORTED: Readonly<Record<string, string>> = {
  '@types/dockerode': 'types of dockerode',
  '@types/express': 'types of express',
  '@types/node': 'types of node:',
  '@types/tar-stream': 'types of tar-stream',
  '@types/ws': 'types of ws',
  c8: 'the coverage of .ci/run',
  eslint: 'npm run check',
  prettier: 'npm run check',
  tsx: 'the loader of tests: .taprc and launch.mjs name it',
};
