import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { CHACRA_ROUTES } from '../api/chacra-routes.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { Answer } from '../platform/answer.ts';
import type { Listener } from '../platform/http-server.ts';
import { binariesRoutes } from './binaries.ts';
import { blobRoutes } from './blobs.ts';
import type { ChacraContext } from './chacra-context.ts';
import { documentRoutes } from './documents.ts';
import { userOf } from './exchange.ts';
import { generationRoutes } from './generations.ts';
import { servePublished } from './published.ts';
import type { Register } from './register.ts';
import { repoAnswerRoutes } from './repo-answers.ts';
import { keyRoute, reposRoutes } from './repos.ts';
import { retentionRoutes } from './retention.ts';
import { searchRoute } from './search.ts';
import { serviceListener } from './service-listener.ts';
import type { OpenExchange, ServiceOptions } from './service-listener.ts';
import { serveUpload, uploadTarget } from './upload.ts';

export interface ChacraAppOptions extends Omit<ServiceOptions, 'routes' | 'fast'> {
  readonly context: ChacraContext;
  readonly metrics: Registry;
}

/**
 * The storage node's HTTP side. Upload bodies and published files go past express, which would be
 * the slowest part of both; everything else is a row of the route table.
 */
export function chacraApp(options: ChacraAppOptions): Listener {
  const { context, metrics } = options;
  return serviceListener({
    ...options,
    routes(register) {
      documentRoutes(register, context, metrics);
      searchRoute(register, context);
      binariesRoutes(register, context);
      reposRoutes(register, context);
      repoAnswerRoutes(register, context);
      generationRoutes(register, context);
      keyRoute(register, context);
      blobRoutes(register, context);
      retentionRoutes(register, context);
      uploadMethods(register);
    },
    fast: (request, response, open, refuse) => fastAnswer(options, request, response, open, refuse),
  });
}

const PUBLISHED = /^\/r(?:[/?]|$)/;
const SENT: Answer = { kind: 'sent' };

function fastAnswer(
  { context, anonymous }: ChacraAppOptions,
  request: IncomingMessage,
  response: ServerResponse,
  open: OpenExchange,
  refuse: (error: GitbuilderError) => void,
): Promise<Answer> | null {
  if (PUBLISHED.test(request.url ?? '')) {
    const exchange = () => open(request, response, CHACRA_ROUTES.published, {});
    // To make one is a fifth of what a small file takes, and files that all may read need none.
    if (anonymous === 'none') exchange();
    const served = servePublished(context, request, response, () => exchange().publicUrl);
    return served.then(() => SENT);
  }
  const target = uploadTarget(request);
  if (target === null) return null;
  const route = CHACRA_ROUTES.binaries.flavoredBinary.replace;
  const exchange = open(request, response, route, target.params);
  const [user, { tell }] = [userOf(exchange, route.scope), exchange];
  const uploaded = serveUpload(context, request, response, { ...target, user, tell, refuse });
  return uploaded.then(() => SENT);
}

/** Multipart and raw bodies never come to express; this makes their methods known to `Allow`. */
function uploadMethods(register: Register): void {
  const { plain, flavored, plainBinary, flavoredBinary } = CHACRA_ROUTES.binaries;
  for (const route of [
    plain.upload,
    flavored.upload,
    plainBinary.replace,
    flavoredBinary.replace,
  ]) {
    register(route, () => {
      throw new GitbuilderError('FILE_FIELD_MISSING');
    });
  }
}
