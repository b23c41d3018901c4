import { AGENT_ROUTES } from '../../services/api/agent-routes.ts';
import { CREDENTIALS } from './params.ts';
import type { Step } from './step.ts';

/** Runs something on an agent that is made for it. */
export const onAgent = {
  name: 'onAgent',
  summary: 'Runs a closure on an agent with a label, and asks the agent service for one.',
  details: [
    'The demand is only a hint, posted before the agent is waited for, and taken back after: a service that is away never fails the build. Without an address it is the same as node.',
    'When the agent is lost, the closure runs once more from its beginning, on another.',
  ],
  shape: 'wraps',
  params: {
    label: { type: 'string', required: true, help: 'which agent, as an expression of Jenkins' },
    template: { type: 'string', help: 'of which template, where several fit the label' },
    tries: { type: 'integer', default: 2, help: 'how often to begin when agents are lost' },
    agents: { type: 'string', from: 'GITBUILDER_AGENTS', help: 'address of the agent service' },
    ...CREDENTIALS,
  },
  positional: 'label',
  body: {
    kind: 'class',
    name: 'WantedAgent',
    requests: {
      demand: {
        to: 'agents',
        route: AGENT_ROUTES.demands.post,
        json: {
          label: 'label',
          build_url: 'buildUrl',
          block: 'block',
          template: 'template',
          ttl: 'ttl',
        },
        accepts: 'text',
      },
      end: { to: 'agents', route: AGENT_ROUTES.demands.end, accepts: 'json' },
    },
    adds: ['buildUrl', 'block', 'ttl', 'id'],
  },
  example: `onAgent('x86_64 && noble && gigantic') {
    sh './build.sh'
}`,
} as const satisfies Step;
