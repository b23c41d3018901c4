import { buildAnswerJson, repoAnswerJson } from '../api/shaman-answers-json.ts';
import { QUESTION_ROUTES } from '../api/shaman-question-routes.ts';
import type { DistroTable } from '../domain/distros.ts';
import { parseRef, parseWord } from '../domain/names.ts';
import type { Answer } from '../platform/answer.ts';
import type { FeedEvent } from '../shaman/event-feed.ts';
import type { EventStreams } from './event-streams.ts';
import type { Exchange } from './exchange.ts';
import { readQuery } from './read-query.ts';
import type { Holding } from './answer-question.ts';

/** What is told of a change: the record as it is now, its status before, and whether it is gone. */
export function eventData(event: FeedEvent, distros: DistroTable): object {
  const { was, isGone } = event;
  const record =
    event.kind === 'repo'
      ? repoAnswerJson(event.record, distros)
      : buildAnswerJson(event.record, distros);
  return { ...record, was, gone: isGone };
}

/** `/api/v1/events`: every change of what the filter names, from now on or after an event. */
export function eventStream(
  { held, addressOf, streams }: Holding & { readonly streams: EventStreams },
  exchange: Exchange,
): Answer {
  const { request, response } = exchange;
  const query = readQuery(exchange, QUESTION_ROUTES.events);
  const filter = {
    project: query.parsed('project', (text) => parseWord('project', text)),
    ref: query.parsed('ref', parseRef),
    sha1: query.parsed('sha1', (text) => parseWord('sha1', text)),
  };
  if (request.method === 'HEAD') {
    return { kind: 'empty', status: 200, headers: { 'Content-Type': 'text/event-stream' } };
  }
  const header = request.headers['last-event-id'];
  const last = typeof header === 'string' ? header : query.text('last_event_id');
  const after = last === null || last === '' ? null : /^\d{1,16}$/.test(last) ? Number(last) : NaN;
  const leave = held.enter('stream', addressOf(request), () => end());
  response.once('close', leave);
  const end = streams.open(response, filter, after);
  return { kind: 'sent' };
}
