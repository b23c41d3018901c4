import t from 'tap';
import { startNode, authorization } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { untilPublished } from '../fixtures/signed-node.ts';
import { PUBLISHED, REPO } from '../fixtures/some-address.ts';
import { someDeb } from '../fixtures/some-packages.ts';

const BY_HAND = '  projects: { ceph: { automatic: false }, shut: { disabled: true } }';

/** The node's own JSON, whose fields are what these tests look at. */
type Json = Readonly<Record<string, unknown>>;

async function put(node: TestNode, file: ReturnType<typeof someDeb>, repo = REPO): Promise<void> {
  const path = `binaries/${repo}/x86_64/${file.name}?force=1`;
  const { status } = await node.fetch(path, { method: 'PUT', body: file.bytes });
  if (status >= 300) throw new Error(`${path} was answered ${status}`);
}

async function publish(node: TestNode): Promise<void> {
  await node.fetch(`repos/${REPO}/update`, { method: 'POST' });
  await untilPublished(node, REPO);
}

function asker(node: TestNode) {
  return async (method: string, path: string, body?: unknown, user = 'root') => {
    const answer = await node.fetch(`api/v1/repos/${REPO}/generations/${path}`, {
      method,
      headers: { authorization: user === '' ? '' : authorization(user) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') === true;
    return { status: answer.status, text, json: (isJson ? JSON.parse(text) : {}) as Json };
  };
}

/** The packages of the index that clients read. */
async function served(node: TestNode): Promise<string[]> {
  const path = `${PUBLISHED}/dists/bookworm/main/binary-amd64/Packages`;
  const text = await (await node.fetch(path)).text();
  return [...text.matchAll(/^Package: (.*)\nVersion: (.*)$/gm)].map(([, n, v]) => `${n} ${v}`);
}

const releaseDate = async (node: TestNode) => {
  const text = await (await node.fetch(`${PUBLISHED}/dists/bookworm/Release`)).text();
  return Date.parse(/^Date: (.*)$/m.exec(text)?.[1] ?? '');
};

t.test('what was published is listed, compared, gone back to and kept', async (t) => {
  const node = await startNode(t, { chacra: BY_HAND });
  const ask = asker(node);
  await put(node, someDeb('alpha', '1.0'));
  await put(node, someDeb('beta', '1.0'));
  await put(node, someDeb('same', '1.0'));
  t.match(await ask('GET', ''), { status: 200, json: { generations: [] } });
  t.match(await ask('GET', 'compare'), { status: 400, text: /no two generations/ });
  await publish(node);
  await publish(node);
  t.match((await ask('GET', '')).json, {
    generations: [{ number: 1, live: true, live_as: 2, packages: 3, replaced: null, ends: null }],
  });
  await put(node, someDeb('alpha', '1.1'));
  await put(node, someDeb('gamma', '1.0'));
  await node.fetch(`binaries/${REPO}/x86_64/beta_1.0_amd64.deb`, { method: 'DELETE' });
  await put(node, someDeb('same', '1.0', 'amd64', 'forced'));
  await publish(node);

  const { json } = await ask('GET', '');
  t.match(json, {
    generations: [
      { number: 3, live: true, live_as: 3, packages: 3, kept: null },
      { number: 1, live: false, live_as: null, packages: 3, replaced: String, ends: String },
    ],
  });
  t.match(
    (await ask('GET', '?format=text')).text,
    /^generation 3 .*live as 3\ngeneration 1 .*ends /,
  );
  t.match((await ask('GET', 'compare')).json, {
    ...{ from: 1, to: 3, unchanged: 0 },
    added: [{ package: 'gamma', version: '1.0', arch: 'amd64', suite: 'bookworm' }],
    removed: [{ package: 'beta', version: '1.0' }],
    changed: [
      { package: 'alpha', before: { version: '1.0' }, after: { version: '1.1' } },
      { package: 'same', before: { version: '1.0' }, after: { version: '1.0' } },
    ],
  });
  t.equal(
    (await ask('GET', 'compare?from=3&to=1&format=text')).text,
    [
      'from 3 to 1: 1 added, 1 removed, 2 changed, 0 unchanged',
      'added beta 1.0 amd64 under bookworm',
      'removed gamma 1.0 amd64 under bookworm',
      'changed alpha amd64 under bookworm: 1.1 -> 1.0',
      'changed same amd64 under bookworm: other bytes',
      '',
    ].join('\n'),
  );

  const before = await releaseDate(node);
  const back = await ask('POST', '1/restore', undefined, 'builder');
  t.match(back, { status: 200, json: { generation: 4, status: 'queued' } });
  await untilPublished(node, REPO);
  t.strictSame(await served(node), ['alpha 1.0', 'beta 1.0', 'same 1.0']);
  t.ok((await releaseDate(node)) >= before, 'an apt that has seen the newer one takes it');
  const repo = (await (await node.fetch(`repos/${REPO}/`)).json()) as Json;
  t.match(repo, { status: 'ready', generation: 4, live_generation: 4 });
  t.ok(Number(repo['unpublished']) > 0, 'and says that it shows less than what is there');
  t.match((await ask('GET', 'compare?from=1')).json, {
    to: 4,
    added: [],
    removed: [],
    changed: [],
  });

  t.match(await ask('PUT', '1/kept', { reason: 'the demo' }, 'builder'), { status: 403 });
  t.match(await ask('PUT', '1/kept', { reason: ' ' }), { status: 400, text: /say why/ });
  t.match(await ask('PUT', '1/kept', { reason: 'the demo' }), {
    status: 200,
    json: { number: 1, ends: null, kept: { reason: 'the demo', by: 'root', since: String } },
  });
  t.match((await ask('GET', '?format=text')).text, /^generation 1 .*, kept by root: the demo$/m);
  t.match(await ask('DELETE', '1/kept'), { status: 200, json: { ends: String, kept: null } });

  await publish(node);
  t.strictSame(
    await served(node),
    ['alpha 1.1', 'gamma 1.0', 'same 1.0'],
    'what is uploaded stayed',
  );
  t.match((await ask('GET', '')).json, { generations: [{ number: 5 }, { number: 4 }, {}, {}] });
});

t.test('what cannot be gone back to is said', async (t) => {
  const node = await startNode(t, { chacra: BY_HAND });
  const ask = asker(node);
  t.equal((await ask('POST', '1/restore')).status, 404, 'no repo');
  await put(node, someDeb());
  t.match(await ask('POST', '1/restore'), {
    status: 404,
    text: /generation 1 of .* does not exist/,
  });
  await publish(node);
  for (const [method, path, user, status] of [
    ['POST', '1/restore', '', 401],
    ['POST', '1/restore', 'stranger', 403],
    ['POST', '7/restore', 'root', 404],
    ['POST', 'x/restore', 'root', 404],
    ['PUT', '7/kept', 'root', 404],
    ['GET', 'compare?from=7', 'root', 404],
    ['GET', 'compare?from=x', 'root', 400],
    ['GET', '?bad=1', 'root', 400],
  ] as const) {
    const body = method === 'PUT' ? { reason: 'x' } : undefined;
    t.equal((await ask(method, path, body, user)).status, status, `${method} ${path} by ${user}`);
  }
  t.match(await ask('POST', '1/restore'), { status: 200, json: { generation: 2 } });
  await untilPublished(node, REPO);
  t.match((await ask('GET', '')).json, { generations: [{ number: 1, live_as: 2 }] }, 'nothing new');
});
