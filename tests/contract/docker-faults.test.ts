import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { DockerEngine, type EngineParts } from '../../node-agent/docker/docker-engine.ts';
import { engineClient } from '../../node-agent/docker/engine-address.ts';
import { SwarmEngine } from '../../node-agent/docker/swarm-engine.ts';
import { SwarmFeed } from '../../node-agent/docker/swarm-feed.ts';
import type { ContainerEngine, FromEngine } from '../../node-agent/ports.ts';
import { labelsOf } from '../../node-agent/rules/container.ts';
import { systemClock } from '../../services/adapters/system-clock.ts';
import { breaksAfter, DockerApi, hang, says, stopsAfter, streams } from '../fakes/docker-api.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { someContainer } from '../fixtures/some-container.ts';
import { shortFolder } from '../fixtures/test-folder.ts';

const SERVICE = 'ours';
const QUICK = { quick: 300, heavy: 300, usage: 300 };

function open(t: Test, path: string, differs: Pick<EngineParts, 'told' | 'logins'> = {}) {
  const engine = new DockerEngine({
    ...{ host: 'here', service: SERVICE, clock: systemClock, log: new RecordingLog() },
    ...{ address: { kind: 'socket', path }, timeouts: QUICK },
    ...differs,
  });
  t.teardown(() => engine.close());
  return engine;
}

function openSwarm(t: Test, path: string) {
  const engine = new SwarmEngine({
    ...{ host: 'here', service: SERVICE, clock: systemClock, log: new RecordingLog() },
    ...{ address: { kind: 'socket', path }, timeouts: QUICK },
  });
  t.teardown(() => engine.close());
  return engine;
}

/** Every question that the port has. */
function everyCall(engine: ContainerEngine): Record<string, () => FromEngine<unknown>> {
  const files = [{ path: '/opt/x/secret', content: 'x', mode: 0o400 }];
  const order = { image: 'debian', policy: 'missing', timeoutMilliseconds: 300 } as const;
  const caches = [{ volume: 'cache', target: '/cache' }];
  return {
    facts: () => engine.facts(),
    list: () => engine.list(),
    fetchImage: () => engine.fetchImage(order),
    create: () => engine.create(someContainer(SERVICE)),
    'create with a cache': () => engine.create(someContainer(SERVICE, { caches })),
    handOver: () => engine.handOver('c1', files),
    start: () => engine.start('c1'),
    remove: () => engine.remove('c1', 0),
    lastLines: () => engine.lastLines('c1', 5),
    caches: () => engine.caches(),
    removeCache: () => engine.removeCache('cache'),
  };
}

const kindOf = async (outcome: FromEngine<unknown>) => {
  const answered = await outcome;
  return answered.ok ? 'done' : answered.failure.kind;
};

/** What is wrong with the engine, and what may be concluded from it: nothing. */
const TROUBLE = {
  hangs: hang,
  'stops in the middle': stopsAfter('{"Id": "'),
  'breaks off': breaksAfter('[{"Id": "'),
  'is behind a proxy that cannot reach it': says(502, '<html>Bad Gateway</html>'),
  'is about to start': says(503, { message: 'starting' }),
};

for (const [what, answer] of Object.entries(TROUBLE)) {
  t.test(`an engine that ${what} leaves no call open and nothing concluded`, async (t) => {
    const api = await DockerApi.start(t);
    api.answers(answer);
    for (const engine of [open(t, api.socket), openSwarm(t, api.socket)]) {
      const calls = Object.entries(everyCall(engine));
      const kinds = await Promise.all(
        calls.map(async ([name, call]) => `${name}: ${await kindOf(call())}`),
      );
      t.same(
        kinds,
        calls.map(([name]) => `${name}: unreachable`),
      );
    }
  });
}

