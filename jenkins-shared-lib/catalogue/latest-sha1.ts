import { SHAMAN_ROUTES } from '../../services/api/shaman-routes.ts';
import { FLAVOR, READER, SHAMAN } from './params.ts';
import type { Step } from './step.ts';

/** Asks what can be used. */
export const latestSha1 = {
  name: 'latestSha1',
  summary: 'Asks for the newest sha1 of a ref that is ready on all of some platforms.',
  details: [
    'Without one the answer is null. With minutes it waits for one, and fails when the time is up, or as soon as the newest sha1 failed on one of the platforms.',
  ],
  shape: 'asks',
  params: {
    project: { type: 'string', required: true, help: 'what is built, such as ceph' },
    ref: { type: 'string', required: true, help: 'the branch or tag it is built from' },
    platforms: {
      type: 'strings',
      required: true,
      help: 'as people call them: jammy, centos9, ubuntu/22.04/x86_64',
    },
    ...FLAVOR,
    allowPartial: {
      type: 'boolean',
      default: false,
      help: 'the newest that is ready on any of the platforms',
    },
    minutes: { type: 'integer', default: 0, help: 'how long to wait for one' },
    ...SHAMAN,
    ...READER,
  },
  answer: { type: 'String', help: 'the sha1, or null when there is none' },
  body: {
    kind: 'class',
    name: 'LatestSha1',
    requests: {
      latest: {
        to: 'shaman',
        route: SHAMAN_ROUTES.questions.latest,
        query: {
          project: 'project',
          ref: 'ref',
          platforms: 'platforms',
          flavor: 'flavor',
          allow_partial: 'allowPartial',
          wait: 'waitSeconds',
        },
        accepts: 'json',
      },
    },
    adds: ['waitSeconds'],
  },
  example: "def sha1 = latestSha1 project: 'ceph', ref: 'main', platforms: ['jammy', 'centos9']",
} as const satisfies Step;
