import { AGENT_ROUTES } from '../../services/api/agent-routes.ts';
import type { Exchange } from '../../services/http/exchange.ts';
import { readQuery } from '../../services/http/read-query.ts';
import type { Answer } from '../../services/platform/answer.ts';
import type { AgentContext } from './agent-context.ts';
import { running } from './running.ts';

/** `/api/v1/events`: every step of every agent, from now on or after an event. */
export function agentEvents(context: AgentContext, exchange: Exchange): Answer {
  const { streams } = running(context);
  const { held, addressOf } = context;
  const { request, response } = exchange;
  const query = readQuery(exchange, AGENT_ROUTES.events);
  if (request.method === 'HEAD') {
    return { kind: 'empty', status: 200, headers: { 'Content-Type': 'text/event-stream' } };
  }
  const header = request.headers['last-event-id'];
  const last = typeof header === 'string' ? header : query.text('last_event_id');
  // What can be no id of ours is one that is not known.
  const after = last === null || last === '' ? null : /^\d{1,16}$/.test(last) ? Number(last) : -1;
  const leave = held.enter('stream', addressOf(request), () => end());
  response.once('close', leave);
  const end = streams.open(response, after);
  return { kind: 'sent' };
}
