import { GitbuilderError } from '../domain/errors.ts';
import type { Exchange } from './exchange.ts';
import type { Query } from './read-query.ts';

/** JSON for programs; text for sh, which has no parser for that. */
export type Format = 'json' | 'text';

export const FORMAT_TYPES = {
  json: 'application/json',
  text: 'text/plain; charset=utf-8',
} as const satisfies Record<Format, string>;

/** Which form of the answer is wanted: by parameter, else by Accept. */
export function formatOf(query: Query, { request }: Pick<Exchange, 'request'>): Format {
  const named = query.text('format');
  if (named === 'json' || named === 'text') return named;
  if (named !== null) {
    const reason = `format must be json or text, not ${JSON.stringify(named.slice(0, 60))}`;
    throw new GitbuilderError('REQUEST_INVALID', { reason });
  }
  const accept = request.headers.accept ?? '';
  return accept.includes('text/plain') && !accept.includes('application/json') ? 'text' : 'json';
}

/** One fact a line: names and reasons come from elsewhere and may hold line breaks. */
export function factLines(facts: readonly string[]): string {
  return facts.map((fact) => `${fact.replace(/\s+/g, ' ')}\n`).join('');
}
