import type { Registry } from 'prom-client';
import { AGENT_ROUTES } from '../../services/api/agent-routes.ts';
import { AGENT_SCHEMAS } from '../../services/api/agent-schemas.ts';
import { openApiDocument } from '../../services/api/openapi.ts';
import { GitbuilderError } from '../../services/domain/errors.ts';
import type { Exchange } from '../../services/http/exchange.ts';
import { healthAnswer } from '../../services/http/health-answer.ts';
import type { Register } from '../../services/http/register.ts';
import { json } from '../../services/platform/answer.ts';
import type { Answer } from '../../services/platform/answer.ts';
import type { AgentContext } from './agent-context.ts';

/** `/`, health, `/metrics`, the description of everything else, and what Prado lists. */
export function agentDocumentRoutes(
  register: Register,
  context: AgentContext,
  metrics: Registry,
): void {
  const { version } = context;
  register(AGENT_ROUTES.root, ({ publicUrl }) =>
    json({ service: 'agents', version, api: `${publicUrl}api/v1/openapi.json` }),
  );
  register(AGENT_ROUTES.health, (exchange) => health(context, exchange));
  register(AGENT_ROUTES.plainHealth, (exchange) => health(context, exchange));
  register(AGENT_ROUTES.openapi, ({ publicUrl }) =>
    json(
      openApiDocument({
        title: 'gitbuilder agents',
        version,
        server: publicUrl,
        routes: AGENT_ROUTES,
        schemas: AGENT_SCHEMAS,
      }),
    ),
  );
  register(AGENT_ROUTES.metrics, async () => ({
    kind: 'text',
    body: await metrics.metrics(),
    type: metrics.contentType,
  }));
  register(AGENT_ROUTES.setup.list, () => {
    const templates = context.agents?.collaborators.situation.templates ?? [];
    return json({ playbooks: templates.map(({ name }) => name) });
  });
  // With a token they are answered before they come here.
  const { script, build, jar } = AGENT_ROUTES.setup;
  for (const route of [script, build, jar]) {
    register(route, () => {
      throw new GitbuilderError('AGENT_TOKEN');
    });
  }
}

function health(context: AgentContext, { request }: Exchange): Promise<Answer> {
  const { version, agents } = context;
  const jenkins = agents?.collaborators.situation.jenkins.version ?? null;
  return healthAnswer(request, context, { version, jenkins });
}
