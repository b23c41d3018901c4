import { AGENT_ROUTES } from '../../services/api/agent-routes.ts';
import { DemandBody } from '../../services/api/agent-schemas.ts';
import { readJson } from '../../services/http/read-json.ts';
import { readQuery } from '../../services/http/read-query.ts';
import type { Register } from '../../services/http/register.ts';
import { endDemand, postDemand } from '../demands.ts';
import { json } from '../../services/platform/answer.ts';
import type { AgentContext } from './agent-context.ts';
import { demandJson, queueJson } from './agent-json.ts';
import { running } from './running.ts';

const ROUTES = AGENT_ROUTES.demands;

/** `/api/v1/demands` and `/api/v1/queue`: who needs an agent, and what comes of it. */
export function demandRoutes(register: Register, context: AgentContext): void {
  register(ROUTES.list, () =>
    json({ demands: running(context).collaborators.demands.all().map(demandJson) }),
  );
  register(ROUTES.post, async (exchange) => {
    const { collaborators, loops } = running(context);
    const format = readQuery(exchange, ROUTES.post).text('format');
    const body = await readJson(exchange, DemandBody);
    const demand = await postDemand(collaborators, {
      label: body.label,
      build: body.build_url ?? null,
      block: body.block ?? null,
      hint: body.template ?? null,
      seconds: body.ttl ?? null,
    });
    // The step need not wait for what follows.
    loops.planSoon();
    const wantsText = format === 'text' || exchange.request.headers.accept === 'text/plain';
    return wantsText ? { kind: 'text', body: `${demand.id}\n` } : json(demandJson(demand));
  });
  register(ROUTES.end, async ({ params }) => {
    await endDemand(running(context).collaborators, params['id'] ?? '');
    return { kind: 'empty', status: 204 };
  });
  register(AGENT_ROUTES.queue, () => json(queueJson(running(context).collaborators)));
}
