import { createServer, request as plainRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import { jenkinsApi } from '../../node-agent/jenkins/jenkins-api.ts';
import type { JenkinsApi } from '../../node-agent/ports.ts';
import type { NewNode } from '../../node-agent/rules/jenkins-facts.ts';
import type { FakeJenkins, FakeJenkinsOptions, Fault } from '../fakes/jenkins/fake-jenkins.ts';
import { tokenOf } from '../fakes/jenkins/users.ts';
import { connectAgent, startJenkins } from '../fixtures/jenkins.ts';

/* JenkinsApi against the controller that behaves as recorded. */

/** Where a call must run out of time; all others have enough. */
const IMPATIENT = 200;
const PATIENT = 60_000;

interface Spoken {
  readonly api: JenkinsApi;
  readonly jenkins: FakeJenkins;
  readonly clock: Awaited<ReturnType<typeof startJenkins>>['clock'];
  readonly givenUp: AbortController;
  readonly as: (user: string, token?: string, wait?: number) => JenkinsApi;
}

async function speak(t: Test, options: Partial<FakeJenkinsOptions> = {}): Promise<Spoken> {
  const { jenkins, clock } = await startJenkins(t, options);
  const givenUp = new AbortController();
  t.teardown(() => givenUp.abort());
  const as = (user: string, token = tokenOf(user), wait = PATIENT) =>
    jenkinsApi({
      ...{ url: jenkins.url, user, token, clock, signal: givenUp.signal },
      timeoutMilliseconds: wait,
    });
  return { api: as('operator'), jenkins, clock, givenUp, as };
}

const someNode = (name: string): NewNode => ({
  ...{ name, description: 'of gitbuilder <x> & "y"', remoteFs: '/home/jenkins/agent' },
  labels: ['jammy', 'my label', 'x86_64'],
});

t.test('the queue, newest first, with what each item is', async (t) => {
  const { api, jenkins } = await speak(t);
  jenkins.addNode({ name: 'anchor' });
  jenkins.enqueue({ name: 'fold/fs', label: 'a && b' });
  jenkins.enqueue({ name: 'fold/pl', blocks: [{ label: 'jammy' }] });
  jenkins.enqueue({ name: 'slow', blocks: [{ label: 'x' }] }, { quietMilliseconds: 60_000 });
  const heard = await api.queue();
  t.match(heard, {
    ok: true,
    value: {
      ...{ session: jenkins.session, version: '2.462.3' },
      value: [
        {
          ...{ id: 4, kind: 'waiting', why: 'In the quiet period. Expires in 1 min 0 sec' },
          task: { kind: 'pipeline', name: 'slow', path: 'job/slow/', labelExpression: null },
        },
        {
          ...{ id: 3, kind: 'buildable', why: 'There are no nodes with the label ‘jammy’' },
          ...{ stuck: true, pending: false },
          task: {
            ...{ kind: 'block', name: 'part of fold » pl #1', path: 'job/fold/job/pl/1/' },
            labelExpression: null,
          },
        },
        {
          ...{ id: 1, kind: 'buildable' },
          task: {
            ...{ kind: 'project', name: 'fold » fs', path: 'job/fold/job/fs/' },
            labelExpression: 'a && b',
          },
        },
      ],
    },
  });
  t.equal(heard.ok && heard.value.value.length, 3);
});

t.test('computers, the built-in one among them, and what runs on them', async (t) => {
  const { api, jenkins, clock, as } = await speak(t);
  jenkins.addNode({ name: 'n1', labelString: 'jammy "my label"', description: 'ours' });
  await connectAgent(t, jenkins, 'n1');
  clock.advance(1000);
  jenkins.enqueue({ name: 'pl', blocks: [{ label: 'jammy' }] });
  t.match(await api.computers(), {
    ok: true,
    value: {
      ...{ session: jenkins.session, version: '2.462.3' },
      value: [
        { isBuiltIn: true, executors: 0, builds: ['job/pl/1/'], idle: false },
        {
          ...{ name: 'n1', isBuiltIn: false, description: 'ours', offline: false, idle: false },
          ...{ executors: 1, labels: ['jammy', 'my label'], builds: ['job/pl/1/'] },
          ...{ temporarilyOffline: false, offlineReason: '' },
        },
      ],
    },
  });
  t.match(await as('reader').computers(), {
    value: { value: [{}, { name: 'n1', idle: false, builds: [] }] },
  });
});

t.test('a node: created, closed, opened, deleted, by form and by XML', async (t) => {
  for (const version of ['2.462.3', '2.539']) {
    const { api, jenkins, as } = await speak(t, { version });
    // The version is known from the first reading on.
    await api.computers();
    t.same(await api.createNode(someNode('a-1')), { ok: true, value: undefined }, version);
    t.match(
      jenkins.world.nodes.get('a-1'),
      {
        ...{ description: 'of gitbuilder <x> & "y"', remoteFS: '/home/jenkins/agent' },
        ...{ numExecutors: 1, mode: 'EXCLUSIVE', labelString: 'jammy "my label" x86_64' },
        ...{ webSocket: true, workDir: true },
        retention: 'hudson.slaves.RetentionStrategy$Always',
      },
      version,
    );
    const used = jenkins.asked.at(-1)?.url.replace(/\?.*/, '');
    t.equal(used, version === '2.539' ? '/computer/createItem' : '/computer/doCreateItem');
    t.match(await api.createNode(someNode('a-1')), { failure: { kind: 'name-taken' } });
    t.match(await api.createNode(someNode('a/1')), {
      failure: { kind: 'refused', reason: /\/ is an unsafe character/ },
    });
    t.match(await as('viewer').createNode(someNode('a-2')), {
      failure: { kind: 'forbidden', permission: 'hudson.model.Computer.Create' },
    });
  }
  const { api, jenkins, as } = await speak(t);
  const offline = () => jenkins.world.computers.get('a-1')?.temporarilyOffline;
  for (let twice = 0; twice < 2; twice += 1) {
    await api.createNode(someNode('a-1'));
    t.same(await api.agentSecret('a-1'), { ok: true, value: jenkins.secretOf('a-1') });
    t.ok((await api.closeNode('a-1', 'drain')).ok);
    t.ok((await api.closeNode('a-1', 'again')).ok, 'may be repeated');
    t.equal(offline(), true);
    t.match(await api.computers(), {
      value: { value: [{}, { offlineReason: 'again', isOfflineByMonitor: false }] },
    });
    t.ok((await api.openNode('a-1')).ok);
    t.ok((await api.openNode('a-1')).ok, 'never closes what is open');
    t.equal(offline(), false);
    t.ok((await api.deleteNode('a-1')).ok);
    t.notOk(jenkins.world.nodes.has('a-1'));
    t.ok((await api.deleteNode('a-1')).ok, 'what is not there counts as deleted');
  }
  for (const outcome of [
    await api.agentSecret('none'),
    await api.closeNode('none', 'x'),
    await api.openNode('none'),
  ])
    t.match(outcome, { failure: { kind: 'absent' } });
  jenkins.addNode({ name: 'b+1 c' });
  t.ok((await api.closeNode('b+1 c', 'x')).ok);
  t.ok((await api.agentSecret('b+1 c')).ok);
  t.match(await as('viewer').agentSecret('b+1 c'), {
    failure: { kind: 'forbidden', permission: 'hudson.model.Computer.Connect' },
  });
});

t.test('an item is cancelled, or has left already', async (t) => {
  const { api, jenkins, clock, as } = await speak(t);
  const { item } = jenkins.enqueue({ name: 'fs', label: 'x' });
  t.match(await as('viewer').cancelItem(item.id), {
    failure: { kind: 'forbidden', permission: 'hudson.model.Item.Cancel' },
  });
  t.ok((await api.cancelItem(item.id)).ok);
  t.equal(jenkins.world.items.size, 0);
  t.ok((await api.cancelItem(item.id)).ok, 'a 500, and the item has left');
  clock.advance(300_000);
  t.ok((await api.cancelItem(item.id)).ok, 'forgotten');
  jenkins.enqueue({ name: 'fs', label: 'x' });
  jenkins.fault = ({ method }) => (method === 'POST' ? { kind: 'html', status: 500 } : null);
  t.match(await api.cancelItem(2), { failure: { kind: 'nonsense' } }, 'a 500 of another kind');
});

t.test('a build is started, or joins one that waits', async (t) => {
  const { api, jenkins } = await speak(t);
  jenkins.define({ name: 'fold/par', label: 'x', parameters: { A: 'a', B: 'b' } });
  jenkins.define({ name: 'fs', label: 'x' });
  t.same(await api.startBuild('fold/par', { A: '1' }), { ok: true, value: 1 });
  t.same(await api.startBuild('fold/par', { A: '1' }), { ok: true, value: 1 }, 'a 303');
  t.same(await api.startBuild('fold/par', { A: '2' }), { ok: true, value: 2 });
  t.same(await api.startBuild('fold/par', {}), { ok: true, value: 3 }, 'all its defaults');
  t.same(await api.startBuild('fs', {}), { ok: true, value: 4 });
  t.same(await api.startBuild('fs', {}), { ok: true, value: 4 });
  t.match(await api.startBuild('none', {}), { failure: { kind: 'absent' } });
  t.match(await api.startBuild('fs', { A: '1' }), { failure: { kind: 'nonsense' } });
  jenkins.define({ name: 'off', label: 'x' }).disabled = true;
  t.match(await api.startBuild('off', {}), { failure: { kind: 'refused', reason: /409/ } });
});

t.test('agent.jar comes whole or not at all', async (t) => {
  const agentJar = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(1_400_000, 'j')]);
  const { api, jenkins } = await speak(t, { agentJar });
  const jar = await api.agentJar();
  t.ok(jar.ok && agentJar.equals(jar.value.bytes));
  t.equal(jar.ok && jar.value.modified, 'Mon, 02 Sep 2024 10:00:00 GMT');
  jenkins.fault = () => ({ kind: 'html', status: 200 });
  t.match(await api.agentJar(), { failure: { kind: 'nonsense' } });
});

