import { repoJson } from '../api/repo-json.ts';
import type { Route } from '../api/route.ts';
import { LONGEST_WAIT_SECONDS } from '../api/waiting.ts';
import { isOver } from '../chacra/await-publish.ts';
import type { AcceptedUpdate } from '../chacra/request-update.ts';
import type { Answer } from '../platform/answer.ts';
import type { ChacraContext } from './chacra-context.ts';
import type { Exchange } from './exchange.ts';
import { holdRequest } from './hold-request.ts';
import { readQuery } from './read-query.ts';

/** For how many seconds the caller of an update wants to wait for its publish; read before anything is done. */
export function updateWait(exchange: Exchange, route: Route): number {
  return readQuery(exchange, route).whole('wait', 0, LONGEST_WAIT_SECONDS) ?? 0;
}

/**
 * Answers an accepted update: at once as the original does, or held until the generation that covers
 * it is live, failed, or the time is up; the answer then tells the repo as it is.
 */
export async function answerUpdate(
  { repos, publishes, holder }: ChacraContext,
  exchange: Exchange,
  accepted: AcceptedUpdate,
  seconds: number,
): Promise<Answer> {
  const { publicUrl, response } = exchange;
  const { repo, status, generation } = accepted;
  if (seconds === 0) {
    return { kind: 'json', body: { ...repoJson(repo, publicUrl, status), generation } };
  }
  await holdRequest(holder, exchange, 'json', (signal) =>
    publishes.wait(repo.identity, generation, seconds * 1000, signal),
  );
  // Deleted meanwhile, it is told as it last was.
  const now = repos.get(repo.identity) ?? repo;
  const body = { ...repoJson(now, publicUrl), generation, done: isOver(now.head, generation) };
  if (!response.headersSent) return { kind: 'json', body };
  response.end(JSON.stringify(body));
  return { kind: 'sent' };
}