t.test('an engine that answers nonsense has said nothing', async (t) => {
  const api = await DockerApi.start(t);
  const engine = open(t, api.socket);
  for (const body of ['<html>Welcome</html>', '', 'null', [{ Id: 5 }], { message: 'what?' }, 7]) {
    api.answers(says(200, body));
    t.match(await engine.list(), { failure: { kind: 'nonsense', reason: /makes no sense/ } });
    t.match(await engine.facts(), { failure: { kind: 'nonsense' } });
  }
  api.answers(says(301, ''));
  t.match(await engine.start('c1'), { failure: { kind: 'nonsense', reason: 'it answered 301' } });
});

t.test('a refusal is told in the words of the engine, in one line', async (t) => {
  const api = await DockerApi.start(t);
  const engine = open(t, api.socket);
  const cases = [
    [500, 'driver failed\n\n  badly', 'driver failed badly'],
    [500, { message: 'OCI runtime create failed' }, 'OCI runtime create failed'],
    [400, { message: 'invalid mount' }, 'invalid mount'],
    [403, `x${'y'.repeat(9999)}`, `x${'y'.repeat(299)}`],
    [500, '', 'no reason given'],
  ] as const;
  for (const [status, body, reason] of cases) {
    api.answers(says(status, body));
    t.same(await engine.start('c1'), { ok: false, failure: { kind: 'refused', reason } });
  }
  api.answers(says(409, { message: 'removal of container c1 is already in progress' }));
  t.equal(await kindOf(engine.start('c1')), 'refused');
  api.answers(says(304, ''));
  t.equal(await kindOf(engine.start('c1')), 'done');
});

t.test('where nobody listens, the failure says so', async (t) => {
  const path = join(shortFolder(t), 'absent');
  t.match(await open(t, path).list(), {
    failure: { kind: 'unreachable', reason: new RegExp(`ENOENT.*${path}`) },
  });
});

t.test('what is under way ends when the engine is closed', async (t) => {
  const api = await DockerApi.start(t);
  const engine = open(t, api.socket);
  const list = engine.list();
  engine.close();
  t.match(await list, { failure: { kind: 'unreachable', reason: /stopping/ } });
  t.match(await engine.list(), { failure: { kind: 'unreachable', reason: /stopping/ } });
});

t.test('the environment names no other engine', async (t) => {
  const api = await DockerApi.start(t);
  api.answers(says(200, []));
  const before = { ...process.env };
  t.teardown(() => (process.env = before));
  const away = { DOCKER_HOST: 'tcp://127.0.0.1:1', DOCKER_CLIENT_TIMEOUT: '1' };
  Object.assign(process.env, away, { DOCKER_PATH_PREFIX: '/x' });
  t.same(await open(t, api.socket).list(), { ok: true, value: [] });
});

t.test('a pull fails with what the registry said, wherever it said it', async (t) => {
  const api = await DockerApi.start(t);
  const told: string[] = [];
  const engine = open(t, api.socket, { told: (line) => told.push(line) });
  const pulled = async (answer: Parameters<DockerApi['answers']>[0]) => {
    api.answers((request, response) =>
      (request.method === 'GET' ? says(404, { message: 'No such image' }) : answer)(
        request,
        response,
      ),
    );
    const order = { image: 'reg/debian', policy: 'missing', timeoutMilliseconds: 300 } as const;
    const outcome = await engine.fetchImage(order);
    return outcome.ok ? 'done' : `${outcome.failure.kind}: ${outcome.failure.reason}`;
  };
  const layer = { status: 'Downloading', id: '3f4c', progress: '[==> ] 1MB/9MB' };
  const denied = { errorDetail: { message: 'toomanyrequests' }, error: 'toomanyrequests' };
  t.equal(
    await pulled(streams([layer, denied])),
    'pull-failed: toomanyrequests; name a user of docker.io in agents.registries, or pull from a mirror',
  );
  t.same(told[0], 'Downloading 3f4c [==> ] 1MB/9MB');
  t.equal(api.queries.at(-1)?.get('tag'), 'latest', 'not all tags of the repository');
  const unknown = { error: 'manifest for reg/debian:latest not found: manifest unknown' };
  t.match(await pulled(streams([unknown])), /^no-image: manifest for/);
  t.match(await pulled(says(404, { message: 'pull access denied' })), /^pull-failed: pull access/);
  t.match(await pulled(says(500, { message: 'no such host' })), /^pull-failed: no such host/);
  t.match(await pulled(streams([layer])), /^pull-failed: .*is not there/);
  t.match(await pulled(streams([layer, '<html>'])), /^nonsense: /);
  t.match(await pulled(breaksAfter('{"status": "Pulling"}\n')), /^unreachable: /);
  t.match(await pulled(streams([layer], { open: true })), /^pull-failed: no answer within/);
  t.match(await pulled(hang), /^pull-failed: no answer within/);
});

