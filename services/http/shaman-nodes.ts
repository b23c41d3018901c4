import { nodeJson } from '../api/shaman-json.ts';
import { SHAMAN_ROUTES } from '../api/shaman-routes.ts';
import { NodeReportBody } from '../api/shaman-schemas.ts';
import type { Answer } from '../platform/answer.ts';
import { nextNode } from '../shaman/next-node.ts';
import { registerNode, removeNode } from '../shaman/register-node.ts';
import type { Exchange } from './exchange.ts';
import { missing } from './levels.ts';
import { readJson } from './read-json.ts';
import type { Register } from './register.ts';
import type { ShamanContext } from './shaman-context.ts';

const ROUTES = SHAMAN_ROUTES.nodes;

/** `/api/nodes/…`: the storage nodes, and which one takes the next upload. */
export function shamanNodesRoutes(register: Register, context: ShamanContext): void {
  const { nodes } = context;
  register(ROUTES.list, () =>
    json(Object.fromEntries(nodes.all().map((node) => [node.host, nodeJson(node)]))),
  );
  register(ROUTES.next, () => next(context));
  register(ROUTES.get, ({ params }) => {
    const { host = '' } = params;
    const node = nodes.get(host);
    if (node === undefined) throw missing(`storage node ${host}`);
    return json(nodeJson(node));
  });
  register(ROUTES.register, (exchange) => take(context, exchange));
  register(ROUTES.remove, async ({ params }) => {
    await removeNode(context, params['host'] ?? '');
    return { kind: 'empty', status: 204 };
  });
}

/** The body is used verbatim as a URL: no line break. */
export function next(context: ShamanContext): Answer {
  return { kind: 'text', body: nextNode(context).url };
}

async function take(context: ShamanContext, { params, request }: Exchange): Promise<Answer> {
  const body = await readJson(request, NodeReportBody);
  await registerNode(context, params['host'] ?? '', {
    url: body.url ?? undefined,
    freeBytes: body.free_bytes ?? undefined,
    load: body.load ?? undefined,
    version: body.version ?? undefined,
  });
  return json({});
}

function json(body: unknown): Answer {
  return { kind: 'json', body };
}
