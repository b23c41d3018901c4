import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeSigningKey } from '../../services/adapters/make-signing-key.ts';
import { startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { untilPublished } from '../fixtures/signed-node.ts';
import { BINARIES, PUBLISHED, REPO, REPOS, SHA1 } from '../fixtures/some-address.ts';
import { someBuiltRpm, someDeb } from '../fixtures/some-packages.ts';
import { testFolder } from '../fixtures/test-folder.ts';

const RPMS = `ceph/main/${SHA1}/centos/9`;

async function put(
  node: TestNode,
  path: string,
  { name, bytes }: ReturnType<typeof someDeb>,
): Promise<void> {
  const { status } = await node.fetch(`${path}/${name}`, { method: 'PUT', body: bytes });
  if (status !== 201) throw new Error(`PUT ${path} was answered ${status}`);
}

t.test('the source list of a repo', async (t) => {
  const node = await startNode(t);
  await put(node, BINARIES, someDeb());
  await put(node, `binaries/${RPMS}/noarch`, someBuiltRpm());
  await put(node, `binaries/ceph/a%2Fb/${SHA1}/opensuse/15.6/noarch`, someBuiltRpm());
  const text = async (path: string) => {
    const answer = await node.fetch(path, { headers: { authorization: '' } });
    t.match([answer.status, answer.headers.get('content-type')], [200, /^text\/plain/], path);
    return answer.text();
  };
  const base = `${node.url}${PUBLISHED}/`;
  const line = `deb [trusted=yes] ${base} bookworm main\n`;
  t.equal(await text(`repos/${REPO}/repo`), line);
  t.equal(await text(`${REPOS}/repo/?arch=x86_64`), line);
  t.equal(await text(`${REPOS}/repo?format=list`), line);
  const sources = `Types: deb\nURIs: ${base}\nSuites: bookworm\nComponents: main\nTrusted: yes\n`;
  t.equal(await text(`${REPOS}/repo?format=sources`), sources);
  const flags = 'enabled=1\ngpgcheck=0\ntype=rpm-md\n';
  const yum = `${node.url}r/${RPMS}/flavors/default/`;
  t.equal(
    await text(`repos/${RPMS}/repo`),
    `[ceph]\nname=ceph packages for $basearch\nbaseurl=${yum}$basearch\n${flags}\n` +
      `[ceph-noarch]\nname=ceph noarch packages\nbaseurl=${yum}noarch\n${flags}\n` +
      `[ceph-source]\nname=ceph source packages\nbaseurl=${yum}SRPMS\n${flags}`,
  );
  const suse = `repos/ceph/a%2Fb/${SHA1}/opensuse/15.6`;
  const suseUrl = `${node.url}r/ceph/a%2Fb/${SHA1}/opensuse/15.6/flavors/default/`;
  t.equal(
    await text(`${suse}/repo?format=repo`),
    `[ceph]\nname=ceph packages\nbaseurl=${suseUrl}\n${flags}`,
  );
  for (const [path, status, message] of [
    [`${REPOS}/repo?format=rpm`, 400, /one of list, sources, repo/],
    [`${REPOS}/repo?format=repo`, 400, /does not fit an apt repository/],
    [`repos/${RPMS}/repo?format=list`, 400, /does not fit a yum repository/],
    [`${REPOS}/repo?signed=1`, 400, /signs nothing/],
    [`repos/${REPO}/flavors/none/repo`, 404, /no repository/],
    [`repos/${REPO.replace('main', 'none')}/repo`, 404, /no repository/],
    ['api/v1/key.asc', 404, /signing key/],
  ] as const) {
    const answer = await node.fetch(path);
    t.match([answer.status, await answer.json()], [status, { message }], path);
  }
});

t.test('a source list that makes clients check signatures', async (t) => {
  const folder = testFolder(t);
  const { armoredKey } = await makeSigningKey({ type: 'ed25519', name: 'Our builds' });
  writeFileSync(join(folder, 'key.asc'), armoredKey);
  const node = await startNode(t, { folder, chacra: '  signing: { keyFile: key.asc }' });
  await put(node, BINARIES, someDeb());
  await put(node, `binaries/${RPMS}/noarch`, someBuiltRpm());
  const text = async (path: string) => (await node.fetch(path)).text();
  const key = await text('api/v1/key.asc');
  t.match(key, /^-----BEGIN PGP PUBLIC KEY BLOCK-----/);
  const line = await text(`${REPOS}/repo?signed=1`);
  t.match(line, `curl -fsSo /etc/apt/keyrings/gitbuilder.asc ${node.url}api/v1/key.asc\n`);
  t.match(line, `\ndeb [signed-by=/etc/apt/keyrings/gitbuilder.asc] ${node.url}${PUBLISHED}/ book`);
  t.match(await text(`${REPOS}/repo?signed=0`), /^deb \[trusted=yes\]/);
  const sources = await text(`${REPOS}/repo?format=sources&signed=1`);
  t.match(sources, '\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n');
  t.notMatch(sources, 'Trusted');
  const yum = await text(`repos/${RPMS}/repo?format=repo&signed=1`);
  t.equal(yum.match(/repo_gpgcheck=1/g)?.length, 3);
  t.match(yum, `gpgkey=${node.url}api/v1/key.asc\n`);
  await node.fetch(`${REPOS}/update`, { method: 'POST' });
  await untilPublished(node, REPO);
  t.match(await (await node.fetch(`${REPOS}/`)).json(), { signed: true });
  t.match(await text(`${PUBLISHED}/dists/bookworm/InRelease`), /^-----BEGIN PGP SIGNED MESSAGE/);
});
