import { SHAMAN_ROUTES } from '../../services/api/shaman-routes.ts';
import { COMMIT, CREDENTIALS, SHAMAN } from './params.ts';
import type { Step } from './step.ts';

/** Asks the coordinator where to upload. */
export const shamanNextNode = {
  name: 'shamanNextNode',
  summary: 'Asks shaman which storage node takes the packages of a commit.',
  details: [
    'Everything of one sha1 goes to one node: ask once, before the cells of a build begin.',
    'Fails with a clear message when no node is healthy, so that nothing is built for nowhere.',
  ],
  shape: 'asks',
  params: { ...COMMIT, ...SHAMAN, ...CREDENTIALS },
  answer: { type: 'String', help: 'the address of the node, with a slash at its end' },
  body: {
    kind: 'request',
    request: {
      to: 'shaman',
      route: SHAMAN_ROUTES.nodes.next,
      query: { sha1: 'sha1', project: 'project', ref: 'ref' },
      accepts: 'text',
    },
    answer: 'text',
  },
  example: "def chacra = shamanNextNode project: 'ceph', ref: 'main', sha1: sha1",
} as const satisfies Step;
