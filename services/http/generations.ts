import { CHACRA_ROUTES } from '../api/chacra-routes.ts';
import { GenerationKeep } from '../api/chacra-schemas.ts';
import {
  differenceJson,
  differenceLines,
  generationJson,
  generationLine,
} from '../api/generation-json.ts';
import type { Route } from '../api/route.ts';
import { compareGenerations } from '../chacra/compare-generations.ts';
import { goBack } from '../chacra/go-back.ts';
import {
  keepGeneration,
  listGenerations,
  releaseGeneration,
  requireGeneration,
} from '../chacra/kept-generations.ts';
import { requireRepo } from '../chacra/require-repo.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Repo } from '../domain/repo.ts';
import type { Answer } from '../platform/answer.ts';
import { factLines, formatOf } from './answer-format.ts';
import { answerUpdate } from './accepted-update.ts';
import { identityOf } from './addresses.ts';
import type { ChacraContext } from './chacra-context.ts';
import { userOf } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { readJson } from './read-json.ts';
import { readQuery } from './read-query.ts';
import type { Register } from './register.ts';

/** `/api/v1/repos/…/generations/`: what was published before, and the way back to it. */
export function generationRoutes(register: Register, context: ChacraContext): void {
  for (const routes of [CHACRA_ROUTES.answers.plain, CHACRA_ROUTES.answers.flavored]) {
    register(routes.compare, (exchange) => compare(context, exchange, routes.compare));
    register(routes.generations, (exchange) => list(context, exchange, routes.generations));
    register(routes.goBack, (exchange) => back(context, exchange, routes.goBack));
    register(routes.keep, async (exchange) => {
      const { reason } = await readJson(exchange, GenerationKeep);
      const [identity, number] = addressed(exchange);
      const by = userOf(exchange, 'admin');
      const repo = await keepGeneration(context, identity, number, { reason, by });
      exchange.tell({ reason });
      return { kind: 'json', body: await entryOf(context, repo, number) };
    });
    register(routes.release, async (exchange) => {
      const [identity, number] = addressed(exchange);
      const repo = await releaseGeneration(context, identity, number);
      return { kind: 'json', body: await entryOf(context, repo, number) };
    });
  }
}

function entries({ generations, keepMilliseconds }: ChacraContext, repo: Repo) {
  return listGenerations(generations, repo, keepMilliseconds);
}

async function entryOf(context: ChacraContext, repo: Repo, number: number): Promise<object | null> {
  const files = requireGeneration(repo, number);
  const entry = (await entries(context, repo)).find((one) => one.number === files);
  return entry === undefined ? null : generationJson(entry);
}

async function list(context: ChacraContext, exchange: Exchange, route: Route): Promise<Answer> {
  const format = formatOf(readQuery(exchange, route), exchange);
  const repo = requireRepo(context.repos, identityOf(exchange.params));
  const found = await entries(context, repo);
  if (format === 'text') return text(found.map(generationLine));
  const body = { repo: repoPath(repo.identity), generations: found.map(generationJson) };
  return { kind: 'json', body };
}

/** Without numbers, the live generation beside the one before it. */
async function compare(context: ChacraContext, exchange: Exchange, route: Route): Promise<Answer> {
  const query = readQuery(exchange, route);
  const format = formatOf(query, exchange);
  const repo = requireRepo(context.repos, identityOf(exchange.params));
  const { live, older } = repo.head;
  const named = (name: string) => query.whole(name, 0, Number.MAX_SAFE_INTEGER);
  const from = named('from') ?? older.at(-1)?.files;
  const to = named('to') ?? live?.number;
  if (from === undefined || to === undefined) {
    const reason = 'there are no two generations to compare yet; name them with from and to';
    throw new GitbuilderError('REQUEST_INVALID', { reason });
  }
  const numbers = [requireGeneration(repo, from), requireGeneration(repo, to)] as const;
  const difference = await compareGenerations(context, repo.identity, ...numbers);
  if (format === 'text') return text(differenceLines(difference));
  return { kind: 'json', body: differenceJson(difference) };
}

function back(context: ChacraContext, exchange: Exchange, route: Route): Promise<Answer> {
  return answerUpdate(context, exchange, route, () => {
    const [identity, number] = addressed(exchange);
    const start = (one: RepoIdentity) => context.queue.start(one);
    return goBack({ ...context, start }, identity, number);
  });
}

function addressed({ params }: Exchange): [identity: RepoIdentity, number: number] {
  const identity = identityOf(params);
  const number = params['number'] ?? '';
  if (/^\d{1,15}$/.test(number)) return [identity, Number(number)];
  throw new GitbuilderError('GENERATION_NOT_FOUND', { number, repo: repoPath(identity) });
}

function text(lines: readonly string[]): Answer {
  return { kind: 'text', body: factLines(lines) };
}
