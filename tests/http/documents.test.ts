import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeSigningKey } from '../../services/adapters/make-signing-key.ts';
import { authorization, startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { untilPublished } from '../fixtures/signed-node.ts';
import { BINARIES, PUBLISHED, REPO, REPOS, SHA1 } from '../fixtures/some-address.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { testFolder } from '../fixtures/test-folder.ts';

interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: object; 'x-scope'?: string }>>>
  >;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'];
/** What changes nothing comes first, what takes away last. */
const ORDER = ['HEAD', 'GET', 'PUT', 'POST', 'DELETE'];

const DEB = someDeb();
const PARAMETERS: Readonly<Record<string, string>> = {
  project: 'ceph',
  ref: 'main',
  sha1: SHA1,
  distro: 'debian',
  version: 'bookworm',
  arch: 'x86_64',
  flavor: 'default',
  name: DEB.name,
};

async function document(node: TestNode): Promise<Document> {
  // Another test holds it to the schema of OpenAPI.
  return (await (await node.fetch('api/v1/openapi.json')).json()) as Document;
}

/** A published repository; the number of its generation. */
async function fill(node: TestNode): Promise<string> {
  await node.fetch(`${BINARIES}/${DEB.name}`, { method: 'PUT', body: DEB.bytes });
  await node.fetch(`${REPOS}/update`, { method: 'POST' });
  await untilPublished(node, REPO);
  // The node's own JSON, whose shape other tests hold it to.
  const repo = (await (await node.fetch(`${REPOS}/`)).json()) as { live_generation: number };
  return String(repo.live_generation);
}

/** A path that stands for something, as a request writes it. */
function filledPath(template: string, number = '1'): string {
  if (template === '/r/{path}') return `${PUBLISHED}/dists/bookworm/Release`;
  const values: Readonly<Record<string, string>> = { ...PARAMETERS, number };
  return template.slice(1).replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? name);
}

t.test('every route that is described answers as described', async (t) => {
  const folder = testFolder(t);
  const { armoredKey } = await makeSigningKey({ type: 'ed25519', name: 'Our builds' });
  writeFileSync(join(folder, 'key.asc'), armoredKey);
  const node = await startNode(t, { folder, chacra: '  signing: { keyFile: key.asc }' });
  const { openapi, servers, paths } = await document(node);
  t.match(openapi, /^3\.1\./);
  t.same(servers, [{ url: node.url }]);
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      operation,
    })),
  );
  operations.sort((a, b) => ORDER.indexOf(a.method) - ORDER.indexOf(b.method));
  t.ok(operations.length > 50);
  for (const { path, method, operation } of operations) {
    const url = filledPath(path, await fill(node));
    const answer = await node.fetch(url, { method });
    const { status } = answer;
    t.ok(String(status) in operation.responses, `${method} ${path}: ${status}`);
    t.not(status, 404, `${method} ${path}`);
    await answer.arrayBuffer();
    if (operation['x-scope'] === undefined) continue;
    const anonymous = { method, headers: { authorization: '' } };
    t.equal((await node.fetch(url, anonymous)).status, 401, `${method} ${path}`);
    const lesser = { method, headers: { authorization: authorization('stranger') } };
    t.equal((await node.fetch(url, lesser)).status, 403, `${method} ${path}`);
  }
});

t.test('what cannot be is refused as described', async (t) => {
  const node = await startNode(t);
  const { paths } = await document(node);
  const number = await fill(node);
  for (const [path, item] of Object.entries(paths)) {
    const url = filledPath(path, number);
    const badNames = Object.entries(PARAMETERS)
      .filter(([name]) => path.includes(`{${name}}`))
      .map(([, value]) => url.replace(value, '%01'));
    const badQueries = ['no', 'wait', 'format', 'signed'].map((name) => `${url}?${name}=no`);
    for (const [method, { responses }] of Object.entries(item)) {
      const body = method === 'post' || method === 'put' ? '[]' : null;
      // Where no parameter is read, a delete takes away what the others are asked about.
      for (const wrong of method === 'delete' ? badNames : [...badNames, ...badQueries]) {
        const answer = await node.fetch(wrong, { method: method.toUpperCase(), body });
        await answer.arrayBuffer();
        t.ok(String(answer.status) in responses, `${method} ${wrong}: ${answer.status}`);
      }
    }
  }
});

