import { REPORT, REPORT_PARAMS } from './build-report-params.ts';
import type { Step } from './step.ts';

/** Tells the coordinator how a build goes. */
export const shamanBuildStatus = {
  name: 'shamanBuildStatus',
  summary: 'Tells shaman that a build is queued, started, completed, failed or aborted.',
  details: [
    'Saying the same again changes nothing. A shaman that does not answer, or refuses, is told of in the log; it never fails the build.',
    'withShamanBuild says all of it by itself, whatever happens inside.',
  ],
  shape: 'does',
  params: {
    status: {
      type: 'string',
      required: true,
      oneOf: ['queued', 'started', 'completed', 'failed', 'aborted'],
      help: 'how it goes',
    },
    ...REPORT_PARAMS,
  },
  body: { kind: 'class', name: 'BuildReport', requests: { report: REPORT } },
  example: `shamanBuildStatus status: 'queued', project: 'ceph', ref: 'main', sha1: sha1,
    distro: 'ubuntu', distroVersion: 'noble', arch: 'x86_64'`,
} as const satisfies Step;