t.test('the token goes out in one header, and in English', async (t) => {
  const { api, jenkins } = await speak(t, { agentJar: Buffer.from('PKjar') });
  jenkins.define({ name: 'par', label: 'x', parameters: { A: 'a' } });
  await api.queue();
  await api.computers();
  await api.createNode(someNode('a-1'));
  await api.agentSecret('a-1');
  await api.closeNode('a-1', 'x');
  await api.openNode('a-1');
  await api.deleteNode('a-1');
  await api.agentJar();
  await api.startBuild('par', { A: '1' });
  await api.cancelItem(1);
  t.equal(jenkins.asked.length, 11);
  const token = tokenOf('operator');
  for (const { method, url, headers, body } of jenkins.asked) {
    t.equal(headers['accept-language'], 'en', url);
    t.match(headers.authorization, /^Basic /);
    const others = JSON.stringify({ ...headers, authorization: '' });
    const rest = `${method} ${url} ${others} ${body}`;
    t.notOk(rest.includes(token) || rest.includes('operator'), `nowhere else: ${url}`);
  }
});

t.test('a controller that is away, starting, or does not know us', async (t) => {
  const { api, jenkins, clock, givenUp, as } = await speak(t);
  t.match(await as('operator', 'wrong').queue(), { failure: { kind: 'unauthenticated' } });
  t.match(await as('nobody').queue(), {
    failure: { kind: 'forbidden', permission: 'hudson.model.Hudson.Read' },
  });
  t.match(await as('operator', 'password of operator').createNode(someNode('p')), {
    failure: { kind: 'forbidden', reason: /use an API token/ },
  });
  const before = await api.queue();
  await jenkins.stop();
  for (const outcome of [await api.queue(), await api.agentJar(), await api.deleteNode('x')])
    t.match(outcome, { failure: { kind: 'unreachable', reason: /ECONNREFUSED/ } });
  await jenkins.listen();
  for (const outcome of [
    await api.queue(),
    await api.computers(),
    await api.createNode(someNode('a')),
    await api.agentSecret('a'),
    await api.deleteNode('a'),
    await api.agentJar(),
    await api.cancelItem(1),
    await api.startBuild('a', {}),
  ])
    t.match(outcome, { failure: { kind: 'starting' } });
  const early = as('operator', 'not read yet');
  t.match(await early.queue(), { failure: { kind: 'starting' } });
  jenkins.finishStarting();
  t.match(await early.queue(), { failure: { kind: 'starting' } }, 'a 401 right after a 503');
  clock.advance(10_000);
  t.match(await early.queue(), { failure: { kind: 'unauthenticated' } });
  const after = await api.queue();
  t.ok(before.ok && after.ok && before.value.session !== after.value.session, 'a restart shows');
  jenkins.fault = () => ({ kind: 'hang' });
  const waiting = [api.queue(), api.agentSecret('a')];
  await jenkins.until(() => jenkins.asked.slice(-2).every(({ method }) => method === 'GET'));
  givenUp.abort();
  for (const outcome of [...(await Promise.all(waiting)), await api.queue()])
    t.match(outcome, { failure: { kind: 'unreachable' } });
});

