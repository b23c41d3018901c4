import type { Registry } from 'prom-client';
import { openApiDocument } from '../api/openapi.ts';
import { SHAMAN_ROUTES } from '../api/shaman-routes.ts';
import { SHAMAN_SCHEMAS } from '../api/shaman-schemas.ts';
import { healthAnswer } from './health-answer.ts';
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
  for (const route of [SHAMAN_ROUTES.health, SHAMAN_ROUTES.plainHealth])
    register(route, ({ request }) => healthAnswer(request, context, { version }));
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
