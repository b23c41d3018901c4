import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { makeSigningKey } from '../../services/adapters/make-signing-key.ts';
import { startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { askNamed, fetchNamed, fetched, followApt, followYum } from '../fixtures/follow-repo.ts';
import type { Followed } from '../fixtures/follow-repo.ts';
import { untilPublished } from '../fixtures/signed-node.ts';
import { someBuiltRpm, someDeb } from '../fixtures/some-packages.ts';
import { testFolder } from '../fixtures/test-folder.ts';

const PUBLISHES = 50;
const READERS = 2;

interface Kind {
  readonly repo: string;
  /** The file that a client fetches first, below the repo. */
  readonly entry: string;
  /** What the paths of packages start at, below the repo. */
  readonly below: string;
  readonly make: (name: string, word: string) => { name: string; bytes: Uint8Array };
  readonly follow: (root: string, text: string) => Promise<Followed>;
}

const APT: Kind = {
  repo: `ceph/main/${'a'.repeat(40)}/debian/bookworm`,
  entry: 'dists/bookworm/InRelease',
  below: '',
  // Of some packages every machine has the same one: they stand in the index of each architecture.
  make: (name, word) => someDeb(name, '1.0-1', name.endsWith('1') ? 'all' : 'amd64', word),
  follow: (root, text) => followApt(root, 'bookworm', text),
};

const YUM: Kind = {
  repo: `ceph/main/${'b'.repeat(40)}/centos/9`,
  entry: 'x86_64/repodata/repomd.xml',
  below: 'x86_64/',
  make: (name, word) => someBuiltRpm(name, '1.0', 'x86_64', word),
  follow: (root, text) => followYum(`${root}x86_64/`, text),
};

/** A signing node whose projects are published only when they are asked to be. */
async function startSigning(t: Test): Promise<TestNode> {
  const folder = testFolder(t);
  mkdirSync(folder, { recursive: true });
  const { armoredKey } = await makeSigningKey({ type: 'ed25519', name: 'Our builds' });
  writeFileSync(join(folder, 'signing.asc'), armoredKey);
  const chacra = '  signing: { keyFile: signing.asc }\n  projects: { ceph: { automatic: false } }';
  return startNode(t, { folder, chacra });
}

const keyOf = (digests: Iterable<string>): string => [...digests].sort().join();

/** Changes packages and publishes them, and remembers every state that was ever asked for. */
class Publisher {
  readonly #node: TestNode;
  readonly #kind: Kind;
  readonly #holds = new Map<string, string>();
  /** The number of each state by the digests of its packages. */
  readonly states = new Map<string, number>();

  constructor(node: TestNode, kind: Kind) {
    this.#node = node;
    this.#kind = kind;
  }

  /** Uploads a package of this name with bytes made of the word, over whatever stands there. */
  async put(name: string, word: string): Promise<void> {
    const one = this.#kind.make(name, word);
    const body = one.bytes;
    await this.#ask('PUT', `${this.#binaries}${one.name}/?force=1`, body);
    this.#holds.set(name, createHash('sha256').update(body).digest('hex'));
  }

  async remove(name: string): Promise<void> {
    await this.#ask('DELETE', `${this.#binaries}${this.#kind.make(name, '').name}/`);
    this.#holds.delete(name);
  }

  async publish(): Promise<void> {
    this.states.set(keyOf(this.#holds.values()), this.states.size);
    const update = () => this.#ask('POST', `repos/${this.#kind.repo}/update`);
    await update();
    // Comes while that one is being published, or after it.
    if (this.states.size % 5 === 0) await update();
    await untilPublished(this.#node, this.#kind.repo);
  }

  get #binaries(): string {
    return `binaries/${this.#kind.repo}/x86_64/flavors/default/`;
  }

  async #ask(method: string, path: string, body?: Uint8Array): Promise<void> {
    const answer = await this.#node.fetch(path, body === undefined ? { method } : { method, body });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  }
}

async function republish(t: Test, kind: Kind): Promise<void> {
  const node = await startSigning(t);
  const root = `${node.url}r/${kind.repo}/flavors/default/`;
  const publisher = new Publisher(node, kind);
  const names = Array.from({ length: 6 }, (_, number) => `hello-${number}`);
  for (const name of names) await publisher.put(name, 'first');
  await publisher.publish();
  const first = (await fetched(root + kind.entry)).toString();

  let isOver = false;
  const seen = new Set<number>();
  const read = async (reader: number): Promise<number> => {
    let newest = 0;
    let rounds = 0;
    for (; !isOver; rounds += 1) {
      const text = (await fetched(root + kind.entry)).toString();
      const packages = await kind.follow(root, text);
      const state = publisher.states.get(keyOf(packages.map(({ sha256 }) => sha256)));
      if (state === undefined) throw new Error(`a state nobody published: ${text}`);
      if (state < newest) throw new Error(`state ${state} came after ${newest}`);
      newest = state;
      seen.add(state);
      for (const [at, named] of packages.entries()) {
        const isWhole = (at + rounds) % packages.length === reader;
        await (isWhole ? fetchNamed : askNamed)(root + kind.below, named);
      }
    }
    return rounds;
  };
  const write = async (): Promise<void> => {
    for (let round = 1; round < PUBLISHES && !isOver; round += 1) {
      const coming = round % 2 === 0 ? 'hello-5' : 'hello-4';
      // Several change in one step: half of it must never be seen.
      for (const name of [...names.slice(0, 2), coming]) await publisher.put(name, `${round}`);
      if (round % 7 === 0) await publisher.remove('hello-3');
      if (round % 7 === 1) await publisher.put('hello-3', `${round}`);
      await publisher.publish();
    }
  };
  const over = () => {
    isOver = true;
  };
  const readers = Array.from({ length: READERS }, (_, reader) => read(reader));
  const [, ...rounds] = await Promise.all([write(), ...readers].map((work) => work.finally(over)));
  t.equal(publisher.states.size, PUBLISHES);
  t.ok(
    rounds.every((count) => Number(count) > 3),
    `readers made ${rounds.join(' and ')} rounds`,
  );
  t.ok(seen.size > 5, `${seen.size} of the states were seen`);

  const slow = await kind.follow(root, first);
  t.equal(publisher.states.get(keyOf(slow.map(({ sha256 }) => sha256))), 0);
  for (const named of slow) await fetchNamed(root + kind.below, named);
  t.pass('who began before all this finds all that was named then');
}

t.test(
  'readers of an apt repository see whole states only, while it is published over and over',
  (t) => republish(t, APT),
);
t.test(
  'readers of a yum repository see whole states only, while it is published over and over',
  (t) => republish(t, YUM),
);
