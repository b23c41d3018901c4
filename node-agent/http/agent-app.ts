import type { Registry } from 'prom-client';
import { AGENT_ROUTES } from '../../services/api/agent-routes.ts';
import { serviceListener } from '../../services/http/service-listener.ts';
import type { ServiceOptions } from '../../services/http/service-listener.ts';
import type { Listener } from '../../services/platform/http-server.ts';
import type { AgentContext } from './agent-context.ts';
import { agentDocumentRoutes } from './agent-documents.ts';
import { agentEvents } from './agent-events.ts';
import { agentRoutes } from './agents.ts';
import { cacheRoutes } from './caches.ts';
import { demandRoutes } from './demands.ts';
import { mitaRoutes } from './mita.ts';
import { setupFile } from './setup-files.ts';
import { templateAndHostRoutes } from './templates-and-hosts.ts';

export interface AgentAppOptions extends Omit<ServiceOptions, 'routes' | 'fast'> {
  readonly context: AgentContext;
  readonly metrics: Registry;
}

/** The agent service's HTTP side. What containers fetch with their tokens goes past users and express. */
export function agentApp(options: AgentAppOptions): Listener {
  const { context, metrics } = options;
  return serviceListener({
    ...options,
    routes(register) {
      agentDocumentRoutes(register, context, metrics);
      agentRoutes(register, context);
      demandRoutes(register, context);
      templateAndHostRoutes(register, context);
      cacheRoutes(register, context);
      mitaRoutes(register, context);
      register(AGENT_ROUTES.events, (exchange) => agentEvents(context, exchange));
    },
    fast: (request) => setupFile(context.agents, request),
  });
}
