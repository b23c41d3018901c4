import { AGENT_ROUTES } from '../../services/api/agent-routes.ts';
import { AgentOrderBody, HoldBody } from '../../services/api/agent-schemas.ts';
import { GitbuilderError } from '../../services/domain/errors.ts';
import { userOf } from '../../services/http/exchange.ts';
import type { Exchange } from '../../services/http/exchange.ts';
import { readJson, readJsonIfAny } from '../../services/http/read-json.ts';
import { readQuery } from '../../services/http/read-query.ts';
import type { Register } from '../../services/http/register.ts';
import { json } from '../../services/platform/answer.ts';
import type { Answer } from '../../services/platform/answer.ts';
import {
  drainAgent,
  findAgent,
  holdAgent,
  killAgent,
  orderAgents,
  releaseAgent,
} from '../operate-agents.ts';
import type { Agent } from '../rules/agent.ts';
import { buildPath } from '../rules/build-path.ts';
import { isPresent } from '../rules/life.ts';
import type { AgentContext, Running } from './agent-context.ts';
import { agentDetailJson, agentJson } from './agent-json.ts';
import { running } from './running.ts';

const ROUTES = AGENT_ROUTES.agents;
const USUAL_LINES = 100;
const MOST_LINES = 5000;

/** `/api/v1/agents…`: what there is, and what an operator does with it. */
export function agentRoutes(register: Register, context: AgentContext): void {
  register(ROUTES.list, (exchange) => list(context, exchange));
  register(ROUTES.get, ({ params }) => {
    const { collaborators } = running(context);
    return json(agentDetailJson(collaborators, findAgent(collaborators, params['id'] ?? '')));
  });
  register(ROUTES.logs, (exchange) => logs(running(context), exchange));
  register(ROUTES.order, async (exchange) => {
    const { template, count } = await readJson(exchange, AgentOrderBody);
    return json(await order(running(context), exchange, template, count));
  });
  register(ROUTES.remove, (exchange) => {
    const isForced = readQuery(exchange, ROUTES.remove).flag('force');
    return done(context, exchange, isForced ? 'deleted' : 'drained', (name, cause) =>
      (isForced ? killAgent : drainAgent)(running(context).collaborators, name, cause),
    );
  });
  register(ROUTES.drain, (exchange) =>
    done(context, exchange, 'drained', (name, cause) =>
      drainAgent(running(context).collaborators, name, cause),
    ),
  );
  register(ROUTES.release, (exchange) =>
    done(context, exchange, 'released', (name, cause) =>
      releaseAgent(running(context).collaborators, name, cause),
    ),
  );
  register(ROUTES.hold, async (exchange) => {
    const { seconds, reason } = (await readJsonIfAny(exchange, HoldBody)) ?? {};
    const why = (reason ?? '') === '' ? '' : `: ${reason}`;
    return done(context, exchange, 'held', (name, cause) =>
      holdAgent(running(context).collaborators, name, {
        seconds: seconds ?? null,
        cause: `${cause}${why}`,
      }),
    );
  });
}

/** Does something to an agent in somebody's name, and goes on with what follows from it. */
export async function done(
  context: AgentContext,
  exchange: Exchange,
  verb: string,
  act: (name: string, cause: string) => Promise<Agent>,
): Promise<Answer> {
  const { collaborators, loops } = running(context);
  const agent = await act(exchange.params['id'] ?? '', `${verb} by ${userOf(exchange, 'operate')}`);
  await loops.planNow();
  return json(agentJson(collaborators, agent));
}

/** Makes agents in somebody's name. */
export async function order(
  { collaborators, loops }: Running,
  exchange: Exchange,
  template: string,
  count: number,
): Promise<object> {
  const user = userOf(exchange, 'operate');
  const { made, refused } = await orderAgents(collaborators, template, count, user);
  await loops.planNow();
  return { made: made.map((agent) => agentJson(collaborators, agent)), refused };
}

function list(context: AgentContext, exchange: Exchange): Answer {
  const { collaborators } = running(context);
  const query = readQuery(exchange, ROUTES.list);
  const states = query.text('state')?.split(',') ?? null;
  const [template, host] = [query.text('template'), query.text('host')];
  const build = query.parsed('build', pathOf);
  const wantsHistory = query.flag('history');
  const found = collaborators.agents
    .all()
    .filter((agent) => wantsHistory || isPresent(agent))
    .filter((agent) => states === null || states.includes(agent.state))
    .filter((agent) => template === null || agent.template === template)
    .filter((agent) => host === null || agent.host === host)
    .filter((agent) => build === null || agent.build === build || agent.madeFor === build);
  return json({ agents: found.map((agent) => agentJson(collaborators, agent)) });
}

function pathOf(text: string): string {
  const path = buildPath(text);
  if (path !== null) return path;
  throw new GitbuilderError('REQUEST_INVALID', { reason: 'build: no URL or path of a build' });
}

async function logs({ collaborators }: Running, exchange: Exchange): Promise<Answer> {
  const lines = readQuery(exchange, ROUTES.logs).whole('lines', 1, MOST_LINES) ?? USUAL_LINES;
  const agent = findAgent(collaborators, exchange.params['id'] ?? '');
  const engine = collaborators.situation.host(agent.host)?.engine;
  if (agent.lastLog.length > 0 || agent.container === null || engine === undefined) {
    return text(agent.lastLog.slice(-lines));
  }
  const read = await engine.lastLines(agent.container, lines);
  if (read.ok) return text(read.value);
  if (read.failure.kind === 'absent') return text([]);
  const reason = `host ${agent.host ?? ''} does not tell: ${read.failure.reason}`;
  throw new GitbuilderError('AGENT_UPSTREAM', { reason });
}

function text(lines: readonly string[]): Answer {
  return { kind: 'text', body: lines.map((line) => `${line}\n`).join('') };
}
