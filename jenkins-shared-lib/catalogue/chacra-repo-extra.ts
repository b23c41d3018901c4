import { CHACRA_ROUTES } from '../../services/api/chacra-routes.ts';
import { CHACRA, CREDENTIALS, REPO } from './params.ts';
import type { Step } from './step.ts';

/** Sets what is said of a repository besides its packages. */
export const chacraRepoExtra = {
  name: 'chacraRepoExtra',
  summary: 'Sets the extra facts of a repository, which shaman hands on to everybody who asks.',
  details: [
    'Test suites read version and package_manager_version; build_url says which build made it.',
    'The repository is there as soon as something was uploaded to it.',
  ],
  shape: 'does',
  params: {
    extra: { type: 'map', required: true, help: 'the facts; they replace those from before' },
    ...REPO,
    ...CHACRA,
    ...CREDENTIALS,
  },
  body: {
    kind: 'request',
    request: {
      to: 'chacra',
      route: CHACRA_ROUTES.repos.flavored.extra,
      path: { version: 'distroVersion' },
      json: 'extra',
      accepts: 'json',
    },
    answer: 'none',
  },
  example: `chacraRepoExtra chacra: chacra, project: 'ceph', ref: 'main', sha1: sha1,
    distro: 'ubuntu', distroVersion: 'noble',
    extra: [version: '19.3.0', package_manager_version: '19.3.0-1', build_url: env.BUILD_URL]`,
} as const satisfies Step;
