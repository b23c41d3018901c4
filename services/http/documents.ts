import type { Registry } from 'prom-client';
import { CHACRA_ROUTES } from '../api/chacra-routes.ts';
import { CHACRA_SCHEMAS } from '../api/chacra-schemas.ts';
import { openApiDocument } from '../api/openapi.ts';
import type { ChacraContext } from './chacra-context.ts';
import { healthAnswer } from './health-answer.ts';
import type { Register } from './register.ts';

/** `/`, `/health/`, `/metrics` and the description of everything else. */
export function documentRoutes(
  register: Register,
  context: ChacraContext,
  metrics: Registry,
): void {
  const { repos, projects, version } = context;
  register(CHACRA_ROUTES.root, ({ publicUrl }) => {
    const published = new Set<string>();
    for (const { identity, head } of repos.all())
      if (head.live !== null) published.add(identity.project);
    const known = new Set([...projects.names(), ...repos.tree().keys()]);
    const body = {
      description:
        'gitbuilder chacra: a storage node for binaries and the repositories made of them',
      documentation: `${publicUrl}api/v1/openapi.json`,
      repos: [...published].sort(),
      binaries: [...known].sort(),
      version,
    };
    return { kind: 'json', body };
  });
  register(CHACRA_ROUTES.health, ({ request }) =>
    healthAnswer(request, context, { version, queue: context.queue.depth }),
  );
  register(CHACRA_ROUTES.openapi, ({ publicUrl }) => ({
    kind: 'json',
    body: openApiDocument({
      title: 'gitbuilder chacra',
      version,
      server: publicUrl,
      routes: CHACRA_ROUTES,
      schemas: CHACRA_SCHEMAS,
    }),
  }));
  register(CHACRA_ROUTES.metrics, async () => ({
    kind: 'text',
    body: await metrics.metrics(),
    type: metrics.contentType,
  }));
}
