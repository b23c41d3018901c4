import { binaryJson } from '../api/binary-json.ts';
import { CHACRA_ROUTES, SEARCH_FILTERS } from '../api/chacra-routes.ts';
import { Pauses } from '../chacra/pauses.ts';
import { pageOf, searchBinaries } from '../chacra/search-binaries.ts';
import type { BinaryFilter, FoundBinary } from '../chacra/search-binaries.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { Answer } from '../platform/answer.ts';
import type { ChacraContext } from './chacra-context.ts';
import type { Exchange } from './exchange.ts';
import type { Register } from './register.ts';
import { joinRows, printRows, sendPieces } from './send-pieces.ts';

/** A page is known as a whole before its first row is sent. */
const LONGEST_PAGE = 10_000;
const PAGING = ['limit', 'cursor'];

/** `/search/`: binaries by their properties, as the original, with every filter and in pages. */
export function searchRoute(register: Register, context: ChacraContext): void {
  register(CHACRA_ROUTES.search, (exchange) => search(context, exchange));
}

async function search(
  { repos, blobs, clock, turns }: ChacraContext,
  { query, response }: Exchange,
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
  const pauses = new Pauses(() => turns.next());
  const cursor = query.get('cursor');
  const found = searchBinaries(repos.all(), filter satisfies BinaryFilter, cursor, pauses);
  const page = limit === null ? null : await pageOf(found, pageLength(limit));
  const now = clock.now();
  const print = async ({ identity, binary }: FoundBinary) => {
    const checksum = binary.blob === null ? null : await blobs.sha512(binary.blob);
    return JSON.stringify(binaryJson(identity, binary, checksum, now));
  };
  async function* rows(): AsyncGenerator<readonly string[]> {
    if (page !== null) yield* printRows(page.found, pauses, print);
    else for await (const some of found) yield* printRows(some, pauses, print);
  }
  const next = page?.next ?? null;
  return sendPieces(response, joinRows(rows(), '[', ']'), {
    type: 'application/json',
    headers: next === null ? {} : { 'X-Next-Cursor': next },
  });
}

function pageLength(limit: string): number {
  const length = wholeNumber('limit', limit);
  if (length <= LONGEST_PAGE) return length;
  const reason = `limit must be at most ${LONGEST_PAGE}: go on with the cursor in X-Next-Cursor`;
  throw new GitbuilderError('REQUEST_INVALID', { reason });
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
