import { AGENT_ROUTES } from '../../services/api/agent-routes.ts';
import type { Register } from '../../services/http/register.ts';
import { json } from '../../services/platform/answer.ts';
import type { Answer } from '../../services/platform/answer.ts';
import { findTemplate, retryTemplate, setDrained } from '../operate-agents.ts';
import type { AgentContext } from './agent-context.ts';
import { hostJson, templateJson } from './agent-json.ts';
import { running } from './running.ts';

/** `/api/v1/templates…` and `/api/v1/hosts…`. */
export function templateAndHostRoutes(register: Register, context: AgentContext): void {
  const { templates, hosts } = AGENT_ROUTES;
  register(templates.list, () => {
    const { collaborators } = running(context);
    const { situation } = collaborators;
    return json({
      templates: situation.templates.map((template) => templateJson(collaborators, template)),
      problems: situation.templateProblems,
    });
  });
  register(hosts.list, () => {
    const { collaborators } = running(context);
    return json({
      hosts: collaborators.situation.hosts.map((host) => hostJson(collaborators, host)),
    });
  });
  for (const [route, isDrained] of [
    [templates.drain, true],
    [templates.resume, false],
  ] as const) {
    register(route, ({ params }) =>
      drain(context, 'template', params['template'] ?? '', isDrained),
    );
  }
  for (const [route, isDrained] of [
    [hosts.drain, true],
    [hosts.resume, false],
  ] as const) {
    register(route, ({ params }) => drain(context, 'host', params['host'] ?? '', isDrained));
  }
  register(templates.retry, async ({ params }) => {
    const { collaborators, loops } = running(context);
    const name = params['template'] ?? '';
    await retryTemplate(collaborators, name);
    await loops.planNow();
    return json(templateJson(collaborators, findTemplate(collaborators, name)));
  });
}

async function drain(
  context: AgentContext,
  kind: 'template' | 'host',
  name: string,
  isDrained: boolean,
): Promise<Answer> {
  const { collaborators, loops } = running(context);
  await setDrained(collaborators, kind, name, isDrained);
  await loops.planNow();
  const template = collaborators.situation.template(name);
  const host = collaborators.situation.host(name);
  if (kind === 'template' && template !== undefined)
    return json(templateJson(collaborators, template));
  if (kind === 'host' && host !== undefined) return json(hostJson(collaborators, host));
  return json({ name, drained: isDrained });
}
