import { READER, SHAMAN } from './params.ts';
import type { Step } from './step.ts';

/** Lets an agent install from a repository. */
export const useRepo = {
  name: 'useRepo',
  summary: 'Writes the apt or yum source of a repository on an agent, so that it can install.',
  details: [
    'Runs on the agent; what it writes belongs to root, so that it needs to be root or to have sudo without a password.',
    'The file is named for the project and replaces one of before. apt reads its lists afterwards, and only these.',
  ],
  shape: 'does',
  params: {
    project: { type: 'string', required: true, help: 'what is built, such as ceph' },
    ref: { type: 'string', required: true, help: 'the branch or tag it is built from' },
    sha1: {
      type: 'string',
      default: 'latest',
      help: 'the commit, or latest: the newest ready one',
    },
    distro: { type: 'string', required: true, help: 'what it is built for, such as ubuntu' },
    distroVersion: {
      type: 'string',
      required: true,
      help: 'codename for apt, number for yum: noble, 9',
    },
    flavor: { type: 'string', default: 'default', help: 'a variant of the same commit' },
    arch: { type: 'string', help: 'only a repository with this arch' },
    signed: {
      type: 'boolean',
      default: false,
      help: 'whether the package manager checks signatures; the key comes with the source',
    },
    into: {
      type: 'string',
      help: 'a folder; without it that of the package manager, such as /etc/apt/sources.list.d',
    },
    retries: { type: 'integer', default: 5, help: 'how often what may pass is tried again' },
    ...SHAMAN,
    ...READER,
  },
  body: { kind: 'shell', resources: ['ask.sh', 'use-repo.sh'] },
  example: `useRepo project: 'ceph', ref: 'main', distro: 'ubuntu', distroVersion: 'noble'
sh 'sudo apt-get install -y ceph-common'`,
} as const satisfies Step;
