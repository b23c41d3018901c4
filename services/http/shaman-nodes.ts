import { nodeJson } from '../api/shaman-json.ts';
import { SHAMAN_ROUTES } from '../api/shaman-routes.ts';
import { NodeReportBody, NodeWeightBody } from '../api/shaman-schemas.ts';
import { parseRef, parseWord } from '../domain/names.ts';
import type { StorageNode } from '../domain/storage-node.ts';
import { json } from '../platform/answer.ts';
import type { Answer } from '../platform/answer.ts';
import { changeNode } from '../shaman/change-node.ts';
import { nextNode } from '../shaman/next-node.ts';
import { placeSha1 } from '../shaman/place-sha1.ts';
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
  register(ROUTES.next, (exchange) => next(context, exchange));
  register(ROUTES.get, ({ params }) => {
    const { host = '' } = params;
    const node = nodes.get(host);
    if (node === undefined) throw missing(`storage node ${host}`);
    return json(nodeJson(node));
  });
  register(ROUTES.register, (exchange) => take(context, exchange));
  for (const [route, draining] of [
    [ROUTES.drain, true],
    [ROUTES.resume, false],
  ] as const) {
    register(route, async ({ params }) =>
      json(nodeJson(await changeNode(context, params['host'] ?? '', { draining }))),
    );
  }
  register(ROUTES.weight, async (exchange) => {
    const { params, tell } = exchange;
    const { weight } = await readJson(exchange, NodeWeightBody);
    tell({ weight });
    return json(nodeJson(await changeNode(context, params['host'] ?? '', { weight })));
  });
  register(ROUTES.remove, async ({ params }) => {
    await removeNode(context, params['host'] ?? '');
    return { kind: 'empty', status: 204 };
  });
}

/** The body is used verbatim as a URL: no line break. */
export function next(context: ShamanContext, { query }: Exchange): Answer | Promise<Answer> {
  const sha1 = query.get('sha1');
  if (sha1 === null) return address(nextNode(context));
  const project = query.get('project');
  const ref = query.get('ref');
  return placeSha1(context, {
    sha1: parseWord('sha1', sha1),
    project: project === null ? null : parseWord('project', project),
    ref: ref === null ? null : parseRef(ref),
  }).then(address);
}

function address({ url }: StorageNode): Answer {
  return { kind: 'text', body: url };
}

async function take(context: ShamanContext, exchange: Exchange): Promise<Answer> {
  const { params } = exchange;
  const body = await readJson(exchange, NodeReportBody);
  await registerNode(context, params['host'] ?? '', {
    url: body.url ?? undefined,
    freeBytes: body.free_bytes ?? undefined,
    load: body.load ?? undefined,
    version: body.version ?? undefined,
  });
  return json({});
}
