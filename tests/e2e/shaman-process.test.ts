import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { basicAuthorization } from '../../services/platform/auth.ts';
import { hashKey } from '../../services/platform/keys.ts';
import { KEY, nodeConfiguration } from '../fixtures/chacra.ts';
import { startRestartable } from '../fixtures/restartable.ts';
import type { Restartable } from '../fixtures/restartable.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { Placements, Speaker, ToldBuild, ToldNode, ToldRepo } from '../fixtures/told-things.ts';
import type { ToldThing } from '../fixtures/told-things.ts';
import { seeded } from '../soak/soak.ts';

const ROUNDS = 12;
const MOST_ANSWERS = 150;
const SEED = 4;

/** What is of the project `placed` goes to one node only. */
const shamanConfiguration = (listen: string, placedOn = 'one.chacra.test') =>
  [
    'users:',
    ...['builder: [upload]', 'node1: [node]', 'root: [admin]'].map((line) => {
      const [name, scopes] = line.split(': ');
      return `  - { name: ${name}, keyHash: "${hashKey(KEY)}", scopes: ${scopes} }`;
    }),
    'shaman:',
    `  listen: "${listen}"`,
    `  placement: [{ project: placed, nodes: ["${placedOn}"] }]`,
    '',
  ].join('\n');

/** A storage node that tells this coordinator. */
async function startTellingNode(t: Test, folder: string, shaman: string): Promise<Restartable> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'node.key'), `${KEY}\n`, { mode: 0o600 });
  const text = nodeConfiguration({
    chacra: `  shaman: { url: "${shaman}", user: node1, keyFile: node.key }\n  projects: { ceph: { automatic: false } }`,
  });
  return startRestartable(t, 'chacra', folder, (listen) => text.replace('127.0.0.1:0', listen));
}

/** A client of both. */
class Uploader {
  readonly #chacra: string;
  readonly #shaman: string;

  constructor(chacra: string, shaman: string) {
    this.#chacra = chacra;
    this.#shaman = shaman;
  }

  async upload(sha1: string, name: string): Promise<void> {
    const deb = someDeb(name);
    const path = `binaries/ceph/main/${sha1}/debian/bookworm/amd64/${deb.name}`;
    await this.#send('PUT', path, deb.bytes);
  }

  /** Asks for a publish; answers the generation that will cover it. */
  async update(sha1: string): Promise<number> {
    const answer = await this.#send('POST', `${repoPath(sha1)}update`);
    return ((await answer.json()) as { generation: number }).generation;
  }

  /** Uploads a package, and waits until it is published. */
  async publish(sha1: string, name: string): Promise<number> {
    await this.upload(sha1, name);
    const generation = await this.update(sha1);
    while ((await this.repo(sha1)).live_generation !== generation) continue;
    return generation;
  }

  async extra(sha1: string, extra: object): Promise<void> {
    await this.#send('POST', `${repoPath(sha1)}extra/`, JSON.stringify(extra));
  }

  async remove(sha1: string): Promise<void> {
    await this.#send('DELETE', repoPath(sha1));
  }

  /** What the storage node itself says. */
  async repo(sha1: string) {
    const answer = await this.#send('GET', repoPath(sha1));
    return (await answer.json()) as { status: string; live_generation: number };
  }

