import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Command } from 'commander';
import { makeMetrics } from '../../services/platform/metrics.ts';
import t from 'tap';
import type { Test } from 'tap';
import { AgentJarCache } from '../../node-agent/agent-jar-cache.ts';
import { agentProblems } from '../../node-agent/agent-problems.ts';
import { buildArchive } from '../../node-agent/docker/file-archive.ts';
import { agentApp } from '../../node-agent/http/agent-app.ts';
import { agentJson } from '../../node-agent/http/agent-json.ts';
import { agentMetrics } from '../../node-agent/http/agent-metrics.ts';
import { AgentStreams } from '../../node-agent/http/agent-streams.ts';
import { startAgents } from '../../node-agent/main.ts';
import { provisionFiles } from '../../node-agent/rules/provision-files.ts';
import { systemClock } from '../../services/adapters/system-clock.ts';
import { agentsCommands } from '../../services/cli/agents.ts';
import { authenticator } from '../../services/platform/auth.ts';
import { parseConfiguration } from '../../services/platform/configuration.ts';
import { trustedProxies } from '../../services/platform/forwarded.ts';
import { HeldRequests } from '../../services/platform/held-requests.ts';
import { listen } from '../../services/platform/http-server.ts';
import { hashKey } from '../../services/platform/keys.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { startAgentService } from '../fixtures/agent-service.ts';
import type { AgentService } from '../fixtures/agent-service.ts';
import { listenTo } from '../fixtures/event-reader.ts';

const KEYS = { op: 'operating', step: 'stepping' };
const as = (user: keyof typeof KEYS) => ({
  authorization: `Basic ${Buffer.from(`${user}:${KEYS[user]}`).toString('base64')}`,
});

