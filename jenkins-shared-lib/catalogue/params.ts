import type { Param } from './step.ts';

/** What is built: the arguments that name a commit of a project. */
export const COMMIT = {
  project: { type: 'string', required: true, help: 'what is built, such as ceph' },
  ref: { type: 'string', required: true, help: 'the branch or tag it is built from' },
  sha1: { type: 'string', required: true, help: 'the commit' },
} as const satisfies Record<string, Param>;

export const FLAVOR = {
  flavor: { type: 'string', default: 'default', help: 'a variant of the same commit' },
} as const satisfies Record<string, Param>;

/** One repository: commit, distro and flavor. */
export const REPO = {
  ...COMMIT,
  distro: { type: 'string', required: true, help: 'what it is built for, such as ubuntu' },
  distroVersion: {
    type: 'string',
    required: true,
    help: 'codename for apt, number for yum: noble, 9',
  },
  ...FLAVOR,
} as const satisfies Record<string, Param>;

export const ARCH = {
  arch: { type: 'string', required: true, help: 'x86_64, arm64, noarch, source' },
} as const satisfies Record<string, Param>;

export const SHAMAN = {
  shaman: {
    type: 'string',
    required: true,
    from: 'GITBUILDER_SHAMAN',
    help: 'address of the coordinator',
  },
} as const satisfies Record<string, Param>;

export const CHACRA = {
  chacra: {
    type: 'string',
    required: true,
    help: 'address of the storage node, as shamanNextNode answers it',
  },
} as const satisfies Record<string, Param>;

/** Of steps that write. */
export const CREDENTIALS = {
  credentials: {
    type: 'string',
    from: 'GITBUILDER_CREDENTIALS',
    default: 'gitbuilder',
    help: 'id of the credentials, user name with password: user and key of gitbuilder',
  },
} as const satisfies Record<string, Param>;

/** Of steps that only read, which needs no key where `anonymous` is `read`. */
export const READER = {
  credentials: {
    type: 'string',
    from: 'GITBUILDER_CREDENTIALS',
    help: 'id of the credentials, where reading needs a key',
  },
} as const satisfies Record<string, Param>;
