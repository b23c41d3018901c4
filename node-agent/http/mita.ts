import { AGENT_ROUTES } from '../../services/api/agent-routes.ts';
import { MitaDeleteBody, MitaOrderBody } from '../../services/api/agent-schemas.ts';
import { readJson, readJsonIfAny } from '../../services/http/read-json.ts';
import type { Register } from '../../services/http/register.ts';
import { drainAgent, findAgent } from '../operate-agents.ts';
import { isPresent } from '../rules/life.ts';
import { json } from '../../services/platform/answer.ts';
import type { AgentContext } from './agent-context.ts';
import { agentDetailJson, agentJson } from './agent-json.ts';
import { done, order } from './agents.ts';
import { running } from './running.ts';

const ROUTES = AGENT_ROUTES.mita;

/** `/api/nodes/…`: Mita's own paths, with a key, and with bodies that tell what was done. */
export function mitaRoutes(register: Register, context: AgentContext): void {
  register(ROUTES.list, () => {
    const { collaborators } = running(context);
    const present = collaborators.agents.all().filter(isPresent);
    return json({ agents: present.map((agent) => agentJson(collaborators, agent)) });
  });
  register(ROUTES.order, async (exchange) => {
    const { name, count } = await readJson(exchange, MitaOrderBody);
    return json(await order(running(context), exchange, name, count));
  });
  register(ROUTES.get, ({ params }) => {
    const { collaborators } = running(context);
    return json(agentDetailJson(collaborators, findAgent(collaborators, params['id'] ?? '')));
  });
  for (const route of [ROUTES.active, ROUTES.idle]) {
    register(route, ({ params }) => {
      const { collaborators } = running(context);
      return json(agentJson(collaborators, findAgent(collaborators, params['id'] ?? '')));
    });
  }
  register(ROUTES.delete, async (exchange) => {
    // A delay let the job end first; closing it does that whatever the job takes.
    await readJsonIfAny(exchange, MitaDeleteBody);
    return done(context, exchange, 'deleted', (name, cause) =>
      drainAgent(running(context).collaborators, name, cause),
    );
  });
}