/** The real listener on the use cases of a test; without one, as a service that stands by. */
async function serve(t: Test, service: AgentService | null, anonymous: 'read' | 'none' = 'read') {
  const metrics = makeMetrics();
  const { watch } = agentMetrics(metrics);
  const held = new HeldRequests({ perAddress: 2, total: 10, section: 'agents' });
  t.teardown(() => held.close());
  const parts = service === null ? null : runningParts(service);
  if (service !== null) watch(service.collaborators);
  const server = await listen(
    agentApp({
      context: {
        agents: parts,
        held,
        addressOf: () => 'here',
        version: '1',
        problems: () =>
          service === null ? [] : agentProblems(service.collaborators, service.loops),
        warnings: () => [],
      },
      authenticate: authenticator([
        { name: 'op', keyHash: hashKey(KEYS.op), scopes: ['operate'] },
        { name: 'step', keyHash: hashKey(KEYS.step), scopes: ['agent'] },
      ]),
      anonymous,
      trusted: trustedProxies([]),
      publicUrl: null,
      log: { error: (fields) => t.fail(JSON.stringify(fields)) },
      audit: { add: () => undefined },
      metrics,
    }),
    { host: '127.0.0.1', port: 0 },
  );
  t.teardown(() => server.stop(100));
  const ask = (method: string, path: string, body?: object, headers = {}) =>
    fetch(new URL(path, server.url), {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    url: server.url,
    ask,
    get: async (path: string) => (await ask('GET', path)).json(),
    operate: async (method: string, path: string, body?: object) => {
      const answer = await ask(method, path, body, as('op'));
      return { status: answer.status, body: await answer.json() };
    },
  };
}

function runningParts(service: AgentService) {
  const { collaborators, loops } = service;
  const { agents, clock, jenkins, situation } = collaborators;
  return {
    collaborators,
    loops,
    streams: new AgentStreams(agents, clock, (agent) => agentJson(collaborators, agent)),
    jar: new AgentJarCache(jenkins),
    archive: (name: string) => {
      const template = situation.template(name);
      return buildArchive(template === undefined ? [] : provisionFiles(template.provision));
    },
  };
}

const TEMPLATES = {
  noble: {
    labels: ['noble', 'x86_64'],
    minIdle: 1,
    uses: 'unlimited',
    provision: { files: [{ path: '/etc/motd', content: 'hello\n', mode: '0644' }] },
  },
  jammy: { labels: ['jammy', 'x86_64'] },
} as const;

async function stage(t: Test) {
  const templates = structuredClone(TEMPLATES) as unknown as Parameters<
    typeof startAgentService
  >[1]['templates'];
  const service = await startAgentService(t, { templates });
  const http = await serve(t, service);
  await service.poll(2);
  await service.until(() => service.agents().length > 0);
  const settle = async () => {
    while (service.agents()[0]?.state !== 'idle') await service.poll();
  };
  return { service, http, settle };
}

t.test('agents are listed, shown, ordered and let go', async (t) => {
  const { service, http, settle } = await stage(t);
  await settle();
  const [agent] = service.agents();
  const id = agent?.id ?? '';
  t.match(await http.get('api/v1/agents?state=idle,busy&template=noble&host=here'), {
    agents: [{ id, state: 'idle', template: 'noble', frozen: false }],
  });
  t.match(await http.get('api/v1/agents?build=job/x/1/'), { agents: [] });
  t.equal((await http.ask('GET', 'api/v1/agents?stat=idle')).status, 400, 'no such parameter');
  t.match(await http.get(`api/v1/agents/${agent?.node ?? ''}`), {
    id,
    journal: [{ state: 'requested' }],
    phases: { requested: String },
  });
  t.equal((await http.ask('GET', 'api/v1/agents/none')).status, 404);
  for (const [method, path] of [
    ['POST', `api/v1/agents/${id}/drain`],
    ['DELETE', `api/v1/agents/${id}`],
    ['POST', 'api/v1/agents'],
    ['POST', 'api/nodes/'],
    ['GET', `api/v1/agents/${id}/logs`],
    ['POST', 'api/v1/templates/noble/drain'],
    ['POST', 'api/v1/hosts/here/drain'],
  ] as const) {
    t.equal((await http.ask(method, path)).status, 401, `${method} ${path} without a key`);
    t.equal(
      (await http.ask(method, path, undefined, as('step'))).status,
      403,
      'with another scope',
    );
  }
  t.equal(
    (await http.ask('GET', `api/v1/agents/${id}/logs?lines=5`, undefined, as('op'))).status,
    200,
  );
  t.match(await http.operate('POST', 'api/v1/agents', { template: 'jammy', count: 2 }), {
    status: 200,
    body: { made: [{ template: 'jammy' }, { template: 'jammy' }], refused: [] },
  });
  t.match(await http.operate('POST', 'api/v1/agents', { template: 'none' }), { status: 404 });
  t.match(await http.operate('POST', 'api/v1/agents', { template: 'noble', count: 0 }), {
    status: 400,
  });
  t.match(await http.operate('POST', `api/v1/agents/${id}/hold`, { seconds: 60, reason: 'look' }), {
    body: { state: 'held', cause: 'held by op: look', held_until: String },
  });
  const until = (agent: unknown) => Date.parse((agent as { held_until: string }).held_until);
  const hold = async (body: ReadableStream | null) => {
    const options = { method: 'POST', headers: as('op'), body, duplex: 'half' } as const;
    const answer = await fetch(new URL(`api/v1/agents/${id}/hold`, http.url), options);
    return until(await answer.json()) - service.clock.now().getTime();
  };
  t.equal(await hold(null), 3_600_000);
  t.equal(await hold(new Blob(['{"seconds":600}']).stream()), 600_000, 'a body in chunks');
  t.match(await http.operate('POST', `api/v1/agents/${id}/release`), {
    body: { state: 'draining' },
  });
  t.match(await http.operate('POST', `api/v1/agents/${id}/release`), {
    status: 409,
    body: { code: 'AGENT_STATE' },
  });
  t.match(await http.operate('DELETE', `api/v1/agents/${id}?force=1`), { status: 200 });
  await service.until(() => service.collaborators.agents.get(id)?.state === 'gone');
  t.match(await http.get('api/v1/agents?history=1'), { agents: [{ id, state: 'gone' }, {}, {}] });
});

t.test('demands: one for each block, with an end, and why they have no agent', async (t) => {
  const { service, http } = await stage(t);
  const post = (body: object, query = '') =>
    http.ask('POST', `api/v1/demands${query}`, body, as('step'));
  const body = { label: 'jammy', build_url: `${service.jenkins.url}job/p/3/`, block: 'b' };
  const first = (await (await post(body)).json()) as { id: string };
  t.match(await (await post(body)).json(), { id: first.id, build: 'job/p/3/' }, 'the same one');
  t.equal(await (await post(body, '?format=text')).text(), `${first.id}\n`);
  t.match(await (await post({ label: 'noble&&huge' })).json(), { build: null });
  for (const bad of [
    {},
    { label: 'a b' },
    { label: '&&' },
    { label: 'x', build_url: 'http://elsewhere/' },
    { label: 'x', ttl: -1 },
    { label: 5 },
  ]) {
    t.equal((await post(bad)).status, 400, JSON.stringify(bad));
  }
  t.equal((await http.ask('POST', 'api/v1/demands', body, as('op'))).status, 403);
  await service.poll();
  t.match(await http.get('api/v1/queue'), {
    paused: null,
    demands: [
      { unmatched: { nearest: [{ template: 'noble', failing: ['huge'] }, {}] } },
      { id: first.id, template: 'jammy', unmatched: null },
    ],
  });
  t.match(await http.get('api/v1/demands'), { demands: [{}, {}] });
  t.equal(
    (await http.ask('DELETE', `api/v1/demands/${first.id}`, undefined, as('step'))).status,
    204,
  );
  t.equal(
    (await http.ask('DELETE', `api/v1/demands/${first.id}`, undefined, as('step'))).status,
    204,
  );
  await service.poll(1, 3600);
  t.match(await http.get('api/v1/demands'), { demands: [] }, 'the other one has expired');
});

t.test('a demand is taken although what follows from it cannot be saved', async (t) => {
  const { service, http } = await stage(t);
  // As a disk that was full for a moment.
  const records = join(service.folder, 'records');
  renameSync(records, `${records}-away`);
  const answer = await http.ask('POST', 'api/v1/demands', { label: 'jammy' }, as('step'));
  t.equal(answer.status, 200);
  const said = () => service.log.lines.some(({ level }) => level === 'error');
  await service.until(said);
  renameSync(`${records}-away`, records);
  await service.poll();
  await service.until(() => service.agents().some(({ template }) => template === 'jammy'));
});

t.test('templates and hosts are drained and resumed', async (t) => {
  const { service, http, settle } = await stage(t);
  await settle();
  t.match(await http.get('api/v1/templates'), {
    templates: [{ name: 'noble', drained: false, brake: null, states: { idle: 1 } }, {}],
    problems: [],
  });
  t.match(await http.operate('POST', 'api/v1/templates/noble/drain'), { body: { drained: true } });
  await service.poll(4);
  await service.until(() => service.agents().length === 0);
  t.match(await http.operate('POST', 'api/v1/templates/noble/resume'), {
    body: { drained: false },
  });
  t.match(await http.operate('POST', 'api/v1/templates/noble/retry'), { body: { brake: null } });
  t.match(await http.operate('POST', 'api/v1/templates/none/drain'), { status: 404 });
  t.match(await http.operate('POST', 'api/v1/hosts/here/drain'), { body: { drained: true } });
  t.match(await http.get('api/v1/hosts'), { hosts: [{ name: 'here', drained: true, away: null }] });
  t.match(await http.operate('POST', 'api/v1/hosts/here/resume'), { body: { drained: false } });
  t.match(await http.operate('POST', 'api/v1/hosts/none/drain'), { status: 404 });
});

t.test('caches are told, pruned and thrown away', async (t) => {
  const { service, http } = await stage(t);
  const cache = (name: string, isInUse: boolean) => {
    const created = '2020-01-01T00:00:00.000Z';
    return { volume: `gitbuilder-svc-${name}`, bytes: 5, created, isInUse };
  };
  service.engine.volumes = [cache('ccache', false), cache('pip', true)];
  for (const [method, path] of [
    ['GET', 'api/v1/caches'],
    ['POST', 'api/v1/caches/prune'],
    ['DELETE', 'api/v1/hosts/here/caches/ccache'],
  ] as const) {
    t.equal((await http.ask(method, path)).status, 401, `${method} ${path} without a key`);
  }
  t.match(await http.operate('GET', 'api/v1/caches'), {
    body: {
      caches: [{ host: 'here', name: 'ccache', in_use: false }, { in_use: true }],
      silent: [],
    },
  });
  t.match(await http.operate('DELETE', 'api/v1/hosts/here/caches/pip'), {
    status: 409,
    body: { code: 'CACHE_IN_USE' },
  });
  t.match(await http.operate('DELETE', 'api/v1/hosts/here/caches/none'), { status: 404 });
  t.match(await http.operate('POST', 'api/v1/caches/prune'), {
    status: 200,
    body: { pruned: [{ host: 'here', name: 'ccache', left: null, cause: /30 days/ }] },
  });
  service.engine.volumes = [cache('pip', false)];
  t.match(await http.operate('DELETE', 'api/v1/hosts/here/caches/pip'), { body: { name: 'pip' } });
  t.match(await http.operate('GET', 'api/v1/caches'), { body: { caches: [] } });
});

t.test('tokens open one thing, once', async (t) => {
  const { service, http } = await stage(t);
  const [agent] = service.agents();
  const { tokens } = service.collaborators;
  const node = agent?.node ?? '';
  const id = agent?.id ?? '';
  const fetchWith = (path: string, token: string) =>
    http.ask('GET', path, undefined, { authorization: `Bearer ${token}` });
  const setup = tokens.issue(id, 'setup');
  t.equal((await fetchWith(`build/${node}/`, setup)).status, 401, 'for something else');
  const script = await fetchWith(`setup/${node}/`, setup);
  t.equal(script.status, 200);
  t.match(await script.text(), new RegExp(node));
  t.equal((await fetchWith(`setup/${node}/`, setup)).status, 401, 'used');
  t.equal((await fetchWith('setup/other-node/', tokens.issue(id, 'setup'))).status, 401);
  t.equal(
    (await http.ask('GET', `setup/${node}/`, undefined, as('op'))).status,
    401,
    'no user can',
  );
  const archive = await fetchWith(`build/${node}/`, tokens.issue(id, 'build'));
  t.match(gunzipSync(Buffer.from(await archive.arrayBuffer())).toString(), /etc\/motd[^]*hello/);
  const old = tokens.issue(id, 'jar');
  service.clock.advance(3_600_000);
  t.equal((await fetchWith('agent.jar', old)).status, 401, 'too old');
  t.equal((await fetchWith('agent.jar', tokens.issue(id, 'jar'))).status, 502, 'Jenkins has none');
  t.match(await http.get('setup/'), { playbooks: ['noble', 'jammy'] });
  const closed = await serve(t, service, 'none');
  const again = tokens.issue(id, 'setup');
  const answer = await closed.ask('GET', `setup/${node}/`, undefined, {
    authorization: `Bearer ${again}`,
  });
  t.equal(answer.status, 200, 'also where nobody reads without a key');
  t.equal((await closed.ask('GET', 'api/v1/agents')).status, 401);
});

t.test('every step is told as it happens', async (t) => {
  const { service, http } = await stage(t);
  const stream = await listenTo(t, `${http.url}api/v1/events`);
  t.equal(stream.response.headers.get('content-type'), 'text/event-stream');
  await http.operate('POST', 'api/v1/agents', { template: 'jammy' });
  const first = await stream.next();
  t.match(first, { event: 'agent', data: { template: 'jammy', state: 'requested', was: null } });
  const second = await stream.next();
  t.match(second.data, { state: 'creating', was: 'requested' });
  const later = await listenTo(t, `${http.url}api/v1/events`, { 'last-event-id': first.id ?? '' });
  t.match((await later.next()).data, { state: 'creating' });
  const third = await http.ask('GET', 'api/v1/events');
  t.equal(third.status, 429, 'no more than so many from one address');
  t.match(await third.json(), { advice: /agents\.heldPerAddress/ });
  later.close();
  stream.close();
  await service.until(() => true);
  for (let held = true; held;) {
    const lost = await listenTo(t, `${http.url}api/v1/events?last_event_id=5`);
    held = lost.response.status === 429;
    if (!held) t.match(await lost.next(), { event: 'resync' });
    lost.close();
  }
});

t.test('Mita’s paths, health, metrics and the description', async (t) => {
  const { service, http } = await stage(t);
  t.match(await http.operate('POST', 'api/nodes/', { name: 'jammy', count: 1, labels: ['x'] }), {
    body: { made: [{ template: 'jammy' }] },
  });
  const [agent] = service.agents();
  const id = agent?.id ?? '';
  t.match(await http.get('api/nodes/'), { agents: [{ id }, {}] });
  t.match(await http.get(`api/nodes/${id}/`), { id });
  t.match(await http.operate('POST', `api/nodes/${id}/active`), { status: 200 });
  t.match(await http.operate('POST', `api/nodes/${id}/idle`), { status: 200 });
  t.match(await http.operate('POST', `api/nodes/${id}/delete`, { delay: 5 }), { status: 200 });
  t.equal((await http.ask('GET', 'health/')).status, 204);
  service.engine.awayReason = 'no answer';
  await service.loops.reconcileNow();
  const ill = await http.ask('GET', 'health/', undefined, { accept: 'application/json' });
  t.equal(ill.status, 500);
  t.match(await ill.json(), {
    healthy: false,
    problems: [/^host here does not answer since .*no answer/],
  });
  service.engine.awayReason = null;
  const metrics = await (await http.ask('GET', 'metrics')).text();
  for (const name of [
    'gitbuilder_agents{',
    'gitbuilder_agents_host_up{host="here"} 0',
    'gitbuilder_agents_jenkins_up 1',
  ]) {
    t.ok(metrics.includes(name), name);
  }
  const document = (await http.get('api/v1/openapi.json')) as Record<string, unknown>;
  const { valid, errors } = await new Validator().validate({ ...document });
  t.equal(valid, true, JSON.stringify(errors));
  t.match(await http.get('/'), { service: 'agents' });
});

t.test('without a Jenkins the service stands by', async (t) => {
  const http = await serve(t, null);
  t.equal((await http.ask('GET', 'health/')).status, 204);
  for (const path of ['api/v1/agents', 'api/v1/queue', 'api/v1/hosts', 'api/nodes/']) {
    const answer = await http.ask('GET', path);
    t.equal(answer.status, 503, path);
    t.match(await answer.json(), { code: 'AGENTS_STAND_BY' });
  }
  t.match(await http.get('setup/'), { playbooks: [] });
});

t.test('a start that fails says what is wrong, and leaves nothing that listens', async (t) => {
  const folder = t.testdir({ token: 'x' });
  // Free a moment ago.
  const other = await listen(() => undefined, { host: '127.0.0.1', port: 0 });
  await other.stop(0);
  const text = `
data: data
agents:
  listen: ${new URL(other.url).host}
  jenkins: { url: 'http://127.0.0.1:1/', user: ci, tokenFile: token }
  registries: [{ host: 'reg.example.org:5000', user: ci, passwordFile: absent }]
`;
  const configuration = parseConfiguration(text, join(folder, 'gitbuilder.yaml'));
  const { users } = configuration;
  const service = { configuration, users, clock: systemClock, log: new RecordingLog() };
  for (let start = 1; start <= 2; start += 1)
    await t.rejects(startAgents({ ...service, version: '1' }), {
      message: /^agents\.registries: reg\.example\.org:5000: no password: ENOENT.*absent/,
    });
  await t.rejects(fetch(other.url));
});

t.test('the command line shows and does the same', async (t) => {
  const { service, http, settle } = await stage(t);
  await settle();
  const key = join(service.folder, 'key');
  writeFileSync(key, `op:${KEYS.op}\n`);
  const run = async (...words: string[]) => {
    let said = '';
    let failed = false;
    const program = new Command().exitOverride();
    const output = { write: (text: string) => (said += text) };
    agentsCommands(program, {
      env: { GITBUILDER_KEY_FILE: key },
      output,
      fail: () => (failed = true),
    });
    await program.parseAsync(words, { from: 'user' });
    return { said, failed };
  };
  const [agent] = service.agents();
  const node = agent?.node ?? '';
  const to = ['--agents', http.url];
  t.match((await run('list', ...to)).said, new RegExp(`^NODE +STATE[^]*${node} +idle`));
  t.match(JSON.parse((await run('list', '--json', ...to)).said), { agents: [{ node }] });
  t.match((await run('show', node, ...to)).said, /connected +\+\d+\.\d{3} s[^]*requested/);
  t.equal((await run('logs', node, ...to)).failed, false);
  t.equal((await run('queue', ...to)).said, 'nothing waits for an agent\n');
  service.jenkins.enqueue({ name: 'pl', blocks: [{ label: 'jammy && huge' }] });
  const order = { label: 'jammy', build_url: 'job/x/1/', block: 'b' };
  await http.ask('POST', 'api/v1/demands', order, as('step'));
  await service.poll();
  const { said } = await run('queue', ...to);
  t.match(said, /^ITEM +BUILD +LABEL[^]*\n\d+ +job\/pl\/1\/ +jammy&&huge +- .*jammy lacks huge/);
  t.match(said, /\ndemand +job\/x\/1\/ +jammy +jammy +served by its template\n/);
  t.match(JSON.parse((await run('queue', '--json', ...to)).said), {
    items: [{}],
    demands: [{}],
  });
  t.match((await run('hold', node, '--seconds', '60', ...to)).said, /held/);
  t.match((await run('release', node, ...to)).said, /draining/);
  t.match((await run('drain', node, ...to)).said, /draining/);
  t.match((await run('retry', 'noble', ...to)).said, /tried again/);
  await t.rejects(run('show', 'none', ...to), /does not exist/);
  t.match(
    (await run('templates', 'list', ...to)).said,
    /^TEMPLATE[^]*\nnoble +\S+ +[^]*\njammy +image +1 \w+ +-\n$/,
  );
  t.match((await run('hosts', 'list', ...to)).said, /^HOST[^]*\nhere +docker +x86_64, 2 proc/);
  t.equal(
    (await run('templates', 'drain', 'noble', 'jammy', ...to)).said,
    'template noble is drained\ntemplate jammy is drained\n',
  );
  t.match((await run('templates', 'list', ...to)).said, /noble .* drained\n/);
  t.equal(
    (await run('templates', 'resume', '--all', ...to)).said,
    'template noble takes new agents\ntemplate jammy takes new agents\n',
  );
  t.match(JSON.parse((await run('hosts', 'drain', '--all', '--json', ...to)).said), [
    { name: 'here', drained: true, states: {} },
  ]);
  t.match((await run('hosts', 'list', ...to)).said, /here .* drained\n/);
  t.equal((await run('hosts', 'resume', 'here', ...to)).said, 'host here takes new agents\n');
  await t.rejects(run('hosts', 'drain', ...to), /name the hosts to drain, or say --all/);
  await t.rejects(run('hosts', 'drain', 'here', '--all', ...to), /name the hosts/);
  await t.rejects(run('hosts', 'drain', 'none', ...to), /does not exist/);
  t.equal((await run('caches', 'list', ...to)).said, 'no caches\n');
  t.equal((await run('caches', 'prune', ...to)).said, 'every cache is within its limits\n');
  const created = '2020-01-01T00:00:00.000Z';
  service.engine.volumes = [
    { volume: 'gitbuilder-svc-ccache', bytes: 2 ** 30, created, isInUse: false },
  ];
  t.match((await run('caches', 'list', ...to)).said, /here +ccache +1.1 GB +\d+ d ago/);
  t.equal(
    (await run('caches', 'remove', 'here', 'ccache', ...to)).said,
    'ccache of here is removed\n',
  );
  service.engine.volumes = [
    { volume: 'gitbuilder-svc-ccache', bytes: null, created, isInUse: false },
  ];
  t.match((await run('caches', 'prune', ...to)).said, /^removed +here +ccache +- +nobody used it/);
  const templates = join(service.folder, 't.yaml');
  await t.rejects(run('lint', join(service.folder, 'none')), /none does not exist: name a file/);
  writeFileSync(templates, 'a: { image: x, labels: [l], nonsense: 1 }\n');
  t.match(await run('lint', templates), { said: /^t\.yaml:1: a\.nonsense: unknown/, failed: true });
  writeFileSync(templates, 'a: { image: x, labels: [l] }\n');
  t.match(await run('lint', templates), { said: '1 template is fine: a\n', failed: false });
});
