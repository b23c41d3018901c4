import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { SHAMAN_ROUTES } from '../api/shaman-routes.ts';
import type { Answer } from '../platform/answer.ts';
import type { Listener } from '../platform/http-server.ts';
import { pathSegments } from './path-segments.ts';
import type { QuestionContext } from './question-context.ts';
import { serviceListener } from './service-listener.ts';
import type { OpenExchange, ServiceOptions } from './service-listener.ts';
import { shamanBuildsRoutes } from './shaman-builds.ts';
import type { ShamanContext } from './shaman-context.ts';
import { shamanDocumentRoutes } from './shaman-documents.ts';
import { next, shamanNodesRoutes } from './shaman-nodes.ts';
import { shamanQuestionRoutes } from './shaman-questions.ts';
import { files, shamanReposRoutes, sourceList } from './shaman-repos.ts';
import { searchShaman } from './shaman-search.ts';

export interface ShamanAppOptions extends Omit<ServiceOptions, 'routes' | 'fast'> {
  readonly context: ShamanContext;
  readonly questions: QuestionContext;
  readonly metrics: Registry;
}

/**
 * The coordinator's HTTP side. Search, `…/repo`, files of ready repositories and `next` are asked
 * most and go past express; everything else is a row of the route table.
 */
export function shamanApp(options: ShamanAppOptions): Listener {
  const { context, questions, metrics } = options;
  return serviceListener({
    ...options,
    routes(register) {
      shamanDocumentRoutes(register, context, metrics);
      register(SHAMAN_ROUTES.search, (exchange) => searchShaman(context, exchange));
      shamanReposRoutes(register, context);
      shamanBuildsRoutes(register, context);
      shamanNodesRoutes(register, context);
      shamanQuestionRoutes(register, context, questions);
    },
    fast: (request, response, open) => fastAnswer(context, request, response, open),
  });
}

function fastAnswer(
  context: ShamanContext,
  request: IncomingMessage,
  response: ServerResponse,
  open: OpenExchange,
): Answer | Promise<Answer> | null {
  const { method, url = '' } = request;
  if ((method !== 'GET' && method !== 'HEAD') || !url.startsWith('/api/')) return null;
  // teuthology asks without the slash: one round trip fewer than a redirect.
  if (/^\/api\/search\/?(\?|$)/.test(url)) {
    return searchShaman(context, open(request, response, SHAMAN_ROUTES.search, {}));
  }
  if (/^\/api\/nodes\/next\/?(\?|$)/.test(url)) {
    return next(context, open(request, response, SHAMAN_ROUTES.nodes.next, {}));
  }
  if (!url.startsWith('/api/repos/')) return null;
  return readyAnswer(context, request, response, open);
}

/** `…/{version}/repo`, `…/{version}/{arch}/…` and the same below `flavors/{flavor}`. */
function readyAnswer(
  context: ShamanContext,
  request: IncomingMessage,
  response: ServerResponse,
  open: OpenExchange,
): Answer | null {
  const segments = pathSegments(request.url ?? '').slice(2);
  const [project = '', ref = '', sha1 = '', distro = '', version = '', ...tail] = segments;
  const isFlavored = tail[0] === 'flavors';
  const [what = '', ...rest] = isFlavored ? tail.slice(2) : tail;
  if (what === '') return null;
  const address = { project, ref, sha1, distro, version };
  const params = isFlavored ? { ...address, flavor: tail[1] ?? '' } : address;
  const { plainReady, flavoredReady } = SHAMAN_ROUTES.repos;
  const routes = isFlavored ? flavoredReady : plainReady;
  if (what === 'repo' && rest.join('') === '') {
    return sourceList(context, open(request, response, routes.sourceList, params));
  }
  const path = { ...params, arch: what, path: rest.join('/') };
  return files(context, open(request, response, routes.file, path));
}
