import { CHACRA_ROUTES } from '../../services/api/chacra-routes.ts';
import { CHACRA, CREDENTIALS, REPO } from './params.ts';
import type { Step } from './step.ts';

/** Asks for a publish. */
export const chacraRepoUpdate = {
  name: 'chacraRepoUpdate',
  summary: 'Publishes what was uploaded to a repository.',
  details: ['Does not wait for the end of it: waitForRepo does, with the generation.'],
  shape: 'asks',
  params: { ...REPO, ...CHACRA, ...CREDENTIALS },
  answer: {
    type: 'Map',
    help: 'the repository as it is now',
    fields: {
      generation: 'the publish that will cover what was uploaded until now',
      status: 'requested, queued, building, ready or failed',
      url: 'what apt, dnf and zypper install from',
    },
  },
  body: {
    kind: 'request',
    request: {
      to: 'chacra',
      route: CHACRA_ROUTES.repos.flavored.update,
      path: { version: 'distroVersion' },
      accepts: 'json',
    },
    answer: 'fields',
  },
  example: `def published = chacraRepoUpdate chacra: chacra, project: 'ceph', ref: 'main',
    sha1: sha1, distro: 'ubuntu', distroVersion: 'noble'`,
} as const satisfies Step;
