import { BODY_REFUSED, HEALTH_ANSWERS } from './route-parts.ts';
import type { Method, Route } from './route.ts';

const UNKNOWN = { 404: 'there is none of this name' } as const;
const TOKEN = { Authorization: 'Bearer and the one-time token that was put into the container' };

function reading(path: string, summary: string, answer: string): Route {
  return { method: 'GET', path, summary, scope: null, answers: { 200: answer } };
}

function operation(method: Method, path: string, summary: string, answer: string): Route {
  const answers = {
    200: answer,
    ...BODY_REFUSED,
    ...UNKNOWN,
    409: 'not in its state; the answer says why',
  };
  return { method, path, summary, scope: 'operate', answers };
}

const AGENT = '/api/v1/agents/{id}';
const TEMPLATE = '/api/v1/templates/{template}';
const HOST = '/api/v1/hosts/{host}';
const HOLD = { 'application/json': 'HoldBody' };

/** Everything that the agent service answers. */
export const AGENT_ROUTES = {
  root: reading('/', 'What this service is', 'name, version and addresses, as JSON'),
  health: {
    method: 'GET',
    path: '/health/',
    summary: 'Is everything well with agents, Jenkins and the hosts?',
    scope: null,
    answers: HEALTH_ANSWERS,
  },
  plainHealth: {
    method: 'GET',
    path: '/_health/',
    summary: 'As /health/',
    scope: null,
    answers: HEALTH_ANSWERS,
  },
  openapi: reading('/api/v1/openapi.json', 'This description', 'OpenAPI 3.1'),
  metrics: reading('/metrics', 'Prometheus metrics', 'text'),
  agents: {
    list: {
      method: 'GET',
      path: '/api/v1/agents',
      summary: 'The agents there are, oldest first',
      scope: null,
      query: {
        state: 'only these; several with commas',
        template: 'only of this template',
        host: 'only on this host',
        build: 'only those that ran, or were made for, this build (URL or path)',
        history: '`1`: also those that are gone',
      },
      answers: { 200: '{"agents": [Agent]}', 400: 'an unknown parameter' },
    },
    get: {
      method: 'GET',
      path: AGENT,
      summary: 'One agent, by its id or the name of its node, with its journal',
      scope: null,
      answers: { 200: 'AgentDetail', ...UNKNOWN },
    },
    logs: {
      method: 'GET',
      path: `${AGENT}/logs`,
      summary: 'The last lines of its container; of a failed one, those that were kept',
      scope: 'operate',
      query: { lines: 'how many, at most 5000; without it 100' },
      answers: { 200: 'text', ...UNKNOWN, 502: 'the host does not answer', ...BODY_REFUSED },
    },
    order: {
      method: 'POST',
      path: '/api/v1/agents',
      summary: 'Make agents of a template, though no build waits',
      scope: 'operate',
      body: { 'application/json': 'AgentOrderBody' },
      answers: { 200: '{"made": [Agent], "refused": [reasons]}', ...BODY_REFUSED, ...UNKNOWN },
    },
    remove: {
      method: 'DELETE',
      path: AGENT,
      summary: 'Close it and delete it when it is idle',
      scope: 'operate',
      query: { force: '`1`: at once, even if a build runs on it' },
      answers: { 200: 'Agent', ...BODY_REFUSED, ...UNKNOWN },
    },
    drain: operation('POST', `${AGENT}/drain`, 'No new builds; deleted when it is idle', 'Agent'),
    hold: {
      ...operation('POST', `${AGENT}/hold`, 'No new builds, and kept for a look', 'Agent'),
      body: HOLD,
    },
    release: operation('POST', `${AGENT}/release`, 'Ends a hold: deleted when it is idle', 'Agent'),
  },
  demands: {
    list: reading('/api/v1/demands', 'The demands that are open', '{"demands": [Demand]}'),
    post: {
      method: 'POST',
      path: '/api/v1/demands',
      summary:
        'Somebody needs an agent with this label now. The same block of the same build is one demand, and renews it',
      scope: 'agent',
      query: { format: '`text`: only its id' },
      body: { 'application/json': 'DemandBody' },
      answers: { 200: 'Demand', ...BODY_REFUSED },
    },
    end: {
      method: 'DELETE',
      path: '/api/v1/demands/{id}',
      summary: 'Nobody waits any more; one that is not there has ended already',
      scope: 'agent',
      answers: { 204: 'ended', ...BODY_REFUSED },
    },
  },
  queue: reading(
    '/api/v1/queue',
    'Each item of Jenkins’ queue and each demand: its label, its template, or why it has none',
    'as JSON; for an item that nothing matches, the nearest templates and what they lack',
  ),
  templates: {
    list: reading(
      '/api/v1/templates',
      'The templates, their agents, brakes and problems',
      'as JSON',
    ),
    drain: operation('POST', `${TEMPLATE}/drain`, 'Nothing new of it; idle ones go', 'Template'),
    resume: operation('POST', `${TEMPLATE}/resume`, 'Takes a drain back', 'Template'),
    retry: operation(
      'POST',
      `${TEMPLATE}/retry`,
      'Forgets its failures, and tries at once',
      'Template',
    ),
  },
  hosts: {
    list: reading('/api/v1/hosts', 'The hosts, what they have and whether they answer', 'as JSON'),
    drain: operation('POST', `${HOST}/drain`, 'Nothing new on it; idle ones go', 'Host'),
    resume: operation('POST', `${HOST}/resume`, 'Takes a drain back', 'Host'),
    removeCache: operation(
      'DELETE',
      `${HOST}/caches/{cache}`,
      'Removes a cache that no agent has',
      'Cache',
    ),
  },
  caches: {
    list: {
      method: 'GET',
      path: '/api/v1/caches',
      summary:
        'The cache volumes of every host; the engines count their bytes, which may take long',
      scope: 'operate',
      answers: { 200: '{"caches": [Cache], "silent": [{"host", "reason"}]}', ...BODY_REFUSED },
    },
    prune: {
      method: 'POST',
      path: '/api/v1/caches/prune',
      summary: 'Removes now what is beyond the limits of its host (`cacheDays`, `cacheBytes`)',
      scope: 'operate',
      answers: { 200: '{"pruned": [PrunedCache]}', ...BODY_REFUSED },
    },
  },
  events: {
    method: 'GET',
    path: '/api/v1/events',
    summary: 'Every step of every agent, from now on or after an event (server-sent events)',
    scope: null,
    query: { last_event_id: 'as the header Last-Event-ID' },
    headers: {
      'Last-Event-ID': 'go on after this one; `resync` says that it is not known any more',
    },
    answers: { 200: 'text/event-stream of `agent` events', 429: 'too many are open' },
  },
  setup: {
    list: reading(
      '/setup/',
      'Names of the templates, as Prado lists its playbooks',
      '{"playbooks": [names]}',
    ),
    script: {
      method: 'GET',
      path: '/setup/{node}/',
      summary: 'The script that makes an agent of the container that asks; once',
      scope: null,
      headers: TOKEN,
      answers: { 200: 'a POSIX shell script', 401: 'not this token, or not any more' },
    },
    build: {
      method: 'GET',
      path: '/build/{node}/',
      summary: 'Files and script of its template; once',
      scope: null,
      headers: TOKEN,
      answers: { 200: 'tar.gz', 401: 'not this token, or not any more' },
    },
    jar: {
      method: 'GET',
      path: '/agent.jar',
      summary: 'agent.jar of the controller, kept here; once',
      scope: null,
      headers: TOKEN,
      answers: { 200: 'a jar', 401: 'not this token, or not any more', 502: 'Jenkins is away' },
    },
  },
  mita: {
    list: reading('/api/nodes/', 'As /api/v1/agents', '{"agents": [Agent]}'),
    order: {
      method: 'POST',
      path: '/api/nodes/',
      summary: 'As Mita: `count` agents of the template `name`; says what was made',
      scope: 'operate',
      body: { 'application/json': 'MitaOrderBody' },
      answers: { 200: '{"made": [Agent], "refused": [reasons]}', ...BODY_REFUSED, ...UNKNOWN },
    },
    get: {
      method: 'GET',
      path: '/api/nodes/{id}/',
      summary: 'As /api/v1/agents/{id}',
      scope: null,
      answers: { 200: 'AgentDetail', ...UNKNOWN },
    },
    active: operation('POST', '/api/nodes/{id}/active', 'As Mita; Jenkins itself tells', 'Agent'),
    idle: operation('POST', '/api/nodes/{id}/idle', 'As Mita; Jenkins itself tells', 'Agent'),
    delete: {
      ...operation(
        'POST',
        '/api/nodes/{id}/delete',
        'As Mita: close it, delete it when idle',
        'Agent',
      ),
      body: { 'application/json': 'MitaDeleteBody' },
    },
  },
} as const satisfies Record<string, Route | Record<string, Route>>;
