import { CHACRA_ROUTES } from '../api/chacra-routes.ts';
import {
  explanationJson,
  explanationLines,
  packageJson,
  packageLine,
} from '../api/explanation-json.ts';
import type { Route } from '../api/route.ts';
import { Pauses } from '../chacra/pauses.ts';
import { explainRepo } from '../chacra/explain-repo.ts';
import { requireRepo } from '../chacra/require-repo.ts';
import type { Explanation } from '../domain/explanation.ts';
import type { Answer } from '../platform/answer.ts';
import { identityOf } from './addresses.ts';
import { FORMAT_TYPES, factLines, formatOf } from './answer-format.ts';
import type { ChacraContext } from './chacra-context.ts';
import type { Exchange } from './exchange.ts';
import { readQuery } from './read-query.ts';
import type { Register } from './register.ts';
import { joinRows, sendPieces } from './send-pieces.ts';

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
  const pauses = new Pauses(() => context.turns.next());
  const explanation = await explainRepo(context, repo, asked, pauses);
  const { packages } = explanation;
  if (format === 'text') {
    return sendPieces(exchange.response, lines(explanation, asked), { type: FORMAT_TYPES.text });
  }
  const rows = mapBlocks(packages, (one) => JSON.stringify(packageJson(one)));
  const head = JSON.stringify(explanationJson(explanation)).slice(0, -1);
  const pieces = joinRows(rows, `${head},"packages":[`, ']}');
  return sendPieces(exchange.response, pieces, { type: FORMAT_TYPES.json });
}

async function* lines(explanation: Explanation, asked: string | null): AsyncGenerator<string> {
  yield factLines(explanationLines(explanation));
  let isNone = true;
  for await (const some of mapBlocks(explanation.packages, packageLine)) {
    yield factLines(some);
    isNone &&= some.length === 0;
  }
  if (asked !== null && isNone) yield factLines([`none ${asked} fits nothing here`]);
}

async function* mapBlocks<T>(
  blocks: AsyncIterable<readonly T[]>,
  print: (row: T) => string,
): AsyncGenerator<readonly string[]> {
  for await (const rows of blocks) yield rows.map(print);
}
