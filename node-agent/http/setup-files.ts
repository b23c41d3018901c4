import type { IncomingMessage } from 'node:http';
import { GitbuilderError } from '../../services/domain/errors.ts';
import type { Answer } from '../../services/platform/answer.ts';
import type { TokenPurpose } from '../setup-tokens.ts';
import type { Agent } from '../rules/agent.ts';
import { renderBootstrap } from '../rules/bootstrap.ts';
import type { Running } from './agent-context.ts';

const SCRIPT = /^\/(setup|build)\/([^/?]+)\/?(?:\?.*)?$/;
const JAR = /^\/agent\.jar(?:\?.*)?$/;

/**
 * Prado's part: what a new container fetches with the one-time token that was put into it. Null for
 * everything else. Who holds such a token needs no user, even where nobody reads without one.
 */
export function setupFile(
  running: Running | null,
  request: IncomingMessage,
): Answer | Promise<Answer> | null {
  const { method, url = '' } = request;
  if (method !== 'GET') return null;
  const [, kind, node] = SCRIPT.exec(url) ?? [];
  if (running === null || (kind === undefined && !JAR.test(url))) return null;
  if (kind === undefined) return jar(running, request);
  return kind === 'setup'
    ? script(running, request, node ?? '')
    : build(running, request, node ?? '');
}

function script(running: Running, request: IncomingMessage, node: string): Answer {
  const { tokens, reach, situation } = running.collaborators;
  const agent = redeem(running, request, 'setup', node);
  const template = situation.template(agent.template);
  if (template === undefined || agent.host === null) throw new GitbuilderError('AGENT_TOKEN');
  const body = renderBootstrap({
    node: agent.node,
    template,
    ...reach(agent.host),
    jarToken: tokens.issue(agent.id, 'jar'),
    buildToken: tokens.issue(agent.id, 'build'),
  });
  return { kind: 'text', body, type: 'text/x-shellscript; charset=utf-8', headers: NEVER_KEPT };
}

async function build(running: Running, request: IncomingMessage, node: string): Promise<Answer> {
  const agent = redeem(running, request, 'build', node);
  return bytes(await running.archive(agent.template), 'application/gzip');
}

async function jar(running: Running, request: IncomingMessage): Promise<Answer> {
  redeem(running, request, 'jar', null);
  const fetched = await running.jar.get(running.collaborators.situation.jenkins.version);
  if (fetched.ok) return bytes(fetched.value.bytes, 'application/java-archive');
  const reason = `cannot fetch agent.jar from Jenkins: ${fetched.failure.reason}`;
  throw new GitbuilderError('AGENT_UPSTREAM', { reason });
}

/** The agent whose token it is; the node in the path must be its own. */
function redeem(
  { collaborators }: Running,
  request: IncomingMessage,
  purpose: TokenPurpose,
  node: string | null,
): Agent {
  const [, token = ''] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const id = collaborators.tokens.redeem(token, purpose);
  const agent = id === null ? undefined : collaborators.agents.get(id);
  if (agent === undefined || (node !== null && decoded(node) !== agent.node)) {
    throw new GitbuilderError('AGENT_TOKEN');
  }
  return agent;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

const NEVER_KEPT = { 'Cache-Control': 'no-store' };

function bytes(body: Uint8Array, type: string): Answer {
  return { kind: 'bytes', body, type, headers: NEVER_KEPT };
}
