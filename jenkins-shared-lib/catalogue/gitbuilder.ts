import { CREDENTIALS, SHAMAN } from './params.ts';
import type { Step } from './step.ts';

/** The whole pipeline as one call. */
export const gitbuilder = {
  name: 'gitbuilder',
  summary: 'Builds a ref of a project for every platform, and publishes what can be installed.',
  details: [
    'The source is checked out and packed once; then each distro, arch and flavor is a cell with an agent of its own, side by side, and one that fails leaves the others alone.',
    'A cell is skipped when its repository is there already, unless FORCE is set. With THROWAWAY nothing is uploaded.',
    'Parameters of the job win over arguments: BRANCH, SHA1, REPOSITORY, DISTROS, ARCHS, FLAVORS, FORCE, THROWAWAY, RELEASE. Where they are empty, git trailers of the commit count, then the rules of its branch, then the defaults; rules are JSON, see docs/pipeline.md.',
    'Each cell builds by the closure or the script of the project, which leaves its packages in out/; without either by debian/ or the .spec file. The cell is in the environment, as GITBUILDER_DISTRO, GITBUILDER_DISTRO_VERSION, GITBUILDER_ARCH, GITBUILDER_FLAVOR, GITBUILDER_VERSION, and so on.',
    'Every build that shaman was told of ends as completed, failed or aborted. The description of the build shows the table; the log, also what to type to install.',
  ],
  shape: 'asks',
  params: {
    project: {
      type: 'string',
      help: 'what is built; else what the rules say, else the name of the repository',
    },
    repository: {
      type: 'string',
      help: 'Git address of the source, or its name in the rules; else the repository of the Jenkinsfile',
    },
    gitCredentials: { type: 'string', help: 'id of the credentials for that repository' },
    ref: {
      type: 'string',
      default: 'main',
      help: 'branch or tag, where BRANCH and BRANCH_NAME are empty',
    },
    sha1: { type: 'string', help: 'commit, where SHA1 is empty; else the tip of the ref' },
    distros: { type: 'strings', help: 'such as noble and centos9, where DISTROS is empty' },
    archs: { type: 'strings', help: 'such as x86_64, where ARCHS is empty' },
    flavors: { type: 'strings', help: 'such as default, where FLAVORS is empty' },
    release: {
      type: 'boolean',
      default: false,
      help: 'packages get the version of the tag alone, without commits and sha1 behind it',
    },
    rules: { type: 'map', help: 'the rules, instead of a file' },
    rulesFile: {
      type: 'string',
      from: 'GITBUILDER_RULES_FILE',
      default: 'gitbuilder.json',
      help: 'the rules, in the repository of the Jenkinsfile or that of the source',
    },
    source: {
      type: 'closure',
      help: 'packs the source, in the checkout: leaves dist/ with a file named version',
    },
    sourceScript: {
      type: 'string',
      help: 'the same as a program, in the repository of the rules or of the source',
    },
    build: {
      type: 'closure',
      help: 'builds a cell, with dist/ in the current folder; called with the facts of the cell',
    },
    buildScript: {
      type: 'string',
      help: 'the same as a program, of either repository, run in the source; packages go to ../out',
    },
    packages: { type: 'strings', default: 'out/*', help: 'what is uploaded, as patterns' },
    label: {
      type: 'string',
      default: '{arch} && {platform}',
      help: 'which agent builds a cell; {arch}, {platform}, {distro}, {distroVersion}, {flavor} are its own',
    },
    sourceLabel: { type: 'string', default: 'source', help: 'which agent packs the source' },
    waitMinutes: {
      type: 'integer',
      default: 60,
      help: 'how long a repository may take from update to ready',
    },
    parameters: {
      type: 'list',
      help: 'more parameters of the job, as buildParameters takes them',
    },
    agents: {
      type: 'string',
      from: 'GITBUILDER_AGENTS',
      help: 'address of the agent service, where one makes agents',
    },
    ...SHAMAN,
    ...CREDENTIALS,
  },
  answer: {
    type: 'Map',
    help: 'what the build came to',
    fields: {
      project: 'what was built',
      ref: 'of which ref',
      sha1: 'of which commit',
      version: 'as its packages say',
      cells: 'a list of maps: name, distro, distroVersion, arch, flavor, state, url, why',
    },
  },
  body: { kind: 'class', name: 'Pipeline', requests: {} },
  example: `gitbuilder distros: ['noble', 'centos9'], archs: ['x86_64'],
    build: { cell -> sh 'make -C dist packages' }`,
} as const satisfies Step;