t.test('a password goes to the engine in a header, and into no URL', async (t) => {
  const api = await DockerApi.start(t);
  const Id = `sha256:${'a'.repeat(64)}`;
  const headers: unknown[] = [];
  api.answers((request, response) => {
    headers.push(request.headers['x-registry-auth']);
    (request.method === 'GET' ? says(200, { Id }) : streams([]))(request, response);
  });
  const login = { username: 'u', password: 'öpen/+sesame', serveraddress: 'reg.example.org' };
  const engine = open(t, api.socket, { logins: () => Promise.resolve(login) });
  const order = {
    image: 'reg.example.org/x',
    policy: 'always',
    timeoutMilliseconds: 3000,
  } as const;
  t.match(await engine.fetchImage(order), { ok: true });
  const [sent, ...others] = headers;
  t.same(JSON.parse(Buffer.from(String(sent), 'base64url').toString()), login);
  t.same(others, [undefined]);
  for (const query of api.queries) t.notMatch(String(query), /sesame|auth/);
});

t.test('forty agents of one template wait for one pull', async (t) => {
  const api = await DockerApi.start(t);
  const Id = `sha256:${'a'.repeat(64)}`;
  api.answers((request, response) =>
    (request.method === 'GET' ? says(200, { Id }) : streams([]))(request, response),
  );
  const engine = open(t, api.socket);
  const order = { image: 'debian', policy: 'always', timeoutMilliseconds: 3000 } as const;
  const pulls = await Promise.all(Array.from({ length: 40 }, () => engine.fetchImage(order)));
  t.same(new Set(pulls.map((pull) => pull.ok && pull.value)), new Set([Id]));
  t.equal(api.asked.filter((asked) => asked.startsWith('POST')).length, 1);
});

/** A `die`, as the engine tells it. */
function die(agent: string, time: number, exitCode = '0') {
  const Attributes = { ...labelsOf({ ...someContainer(SERVICE).identity, agent }), exitCode };
  return { Action: 'die', Actor: { ID: `c-${agent}`, Attributes }, time, timeNano: time * 1e9 };
}