const CALLS: readonly [string, (api: JenkinsApi) => Promise<{ readonly ok: boolean }>][] = [
  ['queue', (api) => api.queue()],
  ['computers', (api) => api.computers()],
  ['createNode', (api) => api.createNode(someNode('a'))],
  ['agentSecret', (api) => api.agentSecret('a')],
  ['closeNode', (api) => api.closeNode('a', 'x')],
  ['openNode', (api) => api.openNode('a')],
  ['deleteNode', (api) => api.deleteNode('a')],
  ['agentJar', (api) => api.agentJar()],
  ['cancelItem', (api) => api.cancelItem(1)],
  ['startBuild', (api) => api.startBuild('fs', {})],
];

t.test('no bad answer is taken for a good one, and none throws', async (t) => {
  const { api, jenkins, as } = await speak(t);
  const impatient = as('operator', undefined, IMPATIENT);
  const json = (text: string, status = 200): Fault => ({
    ...{ kind: 'body', status, type: 'application/json;charset=utf-8', text },
  });
  const faults: readonly [string, Fault, RegExp][] = [
    ['a page of a proxy', { kind: 'html', status: 200 }, /^nonsense$/],
    ['an error page', { kind: 'html', status: 500 }, /^nonsense$/],
    ['a proxy without its controller', { kind: 'html', status: 502 }, /^unreachable$/],
    ['a teapot', { kind: 'html', status: 418 }, /^refused$/],
    ['a redirect to nowhere', { kind: 'html', status: 302 }, /^nonsense$/],
    ['half a body', { kind: 'half' }, /^(unreachable|nonsense)$/],
    ['a connection that breaks', { kind: 'break' }, /^unreachable$/],
    ['no answer', { kind: 'hang' }, /^unreachable$/],
    ['JSON that ends early', json('{"items":[{"id":'), /^nonsense$/],
    [
      'JSON of another kind',
      json('{"items":7,"computer":{},"temporarilyOffline":"no"}'),
      /^nonsense$/,
    ],
    ['null', json('null'), /^nonsense$/],
    ['items that are none', json('{"items":[{"id":"x"}],"computer":[null]}'), /^nonsense$/],
    ['an empty 200', json(''), /^nonsense$/],
    ['an unknown success', json('{}', 299), /^nonsense$/],
  ];
  for (const [what, fault, kind] of faults) {
    jenkins.fault = () => fault;
    // The package does not see that a body ends early.
    const asked = fault.kind === 'hang' || fault.kind === 'half' ? impatient : api;
    const outcomes = CALLS.map(async ([name, call]) => [name, await call(asked)] as const);
    for (const [name, outcome] of await Promise.all(outcomes)) {
      t.match(outcome, { ok: false, failure: { kind, reason: /\S/ } }, `${name}: ${what}`);
    }
  }
  jenkins.fault = () => null;
  t.ok((await api.queue()).ok, 'and the next good one is good');
});

