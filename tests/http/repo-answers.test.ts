import t from 'tap';
import { startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { untilPublished } from '../fixtures/signed-node.ts';
import { SHA1 } from '../fixtures/some-address.ts';
import { someBuiltRpm, someDeb } from '../fixtures/some-packages.ts';

const RULES = `  quietSeconds: 0
  projects:
    ceph: { automatic: false, combined: [bookworm, trixie], extras: { all: { deploy: [main] } } }
    deploy: { disabled: true }`;
const OF_CEPH = `ceph/main/${SHA1}/debian`;

async function put(node: TestNode, repo: string, file: ReturnType<typeof someDeb>): Promise<void> {
  const path = `binaries/${repo}/x86_64/flavors/default/${file.name}?force=1`;
  const { status } = await node.fetch(path, { method: 'PUT', body: file.bytes });
  if (status >= 300) throw new Error(`${path} was answered ${status}`);
}

async function publish(node: TestNode, repo: string): Promise<void> {
  await node.fetch(`repos/${repo}/update`, { method: 'POST' });
  await untilPublished(node, repo);
}

/** The node's own JSON, whose fields are what these tests look at. */
type Json = Readonly<Record<string, unknown>>;

t.test('why is this package in this repo, and that one not?', async (t) => {
  const node = await startNode(t, { chacra: RULES });
  const [bookworm, trixie] = [`${OF_CEPH}/bookworm`, `${OF_CEPH}/trixie`];
  const deploy = 'deploy/main/1234/debian/bookworm';
  await put(node, deploy, someDeb('ceph-deploy', '2.0', 'all'));
  await put(node, deploy, someDeb('hello', '1.0', 'amd64', 'theirs'));
  await put(node, trixie, someDeb('hello', '1.0+trixie'));
  await put(node, bookworm, someDeb('hello', '1.0'));
  await put(node, bookworm, { name: 'hello.tar', bytes: Buffer.from('x') });
  await publish(node, bookworm);
  await put(node, bookworm, someDeb('hello-more', '1.0'));
  const ask = async (query: string, of = bookworm) => {
    const answer = await node.fetch(`api/v1/repos/${of}/why${query}`);
    return { status: answer.status, text: await answer.text() };
  };
  const json = async (query: string) => JSON.parse((await ask(query)).text) as Json;

  const repo = (of: string) => `${of}/flavors/default`;
  t.strictSame(await json(''), {
    repo: repo(bookworm),
    status: 'ready',
    live_generation: 1,
    suites: ['bookworm', 'trixie'],
    sources: [
      {
        ...{ repo: repo(bookworm), why: 'own', setting: null, status: 'ready' },
        ...{ suites: ['bookworm'], files: 3, published: false },
      },
      {
        ...{ repo: repo(trixie), why: 'combined', setting: 'chacra.projects.ceph.combined' },
        ...{ status: 'collecting', suites: ['trixie'], files: 1, published: true },
      },
      {
        ...{ repo: repo(deploy), why: 'extra', setting: 'chacra.projects.ceph.extras.all.deploy' },
        ...{ status: 'collecting', suites: ['bookworm'], files: 2, published: true },
      },
    ],
    dependents: [
      {
        ...{ repo: repo(trixie), why: 'combined', setting: 'chacra.projects.ceph.combined' },
        ...{ status: 'collecting', suites: ['bookworm'] },
      },
    ],
    packages: [],
  });
  t.match(await json('?package=ceph-deploy'), {
    packages: [
      {
        ...{ file: 'ceph-deploy_2.0_all.deb', package: 'ceph-deploy', version: '2.0', arch: 'all' },
        ...{ suite: 'bookworm', path: 'pool/main/c/ceph-deploy/ceph-deploy_2.0_all.deb' },
        ...{ state: 'published', reason: null, from: repo(deploy), why: 'extra', by: 'root' },
        setting: 'chacra.projects.ceph.extras.all.deploy',
      },
    ],
  });
  const { text } = await ask('?package=hello*&format=text');
  const lines = text.trimEnd().split('\n');
  t.strictSame(
    lines.map((line) => line.replace(/, uploaded .*/, '')),
    [
      `repo ${repo(bookworm)} ready, generation 1`,
      `source ${repo(bookworm)} own under bookworm, 3 files, changed since it was published here`,
      `source ${repo(trixie)} combined by chacra.projects.ceph.combined under trixie, 1 file`,
      `source ${repo(deploy)} extra by chacra.projects.ceph.extras.all.deploy under bookworm, 2 files`,
      `dependent ${repo(trixie)} combined by chacra.projects.ceph.combined under bookworm`,
      `published hello 1.0 amd64 at bookworm pool/main/h/hello/hello_1.0_amd64.deb; own of ${repo(bookworm)}`,
      `file hello.tar at bookworm: no package that this kind of repository lists; own of ${repo(bookworm)}`,
      `next hello-more 1.0 amd64 at bookworm; own of ${repo(bookworm)}`,
      `published hello 1.0+trixie amd64 at trixie pool/main/h/hello/hello_1.0+trixie_amd64.deb; combined of ${repo(trixie)}`,
      `left-out hello 1.0 amd64 at bookworm: the same version with other bytes came first as x86_64/hello_1.0_amd64.deb; extra of ${repo(deploy)}`,
    ],
  );
  t.match((await ask('?package=none&format=text')).text, /^none none fits nothing here$/m);

  await put(node, bookworm, someDeb('hello', '1.0', 'amd64', 'forced'));
  const states = async () => {
    const { packages } = await json('?package=hello');
    return (packages as Json[]).map(({ state, suite }) => `${String(state)} ${String(suite)}`);
  };
  t.strictSame(await states(), [
    ...['next bookworm', 'published trixie', 'left-out bookworm', 'ends bookworm'],
  ]);

  for (const [query, of, status] of [
    ['', `${OF_CEPH}/none`, 404],
    ['?packages=x', bookworm, 400],
    ['?format=xml', bookworm, 400],
  ] as const) {
    t.equal((await ask(query, of)).status, status, `${of}${query}`);
  }
  t.match(await ask('', `${bookworm}/flavors/default`), { status: 200 });
});

t.test('a yum repo and its sources are explained in the words of rpm', async (t) => {
  const node = await startNode(t, { chacra: '  projects: { ceph: { automatic: false } }' });
  const [el9, any] = [`ceph/main/${SHA1}/centos/9`, `ceph/main/${SHA1}/centos/any`];
  await put(node, el9, someBuiltRpm('hello', '1.0', 'x86_64'));
  await put(node, el9, { name: 'cephadm', bytes: Buffer.from('#!/bin/sh\n') });
  await put(node, any, someBuiltRpm('docs', '2.0'));
  await publish(node, el9);
  const path = `api/v1/repos/${el9}/why?package=*&format=text`;
  const text = await (await node.fetch(path)).text();
  const repo = (of: string) => `${of}/flavors/default`;
  t.strictSame(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/, uploaded .*/, '')),
    [
      `repo ${repo(el9)} ready, generation 1`,
      `source ${repo(el9)} own, 2 files`,
      `source ${repo(any)} generic, 1 file`,
      `published hello 1.0-1 x86_64 at x86_64/hello-1.0-1.x86_64.rpm; own of ${repo(el9)}`,
      `published cephadm at noarch/cephadm; own of ${repo(el9)}`,
      `published docs 2.0-1 noarch at noarch/docs-2.0-1.noarch.rpm; generic of ${repo(any)}`,
    ],
  );
  const of = (await (await node.fetch(`api/v1/repos/${any}/why`)).json()) as Json;
  t.match(of, { dependents: [{ repo: repo(el9), why: 'generic', setting: null, suites: [] }] });
  await put(node, el9, someBuiltRpm('hello', '1.1', 'x86_64'));
  await publish(node, el9);
  const compare = `api/v1/repos/${el9}/generations/compare?format=text`;
  t.equal(
    await (await node.fetch(compare)).text(),
    'from 1 to 2: 1 added, 0 removed, 0 changed, 3 unchanged\nadded hello 1.1-1 x86_64\n',
  );
});

t.test('a repo that two settings lead to is named once among the dependents', async (t) => {
  const node = await startNode(t, {
    chacra:
      '  projects: { ceph: { extras: { all: { deploy: [all] }, main: { deploy: [main] } } } }',
  });
  const [deploy, ceph] = ['deploy/main/1234/debian/bookworm', `${OF_CEPH}/bookworm`];
  await put(node, deploy, someDeb('ceph-deploy', '2.0', 'all'));
  await put(node, ceph, someDeb('hello', '1.0'));
  const of = (await (await node.fetch(`api/v1/repos/${deploy}/why`)).json()) as Json;
  const setting = 'chacra.projects.ceph.extras.main.deploy';
  t.match(of, { dependents: [{ repo: `${ceph}/flavors/default`, why: 'extra', setting }] });
  // The node's own JSON.
  t.equal((of['dependents'] as readonly unknown[]).length, 1);
});
