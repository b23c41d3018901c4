import type { Registry } from 'prom-client';
import { openApiDocument } from '../api/openapi.ts';
import { SHAMAN_ROUTES } from '../api/shaman-routes.ts';
import { SHAMAN_SCHEMAS } from '../api/shaman-schemas.ts';
import type { Answer } from '../platform/answer.ts';
import type { Exchange } from './exchange.ts';
import type { Register } from './register.ts';
import type { ShamanContext } from './shaman-context.ts';

/** `/`, `/api/`, health, `/metrics` and the description of everything else. */
export function shamanDocumentRoutes(
  register: Register,
  context: ShamanContext,
  metrics: Registry,
): void {
  const { commits, version } = context;
  register(SHAMAN_ROUTES.front, ({ publicUrl }) => ({
    kind: 'json',
    body: {
      description: 'gitbuilder shaman: knows what is built, which sha1 is the latest, and where',
      documentation: `${publicUrl}api/v1/openapi.json`,
      repos: `${publicUrl}api/repos/`,
      nodes: `${publicUrl}api/nodes/`,
      version,
    },
  }));
  register(SHAMAN_ROUTES.root, () => ({
    kind: 'json',
    body: { repos: [...commits.projects()].sort() },
  }));
  register(SHAMAN_ROUTES.health, (exchange) => health(context, exchange));
  register(SHAMAN_ROUTES.plainHealth, (exchange) => health(context, exchange));
  register(SHAMAN_ROUTES.openapi, ({ publicUrl }) => ({
    kind: 'json',
    body: openApiDocument({
      title: 'gitbuilder shaman',
      version,
      server: publicUrl,
      routes: SHAMAN_ROUTES,
      schemas: SHAMAN_SCHEMAS,
    }),
  }));
  register(SHAMAN_ROUTES.metrics, async () => ({
    kind: 'text',
    body: await metrics.metrics(),
    type: metrics.contentType,
  }));
}

function health(context: ShamanContext, { request }: Exchange): Answer {
  const problems = context.problems();
  const isHealthy = problems.length === 0;
  const wantsJson = request.headers.accept?.includes('application/json') === true;
  if (isHealthy && !wantsJson) return { kind: 'empty', status: 204 };
  const body = { healthy: isHealthy, problems, version: context.version };
  return { kind: 'json', status: isHealthy ? 200 : 500, body };
}