t.test(
  'events are asked for again after a break, from the last one on, and none is told twice',
  async (t) => {
    const api = await DockerApi.start(t);
    const clock = new ManualClock();
    const log = new RecordingLog();
    const engine = new DockerEngine({
      ...{ host: 'here', service: SERVICE, clock, log, timeouts: QUICK },
      address: { kind: 'socket', path: api.socket },
    });
    t.teardown(() => engine.close());
    const told: string[] = [];
    let next: () => void = () => undefined;
    const saw = (what: string) => {
      told.push(what);
      next();
    };
    const until = async (count: number) => {
      while (told.length < count) await new Promise<void>((resolve) => (next = resolve));
    };
    /** Lets the pause after a break go by, once it has begun. */
    const asksAgain = async (times: number) => {
      while (log.lines.length < times) await new Promise((resolve) => setImmediate(resolve));
      clock.advance(1000);
    };
    const asked = async (times: number) => {
      while (api.asked.length < times) await new Promise((resolve) => setImmediate(resolve));
    };
    const now = Math.floor(Date.now() / 1000) + 100;
    const [a, b] = [die('a', now), die('b', now + 1)];
    const [c, d] = [die('c', now + 1), die('d', now + 2, '137')];
    api.answers(streams([a, b, JSON.stringify(c).slice(0, 40)]));
    engine.watch({
      died: (container, agent, exitCode) => saw(`${container} ${agent} ${exitCode ?? 'null'}`),
      missed: () => saw('compare'),
    });
    await until(3);
    api.answers(streams([b, c, '<html>\n']));
    await asksAgain(1);
    await until(5);
    t.equal(api.queries.at(-1)?.get('since'), `${now + 1}`);
    api.answers(hang);
    await asksAgain(2);
    await asked(3);
    api.answers(streams([c, d], { open: true }));
    clock.advance(20_000);
    await asksAgain(3);
    await until(7);
    t.same(told, [
      ...['compare', 'c-a a 0', 'c-b b 0'],
      ...['compare', 'c-c c 0'],
      ...['compare', 'c-d d 137'],
    ]);
    t.match(api.queries.at(-1)?.get('filters') ?? '', `io.gitbuilder.agent.service=${SERVICE}`);
    clock.advance(60_000);
    await asked(5);
    t.equal(
      api.queries.at(-1)?.get('since'),
      `${now + 2}`,
      'a connection may have died without a word',
    );
    t.equal(told.length, 7, 'and nothing was missed by that');
  },
);

t.test('a Swarm that is asked for months leaves nothing behind', async (t) => {
  const api = await DockerApi.start(t);
  api.answers(says(200, []));
  const clock = new ManualClock();
  const closing = new AbortController();
  t.teardown(() => closing.abort());
  const { signal: closed } = closing;
  const docker = engineClient({ kind: 'socket', path: api.socket });
  const parts = { docker, host: 'here', service: SERVICE, clock, log: new RecordingLog(), closed };
  void new SwarmFeed(parts, { died: () => undefined, missed: () => undefined }).follow();
  for (let looks = 1; looks <= 20; looks += 1) {
    while (clock.waiting === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1000);
  }
  while (clock.waiting === 0) await new Promise((resolve) => setImmediate(resolve));
  t.ok(api.asked.length > 20, 'it goes on asking');
  t.equal(getEventListeners(closed, 'abort').length, 1);
  closing.abort();
  t.equal(clock.waiting, 0, 'and ends at once');
});

t.test('many who ask for caches at once wait for one count, of volumes only', async (t) => {
  const api = await DockerApi.start(t);
  api.answers(says(200, { Volumes: [] }));
  for (const engine of [open(t, api.socket), openSwarm(t, api.socket)]) {
    const before = api.asked.length;
    const counts = await Promise.all(Array.from({ length: 40 }, () => engine.caches()));
    t.ok(counts.every(({ ok }) => ok));
    t.same(api.asked.slice(before), ['GET /system/df']);
    t.equal(api.queries.at(-1)?.get('type'), 'volume');
    t.match(await engine.caches(), { ok: true });
    t.equal(api.asked.length, before + 2, 'the next one counts anew');
  }
});

t.test('half a frame of a log is shown as far as it came', async (t) => {
  const api = await DockerApi.start(t);
  const frame = (stream: number, text: string, length = text.length) =>
    Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, length]), Buffer.from(text)]);
  const log = Buffer.concat([frame(1, 'one\n'), frame(2, 'two\r\nthr'), frame(1, 'ee\nhal', 99)]);
  api.answers((_, response) => response.end(log));
  const lines = await open(t, api.socket).lastLines('c1', 9);
  t.same(lines, { ok: true, value: ['one', 'two', 'three', 'hal'] });
});

t.test('a server that is no engine at all', async (t) => {
  const path = join(shortFolder(t), 's');
  const server = createServer((_, response) => response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n'));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => server.close());
  t.equal(await kindOf(open(t, path).list()), 'unreachable');
});
