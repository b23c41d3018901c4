import { binaryJson } from '../api/binary-json.ts';
import { CHACRA_ROUTES, SEARCH_FILTERS } from '../api/chacra-routes.ts';
import { searchBinaries } from '../chacra/search-binaries.ts';
import type { BinaryFilter } from '../chacra/search-binaries.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { Answer } from '../platform/answer.ts';
import type { ChacraContext } from './chacra-context.ts';
import type { Register } from './register.ts';

const PAGING = ['limit', 'cursor'];

/** `/search/`: binaries by their properties, as the original, with every filter and in pages. */
export function searchRoute(register: Register, context: ChacraContext): void {
  register(CHACRA_ROUTES.search, ({ query }) => search(context, query));
}

async function search(
  { repos, blobs, clock }: ChacraContext,
  query: URLSearchParams,
): Promise<Answer> {
  const keys = [...query.keys()];
  const unknown = keys.filter((key) => !isFilter(key) && !PAGING.includes(key));
  if (unknown.length > 0) {
    const known = [...SEARCH_FILTERS, ...PAGING].join(', ');
    throw new GitbuilderError('QUERY_INVALID', { keys: unknown.join(','), known });
  }
  const repeated = keys.find((key, at) => keys.indexOf(key) !== at);
  if (repeated !== undefined) {
    throw new GitbuilderError('REQUEST_INVALID', { reason: `${repeated} is given twice` });
  }
  // As the original: without any filter an object, not a list.
  if (!keys.some(isFilter)) return { kind: 'json', body: {} };
  const filter = Object.fromEntries(
    keys.filter(isFilter).map((key) => [key, query.get(key) ?? '']),
  );
  if ('size' in filter) wholeNumber('size', String(filter['size']));
  const limit = query.get('limit');
  const page = searchBinaries(repos.all(), filter satisfies BinaryFilter, {
    limit: limit === null ? null : wholeNumber('limit', limit),
    cursor: query.get('cursor'),
  });
  const now = clock.now();
  const body = await Promise.all(
    page.found.map(async ({ identity, binary }) => {
      const checksum = binary.blob === null ? null : await blobs.sha512(binary.blob);
      return binaryJson(identity, binary, checksum, now);
    }),
  );
  const headers = page.next === null ? {} : { 'X-Next-Cursor': page.next };
  return { kind: 'json', body, headers };
}

function isFilter(key: string): key is (typeof SEARCH_FILTERS)[number] {
  return SEARCH_FILTERS.some((known) => known === key);
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) {
    throw new GitbuilderError('REQUEST_INVALID', { reason: `${name} must be a whole number` });
  }
  return Number(text);
}
