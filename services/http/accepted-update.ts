import { repoJson } from '../api/repo-json.ts';
import type { Route } from '../api/route.ts';
import { LONGEST_WAIT_SECONDS } from '../api/waiting.ts';
import { isOver } from '../chacra/await-publish.ts';
import type { AcceptedUpdate } from '../chacra/request-update.ts';
import { json } from '../platform/answer.ts';
import type { Answer } from '../platform/answer.ts';
import type { ChacraContext } from './chacra-context.ts';
import type { Exchange } from './exchange.ts';
import { holdRequest } from './hold-request.ts';
import { readQuery } from './read-query.ts';

/**
 * Accepts an update and answers it: at once as the original does, or held for the seconds of `wait`
 * until the generation that covers it is live, failed, or the time is up; the answer then tells the
 * repo as it is. Nothing is accepted of a request that is refused or may not be held.
 */
export async function answerUpdate(
  { repos, publishes, holder }: ChacraContext,
  exchange: Exchange,
  route: Route,
  accept: () => Promise<AcceptedUpdate>,
): Promise<Answer> {
  const { publicUrl, response } = exchange;
  const seconds = readQuery(exchange, route).whole('wait', 0, LONGEST_WAIT_SECONDS) ?? 0;
  if (seconds === 0) {
    return json(acceptedJson(await accept(), publicUrl));
  }
  const { repo, generation } = await holdRequest(holder, exchange, 'json', async (signal) => {
    const accepted = await accept();
    const { identity } = accepted.repo;
    await publishes.wait(identity, accepted.generation, seconds * 1000, signal);
    return accepted;
  });
  // Deleted meanwhile, it is told as it last was.
  const now = repos.get(repo.identity) ?? repo;
  const body = { ...repoJson(now, publicUrl), generation, done: isOver(now.head, generation) };
  if (!response.headersSent) return json(body);
  response.end(JSON.stringify(body));
  return { kind: 'sent' };
}

/** The repo as it was when its update was accepted, with the number of the publish to wait for. */
export function acceptedJson({ repo, status, generation }: AcceptedUpdate, publicUrl: string) {
  return { ...repoJson(repo, publicUrl, status), generation };
}