t.test('a log-in page that a proxy leads to is no success', async (t) => {
  const proxy = createServer((_, response) => {
    response.writeHead(302, { location: 'https://sso.example/login?from=%2Fcomputer%2F&t=secret' });
    response.end();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.teardown(() => proxy.close());
  const { clock } = await startJenkins(t);
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/`;
  const { signal } = new AbortController();
  const api = jenkinsApi({ url, user: 'u', token: 't', clock, signal });
  for (const [name, call] of CALLS) {
    const outcome = await call(api);
    t.match(
      outcome,
      { ok: false, failure: { kind: 'nonsense', reason: /URL of the controller/ } },
      name,
    );
    t.notMatch(outcome, { failure: { reason: /secret/ } });
  }
});

t.test('a controller below a path, behind a proxy', async (t) => {
  const { jenkins, clock } = await startJenkins(t);
  const proxy = createServer((request, response) => {
    const [, path] = /^\/ci\/(.*)$/.exec(request.url ?? '') ?? [];
    if (path === undefined) return void response.writeHead(404).end();
    const { method, headers } = request;
    const asked = plainRequest(jenkins.url + path, { method, headers }, (answer) => {
      const location = answer.headers.location?.replace(/^(http:\/\/[^/]+)\//, '$1/ci/');
      response.writeHead(answer.statusCode ?? 0, {
        ...answer.headers,
        ...(location === undefined ? {} : { location }),
      });
      answer.pipe(response);
    });
    request.pipe(asked);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.teardown(() => proxy.close());
  const { signal } = new AbortController();
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/ci/`;
  const access = { user: 'operator', token: tokenOf('operator'), clock, signal };
  const api = jenkinsApi({ url, ...access });
  jenkins.define({ name: 'fs', label: 'x' });
  t.same(await api.startBuild('fs', {}), { ok: true, value: 1 });
  t.match(await api.queue(), { value: { value: [{ task: { path: 'job/fs/' } }] } });
  for (const outcome of [
    await api.createNode(someNode('a-1')),
    await api.agentSecret('a-1'),
    await api.closeNode('a-1', 'x'),
    await api.openNode('a-1'),
    await api.computers(),
    await api.deleteNode('a-1'),
    await api.cancelItem(1),
  ])
    t.match(outcome, { ok: true });
  const wrong = jenkinsApi({ url: url.replace('/ci/', '/other/'), ...access });
  t.match(await wrong.queue(), { failure: { kind: 'absent' } });
});
