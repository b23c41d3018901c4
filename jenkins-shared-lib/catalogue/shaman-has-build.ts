import { SHAMAN_ROUTES } from '../../services/api/shaman-routes.ts';
import { READER, REPO, SHAMAN } from './params.ts';
import type { Step } from './step.ts';

/** Asks whether a cell need not be built again. */
export const shamanHasBuild = {
  name: 'shamanHasBuild',
  summary: 'Asks whether a commit is built for a platform, and its repository still there.',
  details: [
    'Asks shaman first, then the repository itself, because a record may outlive what it tells of.',
  ],
  shape: 'asks',
  params: {
    ...REPO,
    arch: { type: 'string', help: 'x86_64, arm64 …; without it any will do' },
    ...SHAMAN,
    ...READER,
  },
  answer: { type: 'boolean', help: 'true when its packages can be installed' },
  body: {
    kind: 'class',
    name: 'BuiltAlready',
    requests: {
      matrix: {
        to: 'shaman',
        route: SHAMAN_ROUTES.questions.matrix,
        query: { project: 'project', sha1: 'sha1', platforms: 'platforms', flavor: 'flavor' },
        accepts: 'json',
      },
    },
    adds: ['platforms'],
  },
  example: `if (!shamanHasBuild(project: 'ceph', ref: 'main', sha1: sha1, distro: 'ubuntu',
        distroVersion: 'noble', arch: 'x86_64')) {
    build()
}`,
} as const satisfies Step;
