import { REPO_FILTERS } from '../api/shaman-routes.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { Answer } from '../platform/answer.ts';
import { parsePlatforms, placeOf, searchRepos } from '../shaman/search-repos.ts';
import type { Exchange } from './exchange.ts';
import { listBytes, sendBytes, sendList, SHORT } from './send-list.ts';
import type { ShamanContext } from './shaman-context.ts';

/** `/api/search/`: repositories by their properties, in the original's shape, unpaginated. */
export function searchShaman(
  context: ShamanContext,
  { request, query, response }: Exchange,
): Answer | Promise<Answer> {
  const { searches, texts } = context;
  const { url = '' } = request;
  const question = url.slice(url.indexOf('?') + 1);
  const kept = searches.get(question);
  if (kept !== undefined) return sendBytes(response, kept);
  const filter = readFilter(query);
  const { distros, ...exact } = filter;
  const platforms = distros === undefined ? undefined : parsePlatforms(distros, context.distros);
  const found = searchRepos(context, { ...exact, ...(platforms && { platforms }) });
  if (found.length > SHORT) return sendList(response, found, (repo) => texts.of(repo));
  const body = listBytes(found, (repo) => texts.of(repo));
  searches.set(question, placeOf(exact), body);
  return sendBytes(response, body);
}

type Filters = Partial<Record<(typeof REPO_FILTERS)[number], string>>;

function readFilter(query: URLSearchParams): Filters {
  const filter: Filters = {};
  const unknown: string[] = [];
  for (const [key, value] of query) {
    const known = REPO_FILTERS.find((name) => name === key);
    if (known === undefined) unknown.push(key);
    else if (filter[known] !== undefined) refuse(`${known} is given twice`);
    else filter[known] = value;
  }
  if (unknown.length > 0) {
    refuse(`invalid query params: ${unknown.join(', ')}; known: ${REPO_FILTERS.join(', ')}`);
  }
  return filter;
}

function refuse(reason: string): never {
  throw new GitbuilderError('REQUEST_INVALID', { reason });
}
