import { SHAMAN_ROUTES } from '../../services/api/shaman-routes.ts';
import { READER, REPO, SHAMAN } from './params.ts';
import type { Step } from './step.ts';

/** Waits for a repository to be ready. */
export const waitForRepo = {
  name: 'waitForRepo',
  summary: 'Waits until the repository of a commit is ready, and answers where it is.',
  details: [
    'The waiting is done by shaman, which answers as soon as it is so. Fails when the publish failed, with its reason, and when the time is up.',
    'With the generation that chacraRepoUpdate answered, nothing older will do.',
  ],
  shape: 'asks',
  params: {
    ...REPO,
    arch: { type: 'string', help: 'x86_64, arm64 …; without it any will do' },
    generation: { type: 'integer', help: 'this publish of the repository, or a later one' },
    minutes: { type: 'integer', default: 60, help: 'how long, at most' },
    ...SHAMAN,
    ...READER,
  },
  answer: {
    type: 'Map',
    help: 'the repository',
    fields: {
      url: 'what apt, dnf and zypper install from',
      chacra_url: 'its record on the storage node; chacra_url + "repo" is its source list',
      status: 'ready',
      generation: 'the newest publish',
      live_generation: 'the publish that is served',
    },
  },
  body: {
    kind: 'class',
    name: 'AwaitedRepo',
    requests: {
      matrix: {
        to: 'shaman',
        route: SHAMAN_ROUTES.questions.matrix,
        query: {
          project: 'project',
          sha1: 'sha1',
          platforms: 'platforms',
          flavor: 'flavor',
          generation: 'generation',
          wait: 'waitSeconds',
        },
        accepts: 'json',
      },
    },
    adds: ['platforms', 'waitSeconds'],
  },
  example: `def repo = waitForRepo project: 'ceph', ref: 'main', sha1: sha1,
    distro: 'ubuntu', distroVersion: 'noble', generation: published.generation
echo "install from \${repo.url}"`,
} as const satisfies Step;
