import { REPORT, REPORT_PARAMS } from './build-report-params.ts';
import type { Step } from './step.ts';

/** Reports a build from its beginning to its end. */
export const withShamanBuild = {
  name: 'withShamanBuild',
  summary: 'Reports a build to shaman: started before the closure, and how it ended after it.',
  details: [
    'Completed when the closure ends, failed when it throws, aborted when somebody or a time-out stops it: every build that was started ends on record.',
    'Go around onAgent, not into it: the end of a build must be told also when its agent is gone. With label it does that itself, and reports queued until the agent is there.',
    'A shaman that is away never fails the build.',
  ],
  shape: 'wraps',
  params: {
    ...REPORT_PARAMS,
    label: { type: 'string', help: 'runs the closure on an agent with this label, by onAgent' },
    agents: {
      type: 'string',
      from: 'GITBUILDER_AGENTS',
      help: 'address of the agent service, where label is given',
    },
  },
  body: { kind: 'class', name: 'ReportedBuild', requests: { report: REPORT }, adds: ['status'] },
  example: `withShamanBuild(project: 'ceph', ref: 'main', sha1: sha1, distro: 'ubuntu',
    distroVersion: 'noble', arch: 'x86_64', label: 'x86_64 && noble') {
    sh './build.sh'
}`,
} as const satisfies Step;
