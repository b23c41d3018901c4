import { AGENT_ROUTES } from '../../services/api/agent-routes.ts';
import type { Register } from '../../services/http/register.ts';
import { listCaches, pruneHostCaches, removeHostCache } from '../prune-caches.ts';
import { json } from '../../services/platform/answer.ts';
import type { AgentContext } from './agent-context.ts';
import { cacheJson } from './agent-json.ts';
import { running } from './running.ts';

/** `/api/v1/caches…`, and one cache of a host. */
export function cacheRoutes(register: Register, context: AgentContext): void {
  const { caches, hosts } = AGENT_ROUTES;
  register(caches.list, async () => {
    const listed = await listCaches(running(context).collaborators);
    return json({
      caches: listed.flatMap(({ host, caches }) =>
        caches.map((cache) => cacheJson(host.settings.name, cache)),
      ),
      silent: listed.flatMap(({ host, silent }) =>
        silent === null ? [] : [{ host: host.settings.name, reason: silent }],
      ),
    });
  });
  register(caches.prune, async () =>
    json({ pruned: await pruneHostCaches(running(context).collaborators) }),
  );
  register(hosts.removeCache, async ({ params }) => {
    const { host = '', cache = '' } = params;
    const { collaborators } = running(context);
    return json(cacheJson(host, await removeHostCache(collaborators, host, cache)));
  });
}
