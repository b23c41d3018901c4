import { ARCH, CREDENTIALS, REPO } from './params.ts';
import type { Step } from './step.ts';

/** Brings packages and other files to a storage node. */
export const uploadToChacra = {
  name: 'uploadToChacra',
  summary: 'Uploads packages and other files to a storage node; what it has is not sent again.',
  details: [
    'Runs on the agent with sh and curl; names are taken below the current folder.',
    'Every file is compared by its sha256: what the node has under this name is skipped, what it has elsewhere is attached, the rest is sent, several at a time.',
    'What breaks is tried again, with only what is still missing. Ends with a table; fails when a file is not there in the end, and names it.',
    'The repository is published by chacraRepoUpdate, or by itself where its project is automatic.',
  ],
  shape: 'does',
  params: {
    files: {
      type: 'strings',
      help: 'files and patterns such as dist/*.deb; one without a match is an error',
    },
    filesFrom: { type: 'string', help: 'a file that lists files, one a line, as find writes it' },
    ...REPO,
    ...ARCH,
    chacra: {
      type: 'string',
      help: 'address of the storage node; without it shaman names one',
    },
    shaman: {
      type: 'string',
      from: 'GITBUILDER_SHAMAN',
      help: 'address of the coordinator, where chacra is not given',
    },
    force: {
      type: 'boolean',
      default: false,
      help: 'replaces files of the same name that have other bytes',
    },
    keep: {
      type: 'boolean',
      default: false,
      help: 'leaves files of the same name that have other bytes as they are, and names them; without force or keep they are errors',
    },
    parallel: { type: 'integer', default: 16, help: 'how many files at a time' },
    retries: {
      type: 'integer',
      default: 5,
      help: 'how often a broken connection or a busy node is tried again',
    },
    ...CREDENTIALS,
  },
  body: { kind: 'shell', resources: ['ask.sh', 'sent-files.sh', 'upload-to-chacra.sh'] },
  example: `node('x86_64 && noble') {
    uploadToChacra files: ['dist/*.deb', 'dist/*.ddeb'], chacra: chacra,
        project: 'ceph', ref: 'main', sha1: sha1,
        distro: 'ubuntu', distroVersion: 'noble', arch: 'x86_64'
}`,
} as const satisfies Step;
