import type { Step } from './step.ts';

/** Gives a job the parameters that Ceph's developers know. */
export const buildParameters = {
  name: 'buildParameters',
  summary: 'Gives the job its parameters for "Build with Parameters", and answers their values.',
  details: [
    'BRANCH, SHA1, DISTROS, ARCHS, FLAVORS, FORCE and THROWAWAY, with these defaults, and those of parameters after them. Names that stand there twice are taken from there.',
    'The first run of a job has no parameters yet: it gets the defaults. With declare: false the job keeps what it has, as in a Declarative pipeline with a parameters block.',
  ],
  shape: 'asks',
  params: {
    ref: { type: 'string', default: 'main', help: 'default of BRANCH' },
    distros: { type: 'strings', help: 'default of DISTROS' },
    archs: { type: 'strings', help: 'default of ARCHS' },
    flavors: { type: 'strings', help: 'default of FLAVORS' },
    parameters: {
      type: 'list',
      help: 'more of them, as maps: name, help, and one of default (a text), flag (true or false), choices (a list)',
    },
    declare: { type: 'boolean', default: true, help: 'whether the job gets them as its own' },
  },
  answer: { type: 'Map', help: 'name of each parameter -> its value, a text or true or false' },
  body: { kind: 'class', name: 'BuildParameters', requests: {} },
  example: `def asked = buildParameters distros: ['noble', 'centos9'], archs: ['x86_64', 'arm64'],
    parameters: [[name: 'CEPH_REPO', choices: ['ceph-ci', 'ceph'], help: 'where the branch is']]
echo "building \${asked.BRANCH}"`,
} as const satisfies Step;
