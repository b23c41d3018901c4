import { CHACRA_ROUTES } from '../api/chacra-routes.ts';
import { explanationJson, explanationLines } from '../api/explanation-json.ts';
import type { Route } from '../api/route.ts';
import { explainRepo } from '../chacra/explain-repo.ts';
import { requireRepo } from '../chacra/request-update.ts';
import type { Answer } from '../platform/answer.ts';
import { identityOf } from './addresses.ts';
import type { ChacraContext } from './chacra-context.ts';
import type { Exchange } from './exchange.ts';
import { readQuery } from './read-query.ts';
import type { Register } from './register.ts';
import { formatOf } from './settled-answer.ts';

/** `/api/v1/repos/…`: what a repository is made of, and why. */
export function repoAnswerRoutes(register: Register, context: ChacraContext): void {
  for (const { why } of [CHACRA_ROUTES.answers.plain, CHACRA_ROUTES.answers.flavored])
    register(why, (exchange) => explain(context, exchange, why));
}

async function explain(context: ChacraContext, exchange: Exchange, route: Route): Promise<Answer> {
  const query = readQuery(exchange, route);
  const format = formatOf(query, exchange);
  const asked = query.text('package');
  const repo = requireRepo(context.repos, identityOf(exchange.params));
  const explanation = await explainRepo(context, repo, asked);
  if (format === 'json') return { kind: 'json', body: explanationJson(explanation) };
  const lines = explanationLines(explanation, asked).map((line) => line.replace(/\s+/g, ' '));
  return { kind: 'text', body: `${lines.join('\n')}\n` };
}