t.test('a method that a route does not have is 405, and Allow names the others', async (t) => {
  const node = await startNode(t);
  const { paths } = await document(node);
  const known = new Map<string, Set<string>>();
  for (const [path, item] of Object.entries(paths)) {
    // Some rows differ in their last slash only: the same URL.
    const url = filledPath(path).replace(/(.)\/$/, '$1');
    const methods = known.get(url) ?? new Set();
    for (const method of Object.keys(item)) methods.add(method.toUpperCase());
    if (methods.has('GET')) methods.add('HEAD');
    known.set(url, methods);
  }
  for (const [path, methods] of known) {
    for (const method of METHODS.filter((one) => !methods.has(one))) {
      const answer = await node.fetch(path, { method });
      t.equal(answer.status, 405, `${method} ${path}`);
      const allow = answer.headers.get('allow')?.split(', ');
      t.same(allow?.sort(), [...methods].sort());
    }
  }
});

t.test('health, as a proxy and as a person ask for it', async (t) => {
  const folder = testFolder(t);
  const node = await startNode(t, {
    folder: join(folder, 'well'),
    chacra: '  diskPressure: { showBelowBytes: 0 }',
  });
  const filling = await startNode(t, {
    folder: join(folder, 'filling'),
    chacra: '  diskPressure: { showBelowBytes: 9007199254740991 }',
  });
  const full = await startNode(t, {
    folder: join(folder, 'full'),
    chacra: '  reserveBytes: 9007199254740991',
  });
  const ask = (to: TestNode, accept: string, method = 'GET') =>
    to.fetch('health/', { method, headers: { authorization: '', accept } });
  const well = await ask(node, '*/*');
  t.equal(well.status, 204);
  t.equal(await well.text(), '');
  t.equal((await ask(node, '*/*', 'HEAD')).status, 204);
  t.equal((await node.fetch('health')).status, 302);
  const shown = await ask(node, 'application/json');
  t.equal(shown.status, 200);
  const idle = { waiting: 0, running: 0 };
  const version = '0.0.0-test';
  const healthy = { healthy: true, problems: [], version, queue: idle };
  t.same(await shown.json(), { ...healthy, warnings: [] });
  t.equal((await ask(filling, '*/*')).status, 204, 'little space is no reason to send nobody here');
  const warned = await (await ask(filling, 'application/json')).json();
  t.match(warned, { ...healthy, warnings: [/^only \d+ bytes are free on the disk/] });
  for (const accept of ['*/*', 'application/json']) {
    const unwell = await ask(full, accept);
    t.equal(unwell.status, 500);
    t.match(await unwell.json(), { healthy: false, problems: [/bytes are free/] });
  }
  t.equal((await full.fetch('binaries/')).status, 200, 'reading goes on');
});

t.test('the root and the metrics', async (t) => {
  const node = await startNode(t);
  t.match(await (await node.fetch('')).json(), {
    documentation: `${node.url}api/v1/openapi.json`,
    repos: [],
    binaries: [],
  });
  await fill(node);
  await node.fetch('binaries/empty/', { method: 'POST' });
  t.match(await (await node.fetch('')).json(), { repos: ['ceph'], binaries: ['ceph', 'empty'] });
  const metrics = await node.fetch('metrics');
  t.match(metrics.headers.get('content-type'), /^text\/plain/);
  const text = await metrics.text();
  t.match(text, 'gitbuilder_chacra_repos{status="ready"} 1\n');
  t.match(text, 'gitbuilder_chacra_publish_queue{state="running"} 0\n');
  t.match(text, /^gitbuilder_chacra_free_bytes \d+$/m);
  t.match(text, /^process_resident_memory_bytes \d+$/m);
});

t.test('every answer has an id of its own, and an error says it', async (t) => {
  const node = await startNode(t);
  const ids = new Set<string | null>();
  for (const path of ['', 'none', 'r/none/', `${BINARIES}/a`]) {
    const answer = await node.fetch(path);
    const id = answer.headers.get('x-request-id');
    t.match(id, /^[0-9a-f-]{36}$/);
    if (!answer.ok) t.match(await answer.json(), { request_id: id });
    ids.add(id);
  }
  t.equal(ids.size, 4);
});
