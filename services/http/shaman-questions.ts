import { MOST_ROWS, QUESTION_ROUTES, USUAL_ROWS } from '../api/shaman-question-routes.ts';
import { LONGEST_WAIT_SECONDS } from '../api/waiting.ts';
import { parseAskedPlatforms } from '../domain/asked-platform.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { DEFAULT_FLAVOR } from '../domain/identity.ts';
import { parseRef, parseWord } from '../domain/names.ts';
import type { Answer } from '../platform/answer.ts';
import { answerLatest, couldSettleLatest, isLatestSettled } from '../shaman/answer-latest.ts';
import { buildMatrix, isMatrixSettled } from '../shaman/build-matrix.ts';
import { searchRecords } from '../shaman/search-records.ts';
import type { RecordFilter } from '../shaman/search-records.ts';
import type { Exchange } from './exchange.ts';
import type { QuestionContext } from './question-context.ts';
import { readQuery } from './read-query.ts';
import type { Query } from './read-query.ts';
import type { Register } from './register.ts';
import { formatOf } from './answer-format.ts';
import { answerQuestion } from './answer-question.ts';
import { latestForms, matrixForms, searchForms } from './shaman-answers.ts';
import type { ShamanContext } from './shaman-context.ts';
import { eventStream } from './shaman-events.ts';

/** `/api/v1/`: what can I use, is it built, where is it, and tell me when. */
export function shamanQuestionRoutes(
  register: Register,
  context: ShamanContext,
  questions: QuestionContext,
): void {
  register(QUESTION_ROUTES.latest, (exchange) => latest(context, questions, exchange));
  register(QUESTION_ROUTES.matrix, (exchange) => matrix(context, questions, exchange));
  register(QUESTION_ROUTES.search, (exchange) => search(context, questions, exchange));
  register(QUESTION_ROUTES.events, (exchange) => eventStream(questions, exchange));
}

function latest(
  context: ShamanContext,
  questions: QuestionContext,
  exchange: Exchange,
): Promise<Answer> {
  const { distros } = context;
  const query = readQuery(exchange, QUESTION_ROUTES.latest);
  const question = {
    project: query.needed('project', projectOf),
    ref: query.needed('ref', parseRef),
    platforms: query.needed('platforms', (text) => parseAskedPlatforms(text, distros)),
    flavor: query.parsed('flavor', flavorOf) ?? DEFAULT_FLAVOR,
    allowPartial: query.flag('allow_partial'),
  };
  const open = {
    name: nameOf('latest', question),
    topic: { project: question.project, sha1: null, ref: question.ref },
    ask: () => answerLatest(context, question),
    isSettled: isLatestSettled,
    couldSettle: (sha1s: Iterable<string>) => couldSettleLatest(context, question, sha1s),
  };
  const forms = latestForms(question, distros);
  return answerQuestion(questions, exchange, open, { ...manner(query, exchange), forms });
}

function matrix(
  context: ShamanContext,
  questions: QuestionContext,
  exchange: Exchange,
): Promise<Answer> {
  const { distros } = context;
  const query = readQuery(exchange, QUESTION_ROUTES.matrix);
  const question = {
    project: query.needed('project', projectOf),
    sha1: query.parsed('sha1', sha1Of),
    ref: query.parsed('ref', parseRef),
    platforms: query.parsed('platforms', (text) => parseAskedPlatforms(text, distros)) ?? [],
    flavor: query.parsed('flavor', flavorOf),
    generation: query.whole('generation', 0, Number.MAX_SAFE_INTEGER),
  };
  const { project, sha1, ref, platforms, generation } = question;
  if (sha1 === null && ref === null) refuse('one of the parameters sha1 and ref is missing');
  if (generation !== null && (sha1 === null || platforms.length !== 1)) {
    refuse('generation counts the publishes of one repository: it needs sha1 and one platform');
  }
  const open = {
    name: nameOf('matrix', question),
    topic: { project, sha1, ref: ref ?? '' },
    ask: () => buildMatrix(context, question),
    isSettled: isMatrixSettled,
  };
  const forms = matrixForms(question, distros);
  return answerQuestion(questions, exchange, open, { ...manner(query, exchange), forms });
}

function search(
  context: ShamanContext,
  questions: QuestionContext,
  exchange: Exchange,
): Promise<Answer> {
  const { distros } = context;
  const query = readQuery(exchange, QUESTION_ROUTES.search);
  const filter: RecordFilter = {
    project: query.parsed('project', projectOf),
    ref: query.parsed('ref', parseRef),
    sha1: query.parsed('sha1', sha1Of),
    flavor: query.parsed('flavor', flavorOf),
    status: query.text('status'),
    platforms: query.parsed('platforms', (text) => parseAskedPlatforms(text, distros)) ?? [],
    arch: query.parsed('arch', (text) => parseWord('arch', text)),
    since: query.time('since'),
    until: query.time('until'),
    extra: query.below('extra.'),
  };
  if (filter.sha1 === 'latest') refuse('for the latest sha1 ask /api/v1/latest, or /api/search/');
  const page = {
    limit: query.whole('limit', 1, MOST_ROWS) ?? USUAL_ROWS,
    cursor: query.whole('cursor', 0, Number.MAX_SAFE_INTEGER),
  };
  const { project, sha1, ref } = filter;
  const options = manner(query, exchange);
  const isNarrow = project !== null && (sha1 !== null || (ref !== null && !ref.includes('*')));
  if (options.seconds > 0 && !isNarrow) refuse('wait needs project, and sha1 or an exact ref');
  const open = {
    name: nameOf('search', { ...filter, extra: [...filter.extra], ...page }),
    topic: { project: project ?? '', sha1, ref: ref ?? '' },
    ask: () => searchRecords(context, filter, page),
    isSettled: ({ found }: { readonly found: readonly unknown[] }) => found.length > 0,
  };
  const forms = searchForms(distros);
  return answerQuestion(questions, exchange, open, { ...options, forms });
}

/** How it is to be answered. */
function manner(query: Query, exchange: Exchange) {
  const seconds = query.whole('wait', 0, LONGEST_WAIT_SECONDS) ?? 0;
  return { seconds, format: formatOf(query, exchange) };
}

function nameOf(kind: string, question: object): string {
  return `${kind} ${JSON.stringify(question)}`;
}

function projectOf(text: string): string {
  return parseWord('project', text);
}

function sha1Of(text: string): string {
  return parseWord('sha1', text);
}

function flavorOf(text: string): string {
  return parseWord('flavor', text);
}

function refuse(reason: string): never {
  throw new GitbuilderError('REQUEST_INVALID', { reason });
}