  /** Waits until the coordinator knows of this publish, or a later one; answers what it says then. */
  async built(sha1: string, generation: number) {
    const asked = `project=ceph&sha1=${sha1}&platforms=bookworm&generation=${generation}&wait=60`;
    const answer = await fetch(new URL(`api/v1/matrix?${asked}`, this.#shaman));
    return (await answer.json()) as { built: boolean; done: boolean };
  }

  /** The coordinator's records of a sha1. */
  async records(sha1: string) {
    const answer = await fetch(new URL(`api/search/?project=ceph&sha1=${sha1}`, this.#shaman));
    return (await answer.json()) as Readonly<Record<string, unknown>>[];
  }

  /** Waits until the storage node has nothing more to tell. */
  async allTold(): Promise<void> {
    for (;;) {
      const answer = await fetch(new URL('metrics', this.#chacra));
      if (/^gitbuilder_chacra_events_waiting 0$/m.test(await answer.text())) return;
    }
  }

  async next(): Promise<string> {
    const headers = { Authorization: basicAuthorization('builder', KEY) };
    const answer = await fetch(new URL('api/nodes/next/', this.#shaman), { headers });
    return answer.ok ? answer.text() : '';
  }

  async #send(method: string, path: string, body?: string | Uint8Array): Promise<Response> {
    const answer = await fetch(new URL(path, this.#chacra), {
      method,
      headers: { Authorization: basicAuthorization('root', KEY) },
      ...(body === undefined ? {} : { body }),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }
}

const repoPath = (sha1: string) => `repos/ceph/main/${sha1}/debian/bookworm/flavors/default/`;
const sha1Of = (letter: string) => letter.repeat(40);

t.test('what happens while shaman is away is told when it is back', async (t) => {
  const folder = testFolder(t);
  const shaman = await startRestartable(t, 'shaman', join(folder, 'shaman'), (listen) =>
    shamanConfiguration(listen),
  );
  const chacra = await startTellingNode(t, join(folder, 'chacra'), shaman.url);
  const client = new Uploader(chacra.url, shaman.url);
  const [again, fresh, gone, neverKnown, broken] = ['a', 'b', 'c', 'd', 'e'].map(sha1Of);
  if (!again || !fresh || !gone || !neverKnown || !broken) throw new TypeError('five sha1s');

  while ((await client.next()) === '') continue;
  t.equal(await client.next(), chacra.url, 'the heartbeat has registered the node');
  const first = await client.publish(again, 'first');
  t.match(await client.built(again, first), { built: true });
  await client.publish(gone, 'gone');
  t.match(await client.built(gone, 1), { built: true });
  t.match(await client.records(again), [
    {
      status: 'ready',
      chacra_url: `${chacra.url}${repoPath(again)}`,
      url: `${chacra.url}${repoPath(again).replace('repos', 'r')}`,
      archs: ['amd64'],
    },
  ]);
  const list = await fetch(new URL('api/repos/ceph/main/latest/debian/12/repo', shaman.url));
  t.match(await list.text(), /^deb .*trusted=yes.*\/r\/ceph\/main\//m);

  await shaman.end('SIGKILL');
  const second = await client.publish(again, 'second');
  await client.extra(again, { version: '2' });
  const only = await client.publish(fresh, 'fresh');
  await client.publish(neverKnown, 'never-known');
  await client.remove(neverKnown);
  await client.remove(gone);
  await client.upload(broken, 'broken');
  // Both are killed: what was not told stands on the storage node's disk.
  await chacra.end('SIGKILL');
  removeBlob(folder, 'broken');
  await chacra.start();
  const failing = await client.update(broken);
  while ((await client.repo(broken)).status !== 'failed') continue;

  await shaman.start();
  t.match(await client.built(again, second), { built: true, done: true });
  t.match(await client.built(fresh, only), { built: true, done: true });
  t.match(await client.built(broken, failing), { built: false, done: true });
  await client.allTold();
  t.match(await client.records(again), [{ status: 'ready', extra: { version: '2' } }]);
  t.match(await client.records(broken), [{ status: 'failed', reason: /./ }]);
  t.same(await client.records(gone), []);
  t.same(await client.records(neverKnown), []);
  t.equal(await client.next(), chacra.url, 'the node is still registered');
  const third = await client.publish(again, 'third');
  t.match(await client.built(again, third), { built: true }, 'new events come at once');
});

/** Takes a package's bytes, and what is known of them, from the storage node's disk: it cannot be published. */
function removeBlob(folder: string, name: string): void {
  const sha256 = createHash('sha256').update(someDeb(name).bytes).digest('hex');
  const blobs = join(folder, 'chacra', 'data', 'chacra', 'blobs', sha256.slice(0, 2));
  for (const file of readdirSync(blobs)) {
    if (file.startsWith(sha256)) rmSync(join(blobs, file));
  }
}

t.test('kill -9 while everybody tells: what was answered 2xx is there', async (t) => {
  const folder = testFolder(t);
  const placed = new Placements(await healthyNode(t));
  const shaman = await startRestartable(t, 'shaman', folder, (listen) =>
    shamanConfiguration(listen, placed.host),
  );
  const speaker = new Speaker(shaman.url, 'root', KEY);
  const random = seeded(SEED);
  const tellers: readonly (readonly ToldThing[])[] = [
    ...[0, 1, 2, 3].map((teller) => [0, 4, 8].map((step) => new ToldRepo(teller + step))),
    ...[0, 1, 2].map((teller) => [0, 3].map((step) => new ToldBuild(teller + step))),
    [new ToldNode(1), new ToldNode(2)],
  ];
  await placed.prepare(speaker);
  let told = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    let left = 1 + Math.floor(random() * MOST_ANSWERS);
    const isStopping = round % 3 === 2;
    const answered = () => {
      told += 1;
      left -= 1;
      if (left === 0) void shaman.end(isStopping ? 'SIGTERM' : 'SIGKILL');
    };
    const loop = async (tell: () => Promise<void>) => {
      try {
        for (;;) {
          await tell();
          answered();
        }
      } catch (cause) {
        if (!isEnd(cause)) throw cause;
      }
    };
    await Promise.all([
      ...tellers.map((things) =>
        loop(() => {
          const thing = things[Math.floor(random() * things.length)];
          if (thing === undefined) throw new RangeError('nothing to tell');
          return thing.tell(speaker, random);
        }),
      ),
      loop(() => placed.place(speaker, `${Math.floor(random() * 1e9)}`)),
    ]);
    // Nothing is answered any more: the rest of a graceful stop is cut off.
    await shaman.end('SIGKILL');
    await shaman.start();
    const problems = await Promise.all(tellers.flat().map((thing) => thing.check(speaker)));
    t.same(
      problems.filter((problem) => problem !== null),
      [],
      `round ${round}`,
    );
    t.same(await placed.lost(speaker), [], `assignments after round ${round}`);
  }
  t.ok(told > ROUNDS * 20, `${told} were acknowledged`);
});

/** A broken connection, or the refusal of a service that stops; any other answer is a fault. */
function isEnd(cause: unknown): boolean {
  return cause instanceof TypeError || (cause instanceof Error && / 503: /.test(cause.message));
}

/** A storage node that is always healthy. */
async function healthyNode(t: Test): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(204).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  // It listens on a port, not on a pipe.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
